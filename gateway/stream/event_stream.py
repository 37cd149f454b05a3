"""The JSON protocol that Twilio made and others took over: connected, start, media, dtmf, mark, stop.  [core]

Its dialects spell keys differently and say different things in `start`; each is a subclass in a file of its
own. Messages of types we do not know are passed over, as their documentation asks.
"""

import json
from base64 import b64encode
from typing import Any, ClassVar

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import MULAW, Encoding
from gateway.stream.wire import (
    Late,
    Message,
    Played,
    Started,
    Stopped,
    WireEvent,
    base64_audio,
    heard,
    inner,
    json_object,
    pressed,
    text,
    whole_number,
)

AHEAD_MS = 400
"Of our sound in a provider's buffer: what a leg's playout holds (`gateway.leg.PLAYOUT_MS`)."


class EventStream:
    """What the dialects share."""

    stream_key: ClassVar[str]
    "Under which the stream's id goes into our messages."
    played_event: ClassVar[str] = "mark"
    marks = True
    ahead_ms = AHEAD_MS
    group = 1

    def __init__(self) -> None:
        self.encoding: Encoding = MULAW
        self._stream_id: str | None = None
        self._chunk = -1
        "The last piece of sound that came."

    def receive(self, message: Message) -> list[WireEvent]:
        """See `Wire`."""
        said = json_object(message)
        match said.get("event"):
            case "start":
                return [self._begin(said)]
            case "media":
                return self._listen(said)
            case "dtmf":
                return pressed(inner(said, "dtmf").get("digit"))
            case "stop":
                return [Stopped("the provider ended the stream")]
            case self.played_event:
                return self._told(said)
        return []

    def media(self, pcm: bytes) -> Message:
        """See `Wire`."""
        payload = b64encode(self.encoding.encode(pcm)).decode()
        return self._say("media", media={"payload": payload})

    def mark(self, name: str) -> Message | None:
        """See `Wire`."""
        return self._say("mark", mark={"name": name})

    def clear(self) -> Message | None:
        """See `Wire`."""
        return self._say("clear")

    def press(self, keys: str) -> Message | None:
        """See `Wire`."""
        return None

    def goodbye(self) -> Message | None:
        """See `Wire`."""
        return None

    # --- what dialects say in their own way ---

    def started(self, said: dict[str, Any]) -> tuple[str, Started]:
        """The stream's id, and what `start` says. Raises `ProtocolError`."""
        raise NotImplementedError

    def played(self, said: dict[str, Any]) -> str:
        """Which mark was played."""
        return text(inner(said, "mark"), "name")

    # --- inside ---

    def _begin(self, said: dict[str, Any]) -> Started:
        if self._stream_id is not None:
            raise ProtocolError("second_start", "The stream has begun already.")
        stream_id, started = self.started(said)
        if not stream_id or not started.call_id:
            raise ProtocolError("missing_field", "The start names no stream or no call.")
        self._stream_id, self.encoding = stream_id, started.encoding
        return started

    def _listen(self, said: dict[str, Any]) -> list[WireEvent]:
        if self._stream_id is None:
            raise ProtocolError("media_before_start", "There is sound before the start.")
        media = inner(said, "media")
        if media.get("track", "inbound") != "inbound":
            return []
        events = heard(self.encoding, base64_audio(media.get("payload")))
        return [Late()] if self._is_late(media) else events

    def _is_late(self, media: dict[str, Any]) -> bool:
        """Whether a later piece came before. Telnyx promises no order, and late sound is worse than none."""
        chunk = whole_number(media, "chunk")
        if chunk is None:
            return False
        if chunk <= self._chunk:
            return True
        self._chunk = chunk
        return False

    def _told(self, said: dict[str, Any]) -> list[WireEvent]:
        name = self.played(said)
        return [Played(name)] if name else []

    def _say(self, event: str, **content: Any) -> str:
        return json.dumps(
            {"event": event, self.stream_key: self._stream_id, **content}, separators=(",", ":")
        )
