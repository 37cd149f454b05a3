"""The codecs of telephone calls: PCM16 frames to payloads and back.

G.711 is a table in C (`audioop`, which CPython 3.13 and later get from the package audioop-lts): 0.1 to
0.4 us a frame. G.722 and Opus are ffmpeg's through PyAV, 10 to 150 us. Nothing here raises for a payload,
whatever is in it: what cannot be decoded is empty.
"""

import audioop
import fractions
from collections.abc import Callable
from typing import Protocol

import av
from av.error import FFmpegError

from gateway.webrtc.incoming import Ear
from gateway.webrtc.outgoing import QUIET, SpeechEncoder
from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame
from pipelines.resampler import Resampler

TELEPHONE_RATE = 8_000
PRIME_MS = 10
"Of silence into a new resampler, which looks ahead: from then on a frame in gives a whole frame out."
MOST_SAMPLES = 5_760
"Ticks of 48 kHz in one Opus packet, 120 ms (RFC 6716, section 3.2)."
_OPUS_FRAME = (480, 960, 1920, 2880)
"SILK, by the lowest bits of the configuration; hybrid uses the first two."


class Codec(Protocol):
    """One call's encoder and decoder."""

    sample_rate: int
    "Of the PCM, Hz."
    quiet: bytes
    "The payload of 20 ms of silence."

    def encode(self, pcm: bytes) -> bytes:
        """The payload for 20 ms of PCM16."""

    def decode(self, payload: bytes) -> bytes:
        """PCM16; empty where the payload is broken."""

    def samples(self, payload: bytes) -> int:
        """How many ticks of the RTP clock a payload lasts."""


_Convert = Callable[[bytes, int], bytes]


class G711:
    """PCMU or PCMA (RFC 3551, section 4.5.14): a byte is a sample."""

    sample_rate = TELEPHONE_RATE

    def __init__(self, quiet: bytes, encode: _Convert, decode: _Convert) -> None:
        self.quiet = quiet * (TELEPHONE_RATE * FRAME_MS // 1000)
        self._encode, self._decode = encode, decode

    def encode(self, pcm: bytes) -> bytes:
        """160 bytes for 320."""
        return self._encode(pcm, 2)

    def decode(self, payload: bytes) -> bytes:
        """Twice as many bytes."""
        return self._decode(payload, 2)

    samples = staticmethod(len)
    "As many as bytes."


class G722:
    """64 kbit/s (RFC 3551, section 4.5.2): two samples a byte, and an RTP clock of half the sampling rate."""

    sample_rate = SAMPLE_RATE
    quiet = b"\xff" * 160
    "The smallest steps: whatever was before, it soon stands still, near zero."

    def __init__(self) -> None:
        self._encoder = _g722("w")
        self._decoder = _g722("r")
        self._samples = 0

    def encode(self, pcm: bytes) -> bytes:
        """160 bytes for 640."""
        audio = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        audio.planes[0].update(pcm)
        audio.sample_rate = SAMPLE_RATE
        audio.pts = self._samples
        self._samples += audio.samples
        return b"".join(map(bytes, self._encoder.encode(audio)))

    def decode(self, payload: bytes) -> bytes:
        """Four times as many bytes."""
        if not payload:  # the decoder would take it for the end of the stream
            return b""
        try:
            decoded = self._decoder.decode(av.Packet(payload))
        except FFmpegError:
            return b""
        return b"".join(bytes(audio.planes[0])[: audio.samples * 2] for audio in decoded)

    def samples(self, payload: bytes) -> int:
        """As many as bytes: at 8 kHz, though it is sampled at 16 kHz."""
        return len(payload)


class Opus:
    """RFC 7587, as browsers' calls have it here: sent mono at 16 kHz, an RTP clock of 48 kHz."""

    sample_rate = SAMPLE_RATE
    quiet = QUIET

    def __init__(self) -> None:
        self._encoder = SpeechEncoder()
        self._ear = Ear()

    def encode(self, pcm: bytes) -> bytes:
        """One packet."""
        return self._encoder.encode(Frame(pcm))

    def decode(self, payload: bytes) -> bytes:
        """Whole frames of 20 ms; what is left over comes with the next packet."""
        return b"".join(frame.pcm for frame in self._ear.hear(payload, 0)) if payload else b""

    def samples(self, payload: bytes) -> int:
        """As the packet's first bytes say (RFC 6716, section 3.1)."""
        if not payload:
            return 0
        configuration, code = payload[0] >> 3, payload[0] & 3
        if configuration < 12:
            size = _OPUS_FRAME[configuration & 3]
        elif configuration < 16:
            size = _OPUS_FRAME[configuration & 1]
        else:
            size = 120 << (configuration & 3)
        frames = (payload[1] & 0x3F if len(payload) > 1 else 0) if code == 3 else (1, 2, 2)[code]
        return min(size * frames, MOST_SAMPLES)


def codec(name: str) -> Codec:
    """A codec by its name in SDP, whatever its case. Raises ValueError for one we lack."""
    match name.upper():
        case "PCMU":
            return G711(b"\xff", audioop.lin2ulaw, audioop.ulaw2lin)
        case "PCMA":
            return G711(b"\xd5", audioop.lin2alaw, audioop.alaw2lin)
        case "G722":
            return G722()
        case "OPUS":
            return Opus()
    raise ValueError("no such codec")


def primed(sample_rate: int, wanted_rate: int) -> Resampler | None:
    """A resampler that gives a whole frame for every frame; None where the rates are the same."""
    if sample_rate == wanted_rate:
        return None
    resampler = Resampler(sample_rate, wanted_rate)
    resampler.feed(bytes(sample_rate // 1000 * PRIME_MS * 2))
    return resampler


def _g722(mode: str) -> av.CodecContext:
    context = av.CodecContext.create("g722", mode)
    context.format = "s16"
    context.layout = "mono"
    context.sample_rate = SAMPLE_RATE
    if mode == "w":
        context.time_base = fractions.Fraction(1, SAMPLE_RATE)
    return context
