"""Asterisk's `chan_websocket`: sound in binary messages, commands and events as text.  [core]

https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/ (23.0, 22.6, 21.11, 20.16 and later).
Asterisk opens the websocket (`Dial(WebSocket/warmline/c(ulaw)v(caller=…,called=…))`), frames and paces what
we send. Events are plain text, or JSON where so configured; our commands take the form that it uses.
"""

import json
from collections.abc import Mapping
from typing import Any

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import ALAW, LINEAR, MULAW, Encoding
from gateway.stream.event_stream import AHEAD_MS
from gateway.stream.wire import (
    Held,
    Message,
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

FORMATS = {"ulaw": MULAW, "alaw": ALAW, "slin": LINEAR, "slin16": Encoding("linear", 16_000)}


class AsteriskWire:
    """See `Wire`. It has no marks in every version: what was played is counted by time."""

    marks = False
    ahead_ms = AHEAD_MS
    group = 1

    def __init__(self, query: Mapping[str, str] | None = None) -> None:
        """`query` is that of the websocket's address: the dial string's `v(…)`."""
        self._query = parameters(query or {})
        self._encoding: Encoding | None = None
        self._json = False

    def receive(self, message: Message) -> list[WireEvent]:
        """See `Wire`."""
        check_length(message)
        if isinstance(message, bytes):
            if self._encoding is None:
                raise ProtocolError("media_before_start", "There is sound before the start.")
            return heard(self._encoding, message)
        said = json_object(message) if message.startswith("{") else _plain(message)
        match said.get("event"):
            case "MEDIA_START":
                self._json = message.startswith("{")
                return [self._begin(said)]
            case "DTMF_END":
                return pressed(said.get("digit"))
            case "MEDIA_XOFF":
                return [Held(True)]
            case "MEDIA_XON":
                return [Held(False)]
        return []

    def media(self, pcm: bytes) -> Message:
        """See `Wire`."""
        assert self._encoding is not None
        return self._encoding.encode(pcm)

    def mark(self, name: str) -> Message | None:
        """See `Wire`."""
        return None

    def clear(self) -> Message | None:
        """See `Wire`."""
        return self._command("FLUSH_MEDIA")

    def press(self, keys: str) -> Message | None:
        """See `Wire`."""
        return None

    def goodbye(self) -> Message | None:
        """See `Wire`."""
        return self._command("HANGUP")

    def _begin(self, said: Mapping[str, Any]) -> Started:
        if self._encoding is not None:
            raise ProtocolError("second_start", "The stream has begun already.")
        # `format` is missing before 22.6: then it is what the documented dial string asks for.
        self._encoding = FORMATS.get(text(said, "format") or "ulaw")
        if self._encoding is None:
            raise no_encoding()
        given = dict(self._query)
        call_id = text(said, "channel_id") or text(said, "channel") or text(said, "connection_id")
        return Started(call_id, self._encoding, given.pop("caller", ""), given.pop("called", ""), given)

    def _command(self, name: str) -> str:
        return json.dumps({"command": name}) if self._json else name


def _plain(message: str) -> dict[str, str]:
    """`MEDIA_START connection_id:x channel:WebSocket/x format:ulaw` as its parts."""
    event, _, rest = message.partition(" ")
    pairs = [word.partition(":") for word in rest.split()]
    return {**{key: value for key, _, value in pairs}, "event": event.strip()}
