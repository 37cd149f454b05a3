"""The protocol that the JSON dialects share, and what breaks it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.stream.twilio import TwilioWire
from gateway.stream.wire import LONGEST_MESSAGE, Heard, Message
from tests.fakes.stream_provider import Twilio
from tests.gateway.stream.serializers import events

OPENING = Twilio().opening()


def media(**content: Any) -> str:
    return json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": "/w==", **content}})


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([media()], "media_before_start"),
        ([*OPENING, OPENING[1]], "second_start"),
        ([b"\xff" * 160], "binary_message"),
        (["x" * (LONGEST_MESSAGE + 1)], "message_too_long"),
        (["{"], "malformed_json"),
        (["[1]"], "malformed_json"),
        (["[" * 5_000], "malformed_json"),
        ([*OPENING, media(payload="not base64!")], "bad_base64"),
        ([*OPENING, media(payload="é")], "bad_base64"),
        ([*OPENING, media(payload=7)], "missing_field"),
        ([*OPENING, media(payload="////" * 6_000)], "audio_too_long"),
        ([*OPENING, media(chunk="-1")], "bad_number"),
        ([*OPENING, media(chunk=True)], "bad_number"),
        ([*OPENING, '{"event":"media"}'], "missing_field"),
        ([*OPENING, '{"event":"dtmf","dtmf":"5"}'], "missing_field"),
        (['{"event":"start","start":{"mediaFormat":{}}}'], "unknown_encoding"),
    ],
)
def test_what_breaks_the_protocol(messages: list[Message], code: str) -> None:
    with pytest.raises(ProtocolError) as error:
        events(TwilioWire(), *messages)
    assert error.value.code == code


@pytest.mark.parametrize("missing", ["streamSid", "callSid"])
def test_a_start_without_a_name_is_refused(missing: str) -> None:
    start = json.loads(OPENING[1])
    del start["start"][missing]
    with pytest.raises(ProtocolError) as error:
        events(TwilioWire(), json.dumps(start))
    assert error.value.code == "missing_field"


def test_what_a_message_held_is_not_in_the_error() -> None:
    with pytest.raises(ProtocolError) as error:
        events(TwilioWire(), *OPENING, media(payload="my secret"))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "message",
    ['{"event":"somethingNew"}', "{}", '{"event":7}', '{"event":"connected"}', media(track="outbound")],
)
def test_what_we_do_not_know_is_passed_over(message: str) -> None:
    assert events(TwilioWire(), *OPENING, message)[1:] == []


def test_a_missing_piece_is_no_fault() -> None:
    found = events(TwilioWire(), *OPENING, media(chunk="1"), media(chunk="5"), media())
    assert sum(isinstance(event, Heard) for event in found) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["start", "media", "dtmf", "mark", "stop", "connected"]),
    st.dictionaries(st.sampled_from(["start", "media", "dtmf", "mark", "streamSid"]), JSON, max_size=4),
    st.booleans(),
)
def test_whatever_is_sent_raises_nothing_but_our_own_error(
    event: str, content: dict[str, Any], begun: bool
) -> None:
    wire = TwilioWire()
    if begun:
        events(wire, *OPENING)
    try:
        wire.receive(json.dumps({"event": event, **content}))
    except ProtocolError:
        pass
