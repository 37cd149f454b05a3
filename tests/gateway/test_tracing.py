"""Folds the events of sessions into spans of the SDK's in-memory exporter. Times are small Unix seconds."""

import asyncio
import json

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.config import Tracing
from gateway.events import Event, LegJoined, LegLeft, SessionStarted
from gateway.tracing import OPEN_TURNS, SessionTraces, open_tracing
from pipelines.facts import (
    Activity,
    CustomerTurn,
    Fact,
    Latency,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    ToolCalled,
    ToolFinished,
    Trouble,
    Understood,
    Values,
    Words,
)

SAID = CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="My name is Erika Mustermann"))
STARTED = ReplyStarted(turn_id="r1", answers="c1")
UNDERSTOOD = Understood(turn_id="c1", commands=["start(order_status)"], by="classifier", confidence=0.9)
WORDS = ReplyDelta(turn_id="r1", offset=0, text="Erika, it")
JOINED = LegJoined(leg_id="l1", role="customer", kind="webrtc")


def called(call_id: str, tool: str) -> ToolCalled:
    values = Values(values={"email": "erika@example.org"})
    return ToolCalled(turn_id="c1", call_id=call_id, tool=tool, effect="read", pii=values)


def finished(call_id: str, tool: str, elapsed_ms: int) -> ToolFinished:
    return ToolFinished(turn_id="c1", call_id=call_id, tool=tool, outcome="done", elapsed_ms=elapsed_ms)


def done(latency: Latency | None = None, interrupted: bool = False, turn: str = "c1") -> ReplyDone:
    return ReplyDone(
        turn_id="r1",
        answers=turn,
        source="workflow",
        interrupted=interrupted,
        latency=latency,
        pii=Words(text="Erika, it is on its way."),
    )


class Traced:
    """Spans of whatever sessions are told to do."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.traces = SessionTraces(provider.get_tracer("test"))

    def see(self, *events: tuple[float, Fact], session: str = "s_1") -> "Traced":
        for at, fact in events:
            self.traces.see(session, Event(0, at, fact))
        return self

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def times(self) -> dict[str, tuple[float, float]]:
        return {
            name: (round((span.start_time or 0) / 1e9, 3), round((span.end_time or 0) / 1e9, 3))
            for name, span in self.spans.items()
        }

    def above(self, name: str) -> str | None:
        parent = self.spans[name].parent
        return (
            None
            if parent is None
            else next(other.name for other in self.spans.values() if other.context.span_id == parent.span_id)
        )


def test_a_spoken_turn_becomes_spans_with_the_times_of_its_facts() -> None:
    latency = Latency(
        final_transcript_ms=150,
        decision_ms=300,
        understood_ms=320,
        first_token_ms=400,
        first_clause_ms=410,
        first_audio_ms=600,
    )
    traced = Traced().see(
        (5, SessionStarted(channel="voice")),
        (6, JOINED),
        (10.3, SAID),
        (10.31, STARTED),
        (10.32, UNDERSTOOD),
        (10.4, WORDS),
        (10.6, Activity(state="speaking")),
        (13, done(latency)),
        (14, LegLeft(leg_id="l1", by="customer", reason="hung up")),
    )
    traced.traces.forget("s_1")
    assert traced.times() == {
        "session": (5, 14),
        "call": (6, 14),
        "turn": (10, 13),
        "hear": (10, 10.15),
        "decide": (10, 10.3),
        "understand": (10.3, 10.32),
        "answer": (10.32, 10.4),
        "speak": (10.41, 10.6),
        "play": (10.6, 13),
    }
    assert [traced.above(name) for name in ("hear", "play", "turn", "call", "session")] == [
        "turn",
        "turn",
        "call",
        "session",
        None,
    ]
    assert len({span.context.trace_id for span in traced.spans.values()}) == 1


def test_a_turn_with_two_tools_has_a_span_for_each() -> None:
    traced = Traced().see(
        (10, SAID),
        (10, STARTED),
        (10.1, UNDERSTOOD),
        (10.1, called("k1", "look_up_order")),
        (10.5, finished("k1", "look_up_order", 400)),
        (10.5, called("k2", "track_parcel")),
        (10.8, finished("k2", "track_parcel", 300)),
        (10.9, WORDS),
        (12, done()),
    )
    times = traced.times()
    assert times["tool look_up_order"] == (10.1, 10.5)
    assert times["tool track_parcel"] == (10.5, 10.8)
    assert times["answer"] == (10.8, 10.9)
    assert {traced.above(name) for name in times if name.startswith("tool")} == {"turn"}
    assert (traced.spans["tool track_parcel"].attributes or {})["warmline.outcome"] == "done"


def test_an_interrupted_turn_ends_where_it_was_cut_off_and_says_so() -> None:
    traced = Traced().see(
        (10, SAID),
        (10, STARTED),
        (10.2, called("k1", "look_up_order")),
        (10.5, Trouble(code="answer_slow", message="It takes longer.")),
        (10.7, done(interrupted=True)),
    )
    assert traced.times() == {"turn": (10, 10.7), "tool look_up_order": (10.2, 10.7)}
    turn = traced.spans["turn"]
    assert (turn.attributes or {})["warmline.interrupted"] is True
    ((name, at, code),) = [(event.name, event.timestamp, event.attributes) for event in turn.events]
    assert (name, at, dict(code or {})) == ("trouble", 10_500_000_000, {"warmline.code": "answer_slow"})


def test_the_moment_a_reply_was_drafted_stands_on_the_turn() -> None:
    latency = Latency(drafted_ms=120, decision_ms=300, first_audio_ms=310)
    traced = Traced().see(
        (10.3, SAID), (10.3, STARTED), (10.31, Activity(state="speaking")), (11, done(latency))
    )
    assert [(event.name, event.timestamp) for event in traced.spans["turn"].events] == [
        ("drafted", 10_120_000_000)
    ]


def test_a_session_that_comes_back_in_the_middle_of_a_turn_begins_with_what_is_seen() -> None:
    traced = Traced().see((30, STARTED), (30.2, UNDERSTOOD), (30.5, WORDS), (31, done()))
    traced.traces.forget("s_1")
    assert traced.times() == {
        "session": (30, 31),
        "turn": (30, 31),
        "understand": (30, 30.2),
        "answer": (30.2, 30.5),
    }
    assert (traced.spans["turn"].attributes or {})["warmline.channel"] == "unknown"


def test_a_session_that_left_memory_and_came_back_is_another_trace_of_the_same_session() -> None:
    traced = Traced().see((1, SAID), (1, STARTED), (2, done()))
    traced.traces.forget("s_1")
    traced.see((50, STARTED), (51, done()))
    traced.traces.close()
    roots = [span for span in traced.exporter.get_finished_spans() if span.name == "session"]
    assert len({span.context.trace_id for span in roots}) == 2
    assert {(span.attributes or {})["session.id"] for span in roots} == {"s_1"}


def test_sessions_at_the_same_time_do_not_mix() -> None:
    traced = Traced().see((1, SAID), (1, STARTED)).see((2, SAID), (2, STARTED), session="s_2")
    traced.see((3, done())).see((4, done()), session="s_2")
    turns = [span for span in traced.exporter.get_finished_spans() if span.name == "turn"]
    assert [((span.attributes or {})["session.id"], (span.end_time or 0) // 10**9) for span in turns] == [
        ("s_1", 3),
        ("s_2", 4),
    ]


def test_what_we_say_unasked_is_an_announcement_of_the_call() -> None:
    greeting = ReplyStarted(turn_id="r1", answers=None)
    spoken = ReplyDone(turn_id="r1", answers=None, source="fixed", pii=Words(text="Hello."))
    traced = Traced().see((1, JOINED), (2, greeting), (2.1, WORDS), (4, spoken))
    traced.traces.close()
    assert traced.times()["announcement"] == (2, 4)
    assert traced.above("announcement") == "call"
    assert "turn" not in traced.spans


def test_a_typed_turn_during_a_call_does_not_belong_to_the_call() -> None:
    typed = CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="hi"))
    traced = Traced().see((1, JOINED), (2, typed), (2, STARTED), (3, done()))
    traced.traces.close()
    assert traced.above("turn") == "session"


def test_no_words_or_values_are_in_a_span() -> None:
    traced = Traced().see(
        (1, SAID),
        (1, STARTED),
        (1, called("k1", "look_up_order")),
        (1, finished("k1", "look_up_order", 5)),
        (2, WORDS),
        (3, done()),
    )
    traced.traces.close()
    told = json.dumps([json.loads(span.to_json()) for span in traced.exporter.get_finished_spans()])
    assert "rika" not in told and "s_1" in told


def test_turns_that_are_never_answered_are_forgotten() -> None:
    traced = Traced()
    for number in range(OPEN_TURNS + 1):
        traced.see((number, CustomerTurn(turn_id=f"c{number}", channel="chat", pii=Words(text="hi"))))
    traced.see((50, done(turn="c0")))
    assert not traced.spans
    traced.see((51, done(turn="c1")))
    assert traced.times() == {"turn": (1, 51)}


@pytest.mark.parametrize(
    "settings",
    [Tracing(), Tracing(endpoint="http://collector.invalid", disabled=True)],
    ids=["none", "disabled"],
)
def test_without_a_collector_nothing_is_traced(settings: Tracing) -> None:
    async def main() -> None:
        async with open_tracing(settings) as traces:
            assert traces is None

    asyncio.run(main())
