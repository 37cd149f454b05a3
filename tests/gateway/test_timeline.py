"""Times here are Unix seconds, small numbers for the reader's sake."""

from gateway.events import Event
from gateway.timeline import Stage, Timeline
from pipelines.facts import (
    Activity,
    CustomerTurn,
    Fact,
    Latency,
    ReplyDelta,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Trouble,
    Understood,
    Words,
)

SAID = CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="Where is my order?"))
WROTE = CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="Where is my order?"))
UNDERSTOOD = Understood(turn_id="c1", commands=["ask"], by="rules", confidence=1.0)
WORDS = ReplyDelta(turn_id="r1", offset=0, text="It is")
SPEAKING = Activity(state="speaking")


def called(call_id: str, tool: str = "look_up_order") -> ToolCalled:
    return ToolCalled(turn_id="c1", call_id=call_id, tool=tool, effect="read")


def finished(call_id: str, elapsed_ms: int, tool: str = "look_up_order") -> ToolFinished:
    return ToolFinished(turn_id="c1", call_id=call_id, tool=tool, outcome="done", elapsed_ms=elapsed_ms)


def stages(
    *seen: tuple[float, Fact], done_at: float, latency: Latency | None = None
) -> dict[str, tuple[float, float]]:
    timeline = Timeline("c1", seen[0][0])
    for at, fact in seen:
        timeline.see(Event(0, at, fact))
    done = ReplyDone(turn_id="r1", answers="c1", source="workflow", latency=latency, pii=Words(text="It is."))
    return {
        stage.name: (round(stage.begin, 3), round(stage.end, 3)) for stage in timeline.stages(done, done_at)
    }


def test_a_spoken_turn_begins_with_the_last_voiced_sample_which_the_first_sound_tells() -> None:
    latency = Latency(
        final_transcript_ms=150, decision_ms=300, understood_ms=320, first_token_ms=400, first_audio_ms=600
    )
    # The turn waited 0.2 s for another one, so its first event alone would tell too late a beginning.
    found = stages(
        (10.5, SAID), (10.52, UNDERSTOOD), (10.4, WORDS), (10.6, SPEAKING), done_at=13, latency=latency
    )
    assert found == {
        "turn": (10, 13),
        "hear": (10, 10.15),
        "decide": (10, 10.3),
        "understand": (10.3, 10.32),
        "answer": (10.32, 10.4),
        "speak": (10.4, 10.6),
        "play": (10.6, 13),
    }


def test_a_filler_is_the_first_sound_and_lasts_until_the_answer_comes() -> None:
    latency = Latency(final_transcript_ms=350, first_token_ms=1_500, filler_ms=650, first_audio_ms=1_700)
    found = stages((10.35, SAID), (10.65, SPEAKING), done_at=13, latency=latency)
    assert found["turn"] == (10, 13) and found["filler"] == (10.65, 11.7) and found["play"] == (11.7, 13)


def test_before_any_sound_the_customers_turn_places_the_beginning() -> None:
    latency = Latency(final_transcript_ms=350, decision_ms=300)
    found = stages((10.35, SAID), done_at=11, latency=latency)
    assert found == {"turn": (10, 11), "hear": (10, 10.35), "decide": (10, 10.3)}


def test_a_typed_turn_begins_when_it_was_written_and_goes_by_its_events() -> None:
    found = stages((20, WROTE), (20.1, UNDERSTOOD), (20.4, WORDS), done_at=21)
    assert found == {"turn": (20, 21), "understand": (20, 20.1), "answer": (20.1, 20.4)}


def test_words_are_waited_for_since_the_last_tool_before_them() -> None:
    found = stages(
        (20, WROTE),
        (20.1, UNDERSTOOD),
        (20.1, called("k1")),
        (20.5, finished("k1", 400)),
        (20.5, called("k2", "track_parcel")),
        (20.8, finished("k2", 300, "track_parcel")),
        (20.9, WORDS),
        done_at=22,
    )
    assert found["tool look_up_order"] == (20.1, 20.5)
    assert found["tool track_parcel"] == (20.5, 20.8)
    assert found["answer"] == (20.8, 20.9)


def test_a_tool_amid_the_words_does_not_move_their_beginning() -> None:
    found = stages(
        (20, WROTE),
        (20.1, UNDERSTOOD),
        (20.2, WORDS),
        (20.3, called("k1")),
        (20.9, finished("k1", 600)),
        done_at=21,
    )
    assert found["answer"] == (20.1, 20.2)
    assert found["tool look_up_order"] == (20.3, 20.9)


def test_what_a_draft_did_is_placed_when_it_was_done_not_when_it_was_told() -> None:
    latency = Latency(
        final_transcript_ms=100,
        drafted_ms=100,
        understood_ms=120,
        tools_ms=50,
        first_token_ms=200,
        decision_ms=300,
        first_audio_ms=320,
    )
    told = 10.3
    found = stages(
        (told, SAID),
        (told, UNDERSTOOD),
        (told, called("k1")),
        (told, finished("k1", 50)),
        (told, WORDS),
        (10.32, SPEAKING),
        done_at=12,
        latency=latency,
    )
    assert found["understand"] == (10.1, 10.12)
    assert found["tool look_up_order"] == (10.15, 10.2)
    assert found["decide"] == (10, 10.3)


def test_a_tool_without_a_result_ends_with_the_reply() -> None:
    found = stages((20, WROTE), (20.2, called("k1")), done_at=21)
    assert found["tool look_up_order"] == (20.2, 21)


def test_a_result_whose_call_was_not_seen_is_no_stage() -> None:
    assert stages((20, finished("k1", 100)), done_at=21) == {"turn": (20, 21)}


def test_stages_say_who_and_how_it_ended_in_codes_only() -> None:
    timeline = Timeline("c1", 20)
    refused = ToolFinished(turn_id="c1", call_id="k1", tool="refund", outcome="refused", code="not_verified")
    for fact in (
        WROTE,
        UNDERSTOOD,
        called("k1", "refund"),
        refused,
        WORDS,
        Trouble(code="model_slow", message="…"),
    ):
        timeline.see(Event(0, 20, fact))
    done = ReplyDone(turn_id="r1", answers="c1", source="fixed", pii=Words(text="No."))
    codes = {stage.name: stage.codes for stage in timeline.stages(done, 21)}
    assert codes == {
        "turn": {},
        "understand": {"understood.by": "rules"},
        "answer": {"source": "fixed"},
        "tool refund": {"tool": "refund", "effect": "read", "outcome": "refused", "code": "not_verified"},
    }
    assert timeline.troubles == [(20, "model_slow")]


def test_a_stage_never_ends_before_it_begins() -> None:
    late = Latency(first_clause_ms=500, first_audio_ms=400)
    assert stages((10, SAID), (10.4, SPEAKING), done_at=11, latency=late)["speak"] == (10.5, 10.5)
    assert Stage("x", 1, 2).codes == {}
