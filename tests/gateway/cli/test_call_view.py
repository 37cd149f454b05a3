"""What people and programs see of a call."""

import io
import json

import pytest
from rich.console import Console

from gateway.cli.call_view import Exchange, JsonView, PlainView, Summary
from gateway.events import Message

EVENTS: list[Message] = [
    {"type": "transcript.partial", "pii": {"text": "where is"}},
    {"type": "turn.customer", "pii": {"text": "Where is my order?"}},
    {"type": "tool.finished", "tool": "look_up_order", "outcome": "done", "elapsed_ms": 12},
    {
        "type": "reply.done",
        "pii": {"text": "It is on its way."},
        "citations": [{"title": "Shipping", "heading": "Times"}],
    },
    {"type": "trouble", "message": "I am slow today."},
    {"type": "call.waiting", "position": 2},
    {"type": "call.refused", "message": "We cannot take your call."},
    {"type": "of the future"},
]


def shown(*, terminal: bool) -> str:
    out = io.StringIO()
    view = PlainView(Console(file=out, force_terminal=terminal, width=100))
    for event in EVENTS:
        view.event(event)
    view.exchange(Exchange(latency={"decision_ms": 240}, voice_to_voice_ms=710))
    view.summary(Summary(outcome="completed", session="s_1"))
    return out.getvalue()


def test_people_see_who_said_what_what_was_done_and_how_long_it_took() -> None:
    assert shown(terminal=False).splitlines() == [
        "you  Where is my order?",
        "     look_up_order: done, 12 ms",
        "bot  It is on its way.",
        "     source: Shipping > Times",
        "     I am slow today.",
        "     all lines are busy; place 2 in the queue",
        "     We cannot take your call.",
        "     decision 240 ms, voice to voice 710 ms",
        "     session s_1",
    ]


def test_captions_change_in_place_on_a_terminal_only() -> None:
    assert "where is …" in shown(terminal=True)
    assert "where is …" not in shown(terminal=False)


def test_the_other_side_cannot_control_the_terminal() -> None:
    out = io.StringIO()
    view = PlainView(Console(file=out, force_terminal=False))
    view.event({"type": "reply.done", "pii": {"text": "hi \x1b[2J [bold]there[/bold]"}})
    assert out.getvalue() == "bot  hi  [2J [bold]there[/bold]\n"


def test_a_failure_says_why() -> None:
    out = io.StringIO()
    PlainView(Console(file=out)).summary(Summary(outcome="failed", reason="no answer within 5 s"))
    assert "call failed: no answer within 5 s" in out.getvalue()


def test_programs_get_one_object_a_line_and_the_summary_last(capsys: pytest.CaptureFixture[str]) -> None:
    view = JsonView()
    for event in EVENTS:
        view.event(event)
    view.exchange(Exchange(said="Where?", voice_to_voice_ms=710))
    view.summary(Summary(outcome="completed", session="s_1"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[: len(EVENTS)] == EVENTS
    assert (lines[-2]["type"], lines[-2]["voice_to_voice_ms"]) == ("call.exchange", 710)
    assert (lines[-1]["type"], lines[-1]["outcome"]) == ("call.summary", "completed")
