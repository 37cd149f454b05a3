"""What systems tell of a turn, read from the messages of their data channels."""

import json

import httpx
import pytest

from bench.scripted_model import UNKNOWN, endpoint, reply_to
from bench.voice_questions import Category, calls, chosen
from bench.voice_systems import phrases_known, read_events, read_rtvi
from gateway.events import Message


def events(*told: Message) -> list[Message]:
    return [{"label": "rtvi-ai", "type": "server-message", "data": each} for each in told]


SAID: Message = {"type": "turn.customer", "pii": {"text": "Where is my order?"}}
STARTED: Message = {"type": "reply.started"}
DONE: Message = {
    "type": "reply.done",
    "answers": "t1",
    "source": "workflow",
    "latency": {"decision_ms": 200, "first_token_ms": None},
    "pii": {"text": "That takes me a little longer than usual, one moment. Which one?"},
}


def test_our_events_tell_words_source_and_stages() -> None:
    reading = read_events(events(SAID, STARTED, DONE))
    assert (reading.said, reading.turns, reading.source) == ("Where is my order?", 1, "workflow")
    assert reading.stages == {"decision_ms": 200}
    assert reading.done
    assert reading.filler


def test_a_reply_under_way_is_not_done() -> None:
    assert not read_events(events(SAID, STARTED)).done
    assert not read_events(events(SAID, STARTED, DONE, STARTED)).done


def test_what_is_said_unasked_is_no_reply_to_the_caller() -> None:
    unasked = DONE | {"answers": None, "pii": {"text": "Are you still there?"}}
    assert not read_events(events(STARTED, unasked)).done
    assert not read_events(events(SAID, STARTED, unasked)).done
    assert read_events(events(SAID, STARTED, unasked, STARTED, DONE)).reply == DONE["pii"]["text"]


def test_rtvi_messages_tell_words_turns_and_stages() -> None:
    messages: list[Message] = [
        {"type": "user-transcription", "data": {"text": "Where", "final": False}},
        {"type": "user-transcription", "data": {"text": "Where is it?", "final": True}},
        {"type": "user-stopped-speaking"},
        {"type": "bot-llm-text", "data": {"text": "It is "}},
        {"type": "bot-llm-text", "data": {"text": "here."}},
        {"type": "server-message", "data": {"stages": {"transcription": 700}}},
    ]
    reading = read_rtvi(messages)
    assert (reading.said, reading.turns, reading.reply) == ("Where is it?", 1, "It is here.")
    assert reading.stages == {"transcription": 700}
    assert reading.done is None


def test_a_script_answers_what_is_nearest_to_what_was_understood() -> None:
    replies = {"It's one zero four three seven.": "Thanks.", "Where is my order?": "Which one?"}
    assert reply_to(replies, "It's 10437.") == "Thanks."
    assert reply_to(replies, "Where's my order") == "Which one?"
    assert reply_to(replies, "Sing a song about the sea") == UNKNOWN


def test_the_scripted_endpoint_streams_as_openai_does() -> None:
    asked = {"messages": [{"role": "user", "content": "Where is my order?"}], "stream": True}
    with endpoint({"Where is my order?": "Which one?"}) as url:
        lines = httpx.post(f"{url}/chat/completions", json=asked).text.split("\n\n")
    assert lines[-2] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == "Which one? "


def test_a_question_is_asked_after_what_comes_before_it_in_its_call() -> None:
    (call,) = chosen(calls(), "number")
    assert [question.name for question in call.turns] == ["hello", "order", "number"]
    assert chosen(calls(), "no such question") == []


@pytest.mark.parametrize("category", ["workflow", "knowledge", "tool", "model"])
def test_a_quick_pass_asks_something_of_every_category(category: Category) -> None:
    assert any(
        question.category == category for call in chosen(calls(), quick=True) for question in call.turns
    )


def test_reads_how_much_a_gateway_knows_by_heart() -> None:
    metrics = "# TYPE warmline_phrases_known gauge\nwarmline_phrases_known 375.0\nwarmline_x_total 2.0\n"
    assert phrases_known(metrics) == 375
    assert phrases_known("warmline_x_total 2.0\n") == 0
