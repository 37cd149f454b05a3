"""Telnyx's messages, as its documentation has them and as pipecat reads and writes them."""

import json

import pytest
from pipecat.serializers.telnyx import TelnyxFrameSerializer

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import ALAW, MULAW
from gateway.stream.telnyx import TelnyxWire
from gateway.stream.wire import Late, Played, Started
from tests.contracts.leg import tone
from tests.fakes.stream_provider import Telnyx
from tests.gateway.stream.serializers import Reference, assert_same_reading, events, said


def begun() -> TelnyxWire:
    wire = TelnyxWire()
    events(wire, *Telnyx().opening())
    return wire


def reference() -> Reference:
    parameters = TelnyxFrameSerializer.InputParams(auto_hang_up=False)
    return Reference(TelnyxFrameSerializer("st-1", "PCMU", "PCMU", params=parameters), 8_000)


def test_the_start_says_who_calls() -> None:
    assert events(TelnyxWire(), *Telnyx(shop="7").opening()) == [
        Started("v3:call-1", MULAW, "+15550001", "+15550002", {"shop": "7"})
    ]


def test_pipecat_writes_the_same_but_for_the_streams_id() -> None:
    """Telnyx documents media without it; with it marks and clears of ours are alike."""
    wire, other = begun(), reference()
    for frame in tone(3, rate=8_000):
        assert said(wire.media(frame.pcm)) == {**other.sound(frame.pcm), "stream_id": "st-1"}
    assert said(wire.clear()) == {"event": "clear", "stream_id": "st-1"}


def test_pipecat_reads_the_same() -> None:
    dialect = Telnyx()
    speech = [dialect.speech(frame.pcm) for frame in tone(5, rate=8_000)]
    key = '{"event":"dtmf","stream_id":"st-1","sequence_number":"5","dtmf":{"digit":"#"}}'
    assert_same_reading(begun(), reference(), *speech, key, dialect.played("x"), *dialect.leaving())


def test_a_piece_that_comes_after_a_later_one_is_dropped() -> None:
    """Telnyx promises no order; late sound is worse than none."""
    wire, dialect = begun(), Telnyx()
    first, second, third = (dialect.speech(frame.pcm) for frame in tone(3, rate=8_000))
    kinds = [type(event).__name__ for event in events(wire, first, third, second, third)]
    assert kinds == ["Heard", "Heard", "Late", "Late"]
    assert wire.receive(second) == [Late()]


def test_the_european_law_is_taken_too() -> None:
    start = json.loads(Telnyx().opening()[1])
    start["start"]["media_format"]["encoding"] = "PCMA"
    (started,) = TelnyxWire().receive(json.dumps(start))
    assert isinstance(started, Started) and started.encoding == ALAW


@pytest.mark.parametrize("encoding", ["G722", "OPUS", "", "pcmu" * 300])
def test_other_formats_are_refused(encoding: str) -> None:
    start = json.loads(Telnyx().opening()[1])
    start["start"]["media_format"]["encoding"] = encoding
    with pytest.raises(ProtocolError):
        TelnyxWire().receive(json.dumps(start))


def test_marks_come_back() -> None:
    assert begun().receive(Telnyx().played("w0-100")) == [Played("w0-100")]
