"""Genesys Cloud AudioHook, version 2: the Audio Connector, which plays what we send to the caller.  [core]

https://developer.genesys.cloud/devapps/audiohook. Sound is binary, mu-law at 8 kHz; everything else is JSON
with two counted sequences, theirs in `seq`, ours in `serverseq`. Both sides must keep them: a message out of
sequence is the end. Of two channels (caller and agent interleaved) we ask for the caller's only. Before it
uses a connector Genesys tries the connection with a conversation id of zeros: answered, but no call.
"""

import json
from typing import Any

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import MULAW
from gateway.stream.event_stream import AHEAD_MS
from gateway.stream.wire import (
    Held,
    Message,
    Respond,
    Started,
    Stopped,
    WireEvent,
    check_length,
    heard,
    inner,
    json_object,
    parameters,
    pressed,
    text,
    whole_number,
)

VERSION = "2"
PROBE = "00000000-0000-0000-0000-000000000000"
"The conversation of a connection that is only tried."


class GenesysWire:
    """See `Wire`. It has no marks: what was played is counted by time."""

    marks = False
    ahead_ms = AHEAD_MS
    group = 1

    def __init__(self) -> None:
        self._session_id: str | None = None
        self._seq = 0
        "Of the last message we sent."
        self._client_seq = 0
        "Of the last message that came."
        self._closed = False

    def receive(self, message: Message) -> list[WireEvent]:
        """See `Wire`."""
        if isinstance(message, bytes):
            return self._listen(message)
        said = json_object(message)
        self._count(said)
        kind = text(said, "type")
        if self._session_id is None and kind != "open":
            raise ProtocolError("not_open", "The session is not open.")
        match kind:
            case "open":
                return self._open(said)
            case "ping":
                return [Respond(self._say("pong"))]
            case "dtmf":
                return pressed(inner(said, "parameters").get("digit"))
            case "paused":
                return [Held(True)]
            case "resumed":
                return [Held(False)]
            case "close":
                self._closed = True
                return [Respond(self._say("closed")), Stopped("the provider closed the session")]
        return []

    def media(self, pcm: bytes) -> Message:
        """See `Wire`."""
        return MULAW.encode(pcm)

    def mark(self, name: str) -> Message | None:
        """See `Wire`."""
        return None

    def clear(self) -> Message | None:
        """See `Wire`."""
        return self._say("event", entities=[{"type": "barge_in", "data": {}}])

    def press(self, keys: str) -> Message | None:
        """See `Wire`."""
        return None

    def goodbye(self) -> Message | None:
        """Ends the session; Genesys answers with `close`. Nothing when it has closed it itself."""
        return (
            None if self._closed or self._session_id is None else self._say("disconnect", reason="completed")
        )

    def _open(self, said: dict[str, Any]) -> list[WireEvent]:
        if self._session_id is not None:
            raise ProtocolError("second_start", "The session is open already.")
        given = inner(said, "parameters")
        media = next(filter(_is_ours, _offered(given)), None)
        if media is None or text(said, "version") != VERSION or not text(said, "id"):
            raise ProtocolError(
                "unknown_encoding", "We take version 2 and mu-law at 8 kHz of the caller.", 415
            )
        self._session_id = text(said, "id")
        opened = Respond(self._say("opened", startPaused=False, media=[media]))
        conversation = text(given, "conversationId")
        if conversation == PROBE:
            return [opened]
        participant = given.get("participant")
        who = participant if isinstance(participant, dict) else {}
        variables = parameters(given.get("inputVariables"))
        started = Started(conversation, MULAW, text(who, "ani"), text(who, "dnis"), variables)
        return [opened, started]

    def _listen(self, audio: bytes) -> list[WireEvent]:
        check_length(audio)
        if self._session_id is None:
            raise ProtocolError("media_before_start", "There is sound before the start.")
        return heard(MULAW, audio)

    def _count(self, said: dict[str, Any]) -> None:
        seq, serverseq = whole_number(said, "seq"), whole_number(said, "serverseq")
        if seq != self._client_seq + 1 or (serverseq or 0) > self._seq:
            raise ProtocolError("out_of_sequence", "The message is out of sequence.", 409)
        self._client_seq = seq

    def _say(self, kind: str, **content: Any) -> str:
        self._seq += 1
        message = {
            "version": VERSION,
            "type": kind,
            "seq": self._seq,
            "clientseq": self._client_seq,
            "id": self._session_id,
            "parameters": content,
        }
        return json.dumps(message, separators=(",", ":"))


def _offered(given: dict[str, Any]) -> list[dict[str, Any]]:
    media = given.get("media")
    return [each for each in media if isinstance(each, dict)] if isinstance(media, list) else []


def _is_ours(media: dict[str, Any]) -> bool:
    """Whether this is the caller alone, in the format that every AudioHook client offers."""
    kind = (media.get("type"), media.get("format"), media.get("rate"), media.get("channels"))
    return kind == ("audio", "PCMU", 8_000, ["external"])
