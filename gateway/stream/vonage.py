"""Vonage Voice API websockets: sound in binary messages, the rest as JSON.  [core]

https://developer.vonage.com/en/voice/voice-api/guides/websockets. The first message says the format and,
beside it, the `headers` of the NCCO's endpoint, which is how call and numbers come to us. A `notify` comes
back once everything before it has been played: a mark.
"""

import json
from typing import Any

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import Encoding
from gateway.stream.event_stream import AHEAD_MS
from gateway.stream.wire import (
    Message,
    Played,
    Started,
    WireEvent,
    check_length,
    heard,
    json_object,
    no_encoding,
    parameters,
    pressed,
    text,
)

FORMATS = {f"audio/l16;rate={rate}": Encoding("linear", rate) for rate in (8_000, 16_000)}


class VonageWire:
    """See `Wire`."""

    marks = True
    ahead_ms = AHEAD_MS
    group = 1

    def __init__(self) -> None:
        self._encoding: Encoding | None = None

    def receive(self, message: Message) -> list[WireEvent]:
        """See `Wire`."""
        if isinstance(message, bytes):
            return self._listen(message)
        said = json_object(message)
        match said.get("event"):
            case "websocket:connected":
                return [self._begin(said)]
            case "websocket:dtmf":
                return pressed(said.get("digit"))
            case "websocket:notify":
                payload = said.get("payload")
                name = text(payload, "mark") if isinstance(payload, dict) else ""
                return [Played(name)] if name else []
        return []

    def media(self, pcm: bytes) -> Message:
        """See `Wire`."""
        return pcm

    def mark(self, name: str) -> Message | None:
        """See `Wire`."""
        return json.dumps({"action": "notify", "payload": {"mark": name}}, separators=(",", ":"))

    def clear(self) -> Message | None:
        """See `Wire`."""
        return '{"action":"clear"}'

    def press(self, keys: str) -> Message | None:
        """See `Wire`."""
        return None

    def goodbye(self) -> Message | None:
        """See `Wire`."""
        return None

    def _begin(self, said: dict[str, Any]) -> Started:
        if self._encoding is not None:
            raise ProtocolError("second_start", "The stream has begun already.")
        encoding = FORMATS.get(text(said, "content-type").replace(" ", ""))
        if encoding is None:
            raise no_encoding()
        known = {"event", "content-type"}
        given = parameters({key: value for key, value in said.items() if key not in known})
        call_id = given.pop("call", "")
        if not call_id:
            raise ProtocolError("missing_field", "The endpoint's headers do not name the call.")
        self._encoding = encoding
        caller, called = given.pop("caller", ""), given.pop("called", "")
        return Started(call_id, encoding, caller, called, given)

    def _listen(self, audio: bytes) -> list[WireEvent]:
        check_length(audio)
        if self._encoding is None:
            raise ProtocolError("media_before_start", "There is sound before the start.")
        return heard(self._encoding, audio)
