"""Telnyx media streaming (`bidirectionalMode="rtp"`): raw PCMU or PCMA in JSON.  [core]

https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming. A provider that promises no order
of its pieces: those that come late are dropped.
"""

from typing import Any

from gateway.stream.encoding import ALAW, MULAW
from gateway.stream.event_stream import EventStream
from gateway.stream.wire import Started, inner, no_encoding, parameters, text, whole_number

ENCODINGS = {("PCMU", 8_000): MULAW, ("PCMA", 8_000): ALAW}


class TelnyxWire(EventStream):
    """See `Wire`."""

    stream_key = "stream_id"

    def started(self, said: dict[str, Any]) -> tuple[str, Started]:
        """See `EventStream`."""
        start = inner(said, "start")
        media = inner(start, "media_format")
        encoding = ENCODINGS.get((text(media, "encoding"), whole_number(media, "sample_rate") or 0))
        if encoding is None:
            raise no_encoding()
        given = parameters(start.get("custom_parameters"))
        begun = Started(
            call_id=text(start, "call_control_id"),
            encoding=encoding,
            caller=given.pop("caller", "") or text(start, "from"),
            called=given.pop("called", "") or text(start, "to"),
            parameters=given,
        )
        return text(said, "stream_id"), begun
