"""What we hear: RTP packets in order without a waiting room, decoded audio to frames of 20 ms.

aiortc's jitter buffer holds four packets back (80 ms), and after a single lost packet up to sixteen for the
rest of the call. `InOrder` takes its place: a packet is passed on as it comes, a late one is dropped, and
the leg's `FrameClock` decides when silence is due. Relies on PyAV for resampling.
"""

from collections.abc import Iterator
from typing import Any

import av
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame

MOST_LATE = 100
"Packets. One that is later than this belongs to a stream that began anew."
DECODED_RATE = 48_000
"Hz; what aiortc decodes Opus to, stereo."
MOST_LOST = 25
"Frames. A longer hole is a pause of the sender (DTX, muted), not loss."


class InOrder:
    """Passes audio packets on in the order of their numbers, at once; drops what comes too late for that."""

    def __init__(self) -> None:
        self._next: int | None = None

    def add(self, packet: Any) -> tuple[bool, JitterFrame | None]:
        """An `RtpPacket` came; returns what aiortc's jitter buffer does: wants a key frame, frame or None."""
        if self._next is not None:
            late = (self._next - packet.sequence_number) % 65536
            if 0 < late <= MOST_LATE:
                return False, None
        self._next = (packet.sequence_number + 1) % 65536
        if not packet._data:  # padding only; the decoder would take it for the end of the stream
            return False, None
        return False, JitterFrame(data=packet._data, timestamp=packet.timestamp)


def without_waiting_room(receiver: RTCRtpReceiver) -> None:
    """Make aiortc pass a receiver's packets on as they come (it has no setting for this)."""
    assert hasattr(receiver, "_RTCRtpReceiver__jitter_buffer"), "aiortc keeps its jitter buffer elsewhere now"
    receiver._RTCRtpReceiver__jitter_buffer = InOrder()


class Ear:
    """Decoded audio of one peer to frames of 20 ms at 16 kHz mono.

    The resampler looks 1 ms (16 samples) ahead. It is primed with silence, so that every 20 ms in give
    exactly one frame out and no frame waits for the next packet to fill up its last millisecond.
    """

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._pcm = bytearray()
        self._next_pts: int | None = None
        self._resampler.resample(_silence())

    def lost(self, decoded: av.AudioFrame) -> int:
        """How many frames of 20 ms are missing between the last decoded audio and this, by its timestamp."""
        expected, pts = self._next_pts, decoded.pts
        if expected is None or pts is None:
            return 0
        frames = (pts - expected) * 1000 // (DECODED_RATE * FRAME_MS)
        return frames if 0 < frames <= MOST_LOST else 0

    def hear(self, decoded: av.AudioFrame) -> Iterator[Frame]:
        """The frames that are complete with this decoded audio (packets may carry 10 to 120 ms)."""
        self._next_pts = None if decoded.pts is None else decoded.pts + decoded.samples
        decoded.pts = None
        for audio in self._resampler.resample(decoded):
            self._pcm += bytes(audio.planes[0])[: audio.samples * 2]
        size = SAMPLE_RATE * FRAME_MS // 1000 * 2
        while len(self._pcm) >= size:
            yield Frame(bytes(self._pcm[:size]))
            del self._pcm[:size]


def _silence() -> av.AudioFrame:
    audio = av.AudioFrame(format="s16", layout="stereo", samples=DECODED_RATE * FRAME_MS // 1000)
    audio.planes[0].update(bytes(audio.planes[0].buffer_size))
    audio.sample_rate = DECODED_RATE
    return audio
