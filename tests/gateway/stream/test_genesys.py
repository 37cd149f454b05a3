"""AudioHook's messages, as Genesys documents them and as pipecat reads and writes them."""

import json
from typing import Any

import pytest
from pipecat.frames.frames import InterruptionFrame, OutputTransportMessageUrgentFrame
from pipecat.serializers.genesys import GenesysAudioHookSerializer

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import MULAW
from gateway.stream.genesys import PROBE, GenesysWire
from gateway.stream.wire import Held, Message, Respond, Started, Stopped, WireEvent
from tests.contracts.leg import tone
from tests.gateway.stream.serializers import Reference, assert_same_reading, events, said

EXTERNAL = {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}
BOTH = {**EXTERNAL, "channels": ["external", "internal"]}


class Client:
    """Genesys Cloud: counts its messages."""

    def __init__(self) -> None:
        self._seq = 0

    def message(self, kind: str, serverseq: int = 0, /, **parameters: Any) -> Message:
        self._seq += 1
        return json.dumps(
            {
                "version": "2",
                "id": "s-1",
                "type": kind,
                "seq": self._seq,
                "serverseq": serverseq,
                "position": "PT0S",
                "parameters": parameters,
            }
        )

    def open(self, conversation: str = "c-1", media: Any = (BOTH, EXTERNAL)) -> Message:
        who = {"id": "p-1", "ani": "+15550001", "aniName": "", "dnis": "+15550002"}
        return self.message(
            "open",
            organizationId="o-1",
            conversationId=conversation,
            participant=who,
            media=list(media),
            inputVariables={"shop": "7"},
        )


def responses(found: list[WireEvent]) -> list[Any]:
    return [said(event.message) for event in found if isinstance(event, Respond)]


def begun() -> tuple[GenesysWire, Client]:
    wire, client = GenesysWire(), Client()
    wire.receive(client.open())
    return wire, client


def test_an_open_session_is_a_call_and_is_told_which_sound_we_want() -> None:
    found = GenesysWire().receive(Client().open())
    (opened,) = responses(found)
    assert (opened["type"], opened["seq"], opened["clientseq"], opened["id"]) == ("opened", 1, 1, "s-1")
    assert opened["parameters"] == {"startPaused": False, "media": [EXTERNAL]}
    assert found[1] == Started("c-1", MULAW, "+15550001", "+15550002", {"shop": "7"})


def test_pipecat_answers_an_open_session_alike() -> None:
    serializer = GenesysAudioHookSerializer()
    theirs = Reference(serializer, 8_000).read(Client().open(media=[EXTERNAL]))
    assert isinstance(theirs, OutputTransportMessageUrgentFrame)
    (ours,) = responses(GenesysWire().receive(Client().open(media=[EXTERNAL])))
    assert ours == theirs.message


def test_pipecat_writes_and_reads_the_same_in_an_open_session() -> None:
    wire, client = begun()
    other, their_client = Reference(GenesysAudioHookSerializer(), 8_000), Client()
    other.read(their_client.open(media=[EXTERNAL]))
    frame = tone(1, rate=8_000)[0]
    assert wire.media(frame.pcm) == other.sound(frame.pcm)
    clear, theirs = said(wire.clear()), other.write(InterruptionFrame())
    assert {key: clear[key] for key in ("type", "parameters", "seq", "id")} == {
        key: theirs[key] for key in ("type", "parameters", "seq", "id")
    }
    key = client.message("dtmf", digit="5")
    assert_same_reading(wire, other, MULAW.encode(frame.pcm), key)


def test_a_connection_that_is_only_tried_is_no_call() -> None:
    wire, client = GenesysWire(), Client()
    found = [*wire.receive(client.open(PROBE)), *wire.receive(client.message("close", 1, reason="end"))]
    assert [message["type"] for message in responses(found)] == ["opened", "closed"]
    assert not [event for event in found if isinstance(event, Started)]
    assert isinstance(found[-1], Stopped)


def test_a_ping_is_answered_in_sequence() -> None:
    wire, client = begun()
    (pong,) = responses(wire.receive(client.message("ping", 1)))
    assert (pong["type"], pong["seq"], pong["clientseq"]) == ("pong", 2, 2)


def test_a_pause_holds_our_sound() -> None:
    wire, client = begun()
    assert wire.receive(client.message("paused", 1)) == [Held(True)]
    assert wire.receive(client.message("resumed", 1, start="PT0S", discarded="PT1S")) == [Held(False)]
    assert wire.receive(client.message("update", 1, language="de-DE")) == []


def test_goodbye_asks_for_the_end_and_is_silent_once_it_came() -> None:
    wire, client = begun()
    assert said(wire.goodbye())["parameters"] == {"reason": "completed"}
    wire.receive(client.message("close", 2, reason="disconnect"))
    assert wire.goodbye() is None
    assert GenesysWire().goodbye() is None


def skipped(client: Client) -> Message:
    client.message("ping")
    return client.message("ping")


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (lambda c: [c.message("ping")], "not_open"),
        (lambda c: [b"\xff" * 160], "media_before_start"),
        (lambda c: [c.open(), skipped(c)], "out_of_sequence"),
        (lambda c: [c.open(), c.message("ping", 9)], "out_of_sequence"),
        (lambda c: [c.open(), c.open()], "second_start"),
        (lambda c: [c.open(media=[BOTH])], "unknown_encoding"),
        (lambda c: [c.open(media=["x"])], "unknown_encoding"),
        (lambda c: ['{"type":"open","seq":1,"version":"2","id":"s"}'], "missing_field"),
    ],
)
def test_what_breaks_the_protocol(messages: Any, code: str) -> None:
    with pytest.raises(ProtocolError) as error:
        events(GenesysWire(), *messages(Client()))
    assert error.value.code == code
