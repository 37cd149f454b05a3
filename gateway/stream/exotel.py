"""Exotel AgentStream (the Voicebot applet).  [core]

https://developer.exotel.com/docs/agentstream/websocket-protocol. Linear, a tenth of a second a message; it
wants as much in each of ours, in multiples of 320 bytes, and warns of gaps where there is less.
"""

from typing import Any

from gateway.stream.encoding import Encoding
from gateway.stream.event_stream import EventStream
from gateway.stream.wire import Started, inner, no_encoding, parameters, text, whole_number

RATES = (8_000, 16_000)
"Also offered: 24 000 Hz, of which telephony has no use."


class ExotelWire(EventStream):
    """See `Wire`."""

    stream_key = "stream_sid"
    group = 5

    def started(self, said: dict[str, Any]) -> tuple[str, Started]:
        """See `EventStream`."""
        start = inner(said, "start")
        rate = whole_number(inner(start, "media_format"), "sample_rate")
        if rate not in RATES:
            raise no_encoding()
        begun = Started(
            call_id=text(start, "call_sid"),
            encoding=Encoding("linear", rate),
            caller=text(start, "from"),
            called=text(start, "to"),
            parameters=parameters(start.get("custom_parameters")),
        )
        return text(start, "stream_sid") or text(said, "stream_sid"), begun
