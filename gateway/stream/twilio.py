"""Twilio Media Streams (bidirectional, `<Connect><Stream>`), messages of version 1.0.0.  [core]

https://www.twilio.com/docs/voice/media-streams/websocket-messages. Always mu-law at 8 kHz, 20 ms a message.
`start` says nothing of who calls: the document passes the numbers along as parameters.
"""

from typing import Any

from gateway.stream.encoding import MULAW
from gateway.stream.event_stream import EventStream
from gateway.stream.wire import Started, inner, no_encoding, parameters, text, whole_number


class TwilioWire(EventStream):
    """See `Wire`."""

    stream_key = "streamSid"

    def started(self, said: dict[str, Any]) -> tuple[str, Started]:
        """See `EventStream`."""
        start = inner(said, "start")
        media = inner(start, "mediaFormat")
        if (
            text(media, "encoding") != "audio/x-mulaw"
            or whole_number(media, "sampleRate") != MULAW.sample_rate
        ):
            raise no_encoding()
        given = parameters(start.get("customParameters"))
        begun = Started(
            call_id=text(start, "callSid"),
            encoding=MULAW,
            caller=given.pop("caller", ""),
            called=given.pop("called", ""),
            parameters=given,
        )
        return text(start, "streamSid"), begun
