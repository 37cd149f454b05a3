"""Events as RTVI clients know them, and what clients may ask for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import CallRefused, Event, SessionEnded
from gateway.webrtc import rtvi
from gateway.webrtc.rtvi import BadRequest, ClientMessage, ClientReady, DisconnectBot, EventFeed, SendText
from pipelines import facts
from pipelines.facts import Fact, Words


def told(*stated: Fact) -> list[dict[str, Any]]:
    """What a client gets for these facts, without the events themselves."""
    feed = EventFeed()
    messages = [m for n, fact in enumerate(stated) for m in feed.messages(Event(n, 1_795_370_000.0, fact))]
    return [m for m in messages if m["type"] != "server-message"]


def types(*stated: Fact) -> list[str]:
    return [message["type"] for message in told(*stated)]


def test_every_event_is_sent_whole_after_what_clients_know_of_it() -> None:
    event = Event(3, 1_795_370_000.25, facts.SpeechStarted())
    first, second = EventFeed().messages(event)
    assert first == {"label": "rtvi-ai", "type": "user-started-speaking"}
    assert second == {"label": "rtvi-ai", "type": "server-message", "data": event.message()}


def test_an_event_that_rtvi_has_no_word_for_is_sent_all_the_same() -> None:
    event = Event(9, 0.0, SessionEnded(outcome="resolved", reason="done", by="customer"))
    assert [m["type"] for m in EventFeed().messages(event)] == ["server-message"]


def test_captions_firm_up() -> None:
    partial, final = told(
        facts.TranscriptPartial(pii=Words(text="where is")),
        facts.CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="Where is it?")),
    )
    assert partial["type"] == final["type"] == "user-transcription"
    assert (partial["data"]["text"], partial["data"]["final"]) == ("where is", False)
    assert (final["data"]["text"], final["data"]["final"]) == ("Where is it?", True)
    assert final["data"]["timestamp"] == "2026-11-22T17:53:20.000+00:00"


def test_what_was_typed_is_no_transcription() -> None:
    assert types(facts.CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="hi"))) == []


def test_speaking_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    states = [facts.Activity(state=s) for s in ("thinking", "speaking", "speaking", "listening", "idle")]
    assert types(*states) == ["bot-started-speaking", "bot-stopped-speaking"]


def test_a_reply_from_first_word_to_metrics() -> None:
    done = facts.ReplyDone(
        turn_id="r1",
        answers="c1",
        latency=facts.Latency(decision_ms=240, first_audio_ms=710),
        pii=Words(text="It is on its way."),
    )
    messages = told(
        facts.ReplyStarted(turn_id="r1", answers="c1"),
        facts.ReplyDelta(turn_id="r1", offset=0, text="It is "),
        done,
    )
    assert [m["type"] for m in messages] == [
        "bot-llm-started",
        "bot-llm-text",
        "bot-llm-stopped",
        "bot-tts-text",
        "bot-output",
        "metrics",
    ]
    output = messages[4]["data"]
    assert output["text"] == "It is on its way."
    assert output["spoken_status"] == "completed"
    assert messages[5]["data"] == {
        "ttfb": [{"processor": "decision", "value": 0.24}, {"processor": "first_audio", "value": 0.71}]
    }


def test_each_reply_is_a_segment_of_its_own() -> None:
    replies = [facts.ReplyDone(turn_id=f"r{n}", answers=None, pii=Words(text="Hello.")) for n in range(2)]
    segments = [m["data"]["segment_id"] for m in told(*replies) if m["type"] == "bot-output"]
    assert segments == [1, 2]


def test_tools_are_named_without_what_they_were_given() -> None:
    values = facts.Values(values={"order_id": "10437"})
    messages = told(
        facts.ToolCalled(turn_id="r1", call_id="k1", tool="look_up_order", effect="read", pii=values),
        facts.ToolFinished(turn_id="r1", call_id="k1", tool="look_up_order", outcome="done", pii=values),
    )
    assert [m["type"] for m in messages] == ["llm-function-call-in-progress", "llm-function-call-stopped"]
    assert all(m["data"]["function_name"] == "look_up_order" for m in messages)
    assert "10437" not in json.dumps(messages)


def test_trouble_is_an_error_that_ends_nothing() -> None:
    (message,) = told(facts.Trouble(code="model_slow", message="I am still working on that."))
    assert message["data"] == {"error": "I am still working on that.", "fatal": False}


def test_a_refused_call_is_an_error_that_ends_it() -> None:
    (message,) = told(CallRefused(leg_id="w1", reason="lines_busy", message="All our lines are busy."))
    assert message["data"] == {"error": "All our lines are busy.", "fatal": True}


def test_pipecats_own_models_accept_what_we_send() -> None:
    models = pytest.importorskip("pipecat.processors.frameworks.rtvi.models")
    kinds = {
        "bot-output": models.BotOutputMessage,
        "user-transcription": models.UserTranscriptionMessage,
        "bot-llm-text": models.BotLLMTextMessage,
        "bot-tts-text": models.BotTTSTextMessage,
        "error": models.Error,
        "llm-function-call-in-progress": models.LLMFunctionCallInProgressMessage,
        "llm-function-call-stopped": models.LLMFunctionCallStoppedMessage,
    }
    messages = told(
        facts.TranscriptPartial(pii=Words(text="where is")),
        facts.ReplyDelta(turn_id="r1", offset=0, text="It is "),
        facts.ReplyDone(turn_id="r1", answers="c1", pii=Words(text="It is here.")),
        facts.ToolCalled(turn_id="r1", call_id="k1", tool="t", effect="read"),
        facts.ToolFinished(turn_id="r1", call_id="k1", tool="t", outcome="failed"),
        facts.Trouble(code="x", message="Sorry."),
    )
    checked = [kinds[m["type"]].model_validate(m) for m in messages if m["type"] in kinds]
    assert len(checked) == len(kinds)
    (ready,) = rtvi.bot_ready(ClientReady("1", "2.1.0"))
    models.BotReady.model_validate(ready)


@pytest.mark.parametrize(
    ("message", "passing"),
    [
        (rtvi.error("x"), False),
        ({"type": "bot-llm-text", "data": {"text": "x"}}, True),
        ({"type": "user-transcription", "data": {"final": False}}, True),
        ({"type": "user-transcription", "data": {"final": True}}, False),
        ({"type": "server-message", "data": {"seq": 0}}, True),
        ({"type": "server-message", "data": {"seq": 4}}, False),
        ({"type": "signalling", "message": {"type": "peerLeft"}}, False),
    ],
)
def test_what_a_slow_client_can_do_without(message: dict[str, Any], passing: bool) -> None:
    assert rtvi.is_passing(message) is passing


def envelope(kind: str, data: Any = None, **more: Any) -> str:
    return json.dumps({"label": "rtvi-ai", "type": kind, "id": "m1", "data": data, **more})


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        (
            envelope("client-ready", {"version": "2.1.0", "about": {"library": "x"}}),
            ClientReady("m1", "2.1.0"),
        ),
        (envelope("client-ready"), ClientReady("m1", "")),
        (envelope("send-text", {"content": "hi"}), SendText("m1", "hi", True)),
        (
            envelope("send-text", {"content": "hi", "options": {"audio_response": False}}),
            SendText("m1", "hi", False),
        ),
        (envelope("disconnect-bot"), DisconnectBot("m1")),
        (
            envelope("client-message", {"t": "rate", "d": {"stars": 5}}),
            ClientMessage("m1", "rate", {"stars": 5}),
        ),
        (envelope("disconnect-bot", extra=1), DisconnectBot("m1")),
    ],
)
def test_requests_are_read(text: str, request_: rtvi.Request) -> None:
    assert rtvi.read(text) == request_


@pytest.mark.parametrize(
    ("text", "kind", "complaint"),
    [
        ("no JSON", "error", "not RTVI"),
        ("{}", "error", "label"),
        (json.dumps({"label": "other", "type": "x"}), "error", "label"),
        (envelope("send-text", {"content": 5}), "error-response", "content"),
        (envelope("send-text"), "error-response", "malformed"),
        (envelope("client-message", {"d": 1}), "error-response", "t: Field required"),
        (envelope("raw-audio", {}), "error-response", "'raw-audio' are not supported"),
        (envelope("x", id="i" * 65), "error", "id"),
    ],
)
def test_what_cannot_be_read_gets_an_answer_that_says_why(text: str, kind: str, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint) as fault:
        rtvi.read(text)
    assert fault.value.response["type"] == kind
    assert fault.value.response.get("id") == ("m1" if kind == "error-response" else None)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_data_is_read_or_refused(data: Any) -> None:
    for kind in ("client-ready", "send-text", "client-message", "disconnect-bot"):
        try:
            rtvi.read(envelope(kind, data))
        except BadRequest:
            pass


def test_ready_is_answered_and_another_major_version_is_warned() -> None:
    (ready,) = rtvi.bot_ready(ClientReady("m1", "2.0.0"))
    assert (ready["type"], ready["id"]) == ("bot-ready", "m1")
    warning, _ = rtvi.bot_ready(ClientReady("m1", "1.4.0"))
    assert warning["type"] == "error-response"
    warning, _ = rtvi.bot_ready(ClientReady("m1", ""))
    assert "no version" in warning["data"]["error"]
