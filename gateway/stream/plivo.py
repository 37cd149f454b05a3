"""Plivo audio streaming (`<Stream bidirectional="true">`).  [core]

https://www.plivo.com/docs/voice-agents/audio-streaming/concepts/audio-streaming-reference. What goes to it
has names of its own: playAudio, checkpoint, clearAudio, sendDTMF. The document's `extraHeaders` come back
with `start` as one text, `name=value;name=value`, letters and digits only.
"""

from base64 import b64encode
from typing import Any

from gateway.stream.encoding import LINEAR, MULAW, Encoding
from gateway.stream.event_stream import EventStream
from gateway.stream.wire import Message, Started, inner, no_encoding, parameters, text, whole_number

ENCODINGS = {
    ("audio/x-mulaw", 8_000): MULAW,
    ("audio/x-l16", 8_000): LINEAR,
    ("audio/x-l16", 16_000): Encoding("linear", 16_000),
}


class PlivoWire(EventStream):
    """See `Wire`."""

    stream_key = "streamId"
    played_event = "playedStream"

    def media(self, pcm: bytes) -> Message:
        """See `Wire`."""
        kind = "audio/x-mulaw" if self.encoding.law == "mulaw" else "audio/x-l16"
        payload = b64encode(self.encoding.encode(pcm)).decode()
        media = {"contentType": kind, "sampleRate": self.encoding.sample_rate, "payload": payload}
        return self._say("playAudio", media=media)

    def mark(self, name: str) -> Message | None:
        """See `Wire`."""
        return self._say("checkpoint", name=name)

    def clear(self) -> Message | None:
        """See `Wire`."""
        return self._say("clearAudio")

    def press(self, keys: str) -> Message | None:
        """See `Wire`."""
        return self._say("sendDTMF", dtmf=keys)

    def started(self, said: dict[str, Any]) -> tuple[str, Started]:
        """See `EventStream`."""
        start = inner(said, "start")
        media = inner(start, "mediaFormat")
        encoding = ENCODINGS.get((text(media, "encoding"), whole_number(media, "sampleRate") or 0))
        if encoding is None:
            raise no_encoding()
        given = _extra_headers(text(said, "extra_headers"))
        begun = Started(
            call_id=text(start, "callId"),
            encoding=encoding,
            caller=given.pop("caller", ""),
            called=given.pop("called", ""),
            parameters=given,
        )
        return text(start, "streamId"), begun

    def played(self, said: dict[str, Any]) -> str:
        """See `EventStream`."""
        return text(said, "name")


def _extra_headers(line: str) -> dict[str, str]:
    """Also without the `X-PH-` that Plivo puts before names elsewhere."""
    pairs = [pair.partition("=") for pair in line.strip("{}").split(";") if "=" in pair]
    return parameters({name.strip().removeprefix("X-PH-"): value.strip() for name, _, value in pairs})
