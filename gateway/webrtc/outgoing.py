"""The audio track we send: frames of 16 kHz PCM to Opus packets, one every 20 ms.

aiortc would take raw audio, upsample it to 48 kHz stereo and encode that in a thread pool. Opus takes 16 kHz
mono as it is: encoding here takes about 0.15 ms, needs no other thread, and silence costs nothing.
Relies on libopus through PyAV, and on aiortc passing on tracks that give packets instead of frames.
"""

import asyncio
import fractions
from collections.abc import Callable

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame, silence

BIT_RATE = 32_000
"Bits a second; RFC 6716, section 2.1.1, calls 16-20 kbit/s the sweet spot for wideband speech."
QUIET = b"\xf8\xff\xfe"
"20 ms of silence, coded once for all (mono CELT frame)."
FADING_FRAMES = 3
"Silent frames that are really encoded after speech, so that the decoder fades instead of clicking."
MOST_BEHIND_S = 0.2
"A sender held up longer than this goes on from now instead of catching up in a burst."

CLOCK_RATE = 48_000
"RTP clock of Opus, Hz, whatever the audio bandwidth (RFC 7587, section 4.1)."
TICKS = CLOCK_RATE * FRAME_MS // 1000


class SpeechEncoder:
    """Frames to Opus packets."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate = SAMPLE_RATE
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.bit_rate = BIT_RATE
        self._codec.options = {"application": "voip", "frame_duration": "20", "compression_level": "6"}
        self._codec.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self._samples = 0

    def encode(self, frame: Frame) -> bytes:
        """One packet for one frame."""
        audio = av.AudioFrame(format="s16", layout="mono", samples=len(frame.pcm) // 2)
        audio.planes[0].update(frame.pcm)
        audio.sample_rate = SAMPLE_RATE
        audio.pts = self._samples
        self._samples += audio.samples
        (packet,) = self._codec.encode(audio)
        return bytes(packet)


class OutgoingTrack(MediaStreamTrack):  # type: ignore[misc]  # aiortc has no types
    """Sends what `take` gives, one frame every 20 ms, and silence when it gives nothing."""

    kind = "audio"

    def __init__(self, take: Callable[[], Frame | None]) -> None:
        super().__init__()
        self._take = take
        self._encoder = SpeechEncoder()
        self._quiet_for = FADING_FRAMES
        self._start_s: float | None = None
        self._sent = 0

    async def recv(self) -> av.Packet:
        """The packet for the next 20 ms, when its time has come."""
        if self.readyState != "live":
            raise MediaStreamError
        await self._until_due()
        packet = av.Packet(self._payload(self._take()))
        packet.pts = self._sent * TICKS
        packet.time_base = fractions.Fraction(1, CLOCK_RATE)
        self._sent += 1
        return packet

    async def _until_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._start_s is None:
            self._start_s = now
        wait = self._start_s + self._sent * FRAME_MS / 1000 - now
        if wait > 0:
            await asyncio.sleep(wait)
        elif -wait > MOST_BEHIND_S:
            self._start_s -= wait

    def _payload(self, frame: Frame | None) -> bytes:
        if frame is not None:
            self._quiet_for = 0
            return self._encoder.encode(frame)
        if self._quiet_for < FADING_FRAMES:
            self._quiet_for += 1
            return self._encoder.encode(silence())
        return QUIET
