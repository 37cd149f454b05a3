"""One call's RTP: its sockets around its session, and what a leg needs of it.

Life: made (the ports are bound, so that they can be offered), configured with what was agreed as often as
that changes, closed. It has no task of its own: the process's `RtpClock` drives it.
"""

import asyncio

from gateway.leg import Channel
from gateway.rtp.agreed import AgreedMedia
from gateway.rtp.clock import RtpClock
from gateway.rtp.dtmf import Digit
from gateway.rtp.ports import Ports
from gateway.rtp.session import MediaTimeouts
from pipelines.audio import Frame


class RtpStream:
    """Live audio of one call. To be made, used and closed on the event loop that runs the clock."""

    frames: Channel[Frame]
    "What is heard: a frame every 20 ms from the first `configure` until `close`. 25 wait."
    digits: Channel[Digit]
    "Keys the other side pressed (RFC 4733). 32 wait."
    lost: asyncio.Event
    "Set when no media came for too long; `lost_reason` says which rule that was. The stream goes on."

    def __init__(self, ports: Ports, clock: RtpClock, timeouts: MediaTimeouts | None = None) -> None:
        """Bind a pair of ports. Raises `Unavailable` when none is free."""
        raise NotImplementedError

    @property
    def local_port(self) -> int:
        """Of RTP; RTCP has the one above it."""
        raise NotImplementedError

    @property
    def lost_reason(self) -> str:
        """`no media came`, `media stopped`, or empty."""
        raise NotImplementedError

    @property
    def sample_rate(self) -> int:
        """Hz, both ways: 8000 for G.711, 16000 for G.722 and Opus. Known from `configure` on."""
        raise NotImplementedError

    def configure(self, agreed: AgreedMedia) -> None:
        """Send and receive on these terms from now on: the first answer, a re-INVITE, hold, resume."""
        raise NotImplementedError

    async def play(self, frame: Frame) -> None:
        """Queue a frame of `sample_rate`, waiting while 400 ms are queued; does nothing once closed."""
        raise NotImplementedError

    def clear(self) -> int:
        """Drop what was queued but not played; return how many ms of it were dropped."""
        raise NotImplementedError

    def played_ms(self) -> int:
        """Milliseconds of queued audio that left for the other side."""
        raise NotImplementedError

    def send_digits(self, digits: str, duration_ms: int = 100) -> bool:
        """Press keys (`0-9 * # A-D`), one after the other; what is played waits meanwhile.

        False when telephone events were not agreed: then they must go by INFO.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End at once: says BYE in RTCP, `frames` and `digits` end, the ports rest. Safe to call twice."""
        raise NotImplementedError
