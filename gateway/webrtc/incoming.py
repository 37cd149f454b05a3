"""What we hear: RTP packets in order without a waiting room, decoded to frames of 20 ms.

aiortc's jitter buffer holds four packets back (80 ms), and after a single lost packet up to sixteen for the
rest of the call; then it decodes in a thread for each call, from where a frame takes two more hops to us.
`InOrder` takes its place: a packet is handed over as it comes, a late one is dropped, and the leg's
`FrameClock` decides when silence is due. `Ear` decodes it there and then, in about 60 us. Relies on libopus
through PyAV.
"""

from collections.abc import Callable
from typing import Any

import av
import structlog
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from av.error import FFmpegError

from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame

MOST_LATE = 100
"Packets. One that is later than this belongs to a stream that began anew."
DECODED_RATE = 48_000
"Hz; what Opus is decoded to, and its RTP clock."
MOST_LOST = 25
"Frames. A longer hole is a pause of the sender (DTX, muted), not loss."
FRAME_BYTES = SAMPLE_RATE * FRAME_MS // 1000 * 2

log = structlog.get_logger(__name__)

Hear = Callable[[bytes, int], None]
"""Takes a packet of Opus and its RTP timestamp. Called on the event loop; must neither wait nor raise."""


class InOrder:
    """Hands audio packets over in the order of their numbers, at once; drops what comes too late for that."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._next: int | None = None

    def add(self, packet: Any) -> tuple[bool, None]:
        """An `RtpPacket` came. Returns what aiortc's jitter buffer does: wants no key frame, has no frame."""
        if self._next is not None:
            late = (self._next - packet.sequence_number) % 65536
            if 0 < late <= MOST_LATE:
                return False, None
        self._next = (packet.sequence_number + 1) % 65536
        if packet._data:  # else padding only; the decoder would take it for the end of the stream
            self._hear(packet._data, packet.timestamp)
        return False, None


def hear_at_once(receiver: RTCRtpReceiver, hear: Hear) -> None:
    """Make aiortc hand over a receiver's packets as they come, undecoded (it has no setting for this)."""
    assert hasattr(receiver, "_RTCRtpReceiver__jitter_buffer"), "aiortc keeps its jitter buffer elsewhere now"
    receiver._RTCRtpReceiver__jitter_buffer = InOrder(hear)


class Ear:
    """Opus packets of one peer to frames of 20 ms at 16 kHz mono.

    The resampler looks 1 ms (16 samples) ahead. It is primed with silence, so that every 20 ms in give
    exactly one frame out and no frame waits for the next packet to fill up its last millisecond.
    """

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.format = "s16"
        self._codec.layout = "mono"
        self._codec.sample_rate = DECODED_RATE
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._pcm = b""
        self._expected: int | None = None
        "Timestamp of the next packet if none is lost."
        self._resampler.resample(_silence())

    def lost(self, timestamp: int) -> int:
        """How many frames of 20 ms are missing between what was heard last and a packet of this time."""
        if self._expected is None:
            return 0
        ahead = (timestamp - self._expected) % 2**32
        frames = ahead * 1000 // (DECODED_RATE * FRAME_MS)
        return frames if frames <= MOST_LOST else 0

    def hear(self, packet: bytes, timestamp: int) -> list[Frame]:
        """The frames that are complete with this packet (it may carry 2.5 to 120 ms, or be broken)."""
        try:
            decoded = self._codec.decode(av.Packet(packet))
        except FFmpegError as error:
            log.debug("packet_not_decoded", error=str(error))
            return []
        for audio in decoded:
            self._expected = (timestamp + audio.samples) % 2**32
            audio.pts = None
            for resampled in self._resampler.resample(audio):
                self._pcm += bytes(resampled.planes[0])[: resampled.samples * 2]
        return self._whole()

    def _whole(self) -> list[Frame]:
        pcm, self._pcm = self._pcm, b""
        if len(pcm) == FRAME_BYTES:
            return [Frame(pcm)]
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._pcm = pcm[whole:]
        return [Frame(pcm[at : at + FRAME_BYTES]) for at in range(0, whole, FRAME_BYTES)]


def _silence() -> av.AudioFrame:
    audio = av.AudioFrame(format="s16", layout="mono", samples=DECODED_RATE * FRAME_MS // 1000)
    audio.planes[0].update(bytes(audio.planes[0].buffer_size))
    audio.sample_rate = DECODED_RATE
    return audio
