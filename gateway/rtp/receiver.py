"""What is heard: packets of one call to a frame every 20 ms, whatever the network did.  [core]

Packets wait in the jitter buffer, are decoded when they are due, and cut or put together to 20 ms. What is
missing is concealed for a moment, then it is silence, or comfort noise where the sender said so.
"""

import audioop

from gateway.rtp.agreed import AgreedMedia
from gateway.rtp.codec import Codec, primed
from gateway.rtp.comfort_noise import ComfortNoise
from gateway.rtp.concealment import Concealment
from gateway.rtp.dtmf import Digit, DigitReceiver
from gateway.rtp.jitter import JitterBuffer, Missing
from gateway.rtp.packet import RtpPacket
from gateway.rtp.statistics import Reception
from pipelines.audio import FRAME_MS, Frame

QUIET = 100
"Root mean square, of 32 768 (-50 dB): 20 ms more or less are not heard here."


class RtpReceiver:
    """One direction of one call, from the first packet of a source on."""

    __slots__ = (
        "_agreed",
        "_codec",
        "_concealment",
        "_digits",
        "_frame_bytes",
        "_jitter",
        "_noise",
        "_pcm",
        "_quiet",
        "_resampler",
        "_sample_rate",
        "reception",
    )

    def __init__(self, agreed: AgreedMedia, codec: Codec, sample_rate: int) -> None:
        self._agreed = agreed
        self._codec = codec
        self._sample_rate = sample_rate
        self._frame_bytes = codec.sample_rate * FRAME_MS // 1000 * 2
        self._resampler = primed(codec.sample_rate, sample_rate)
        self._pcm = b""
        "Decoded, and not yet a whole frame."
        self._quiet = True
        self.reception: Reception | None = None
        "Of the source that is heard at present."
        self._begin()

    @property
    def ssrc(self) -> int | None:
        """Of the source that is heard; None until one was."""
        return self.reception.ssrc if self.reception else None

    def begin(self, ssrc: int, sequence: int) -> None:
        """Another source is heard from now on."""
        self.reception = Reception(ssrc, sequence, self._agreed.clock_rate)
        self._begin()

    def receive(self, packet: RtpPacket, now_ms: int) -> list[Digit] | None:
        """A packet of the present source came; keys that were pressed. Raises `ProtocolError`."""
        assert self.reception is not None
        self.reception.count(packet.sequence, packet.timestamp, now_ms)
        if packet.payload_type == self._agreed.payload_type:
            if packet.payload:
                self._jitter.add(packet, now_ms)
            return None
        self._jitter.no_audio(packet.sequence)
        if packet.payload_type == self._agreed.dtmf_payload_type:
            return self._digits.receive(packet, now_ms)
        self._noise.receive(packet.payload)
        return None

    def overdue(self, now_ms: int) -> list[Digit]:
        """A key whose release was not told."""
        return self._digits.overdue(now_ms)

    def hear(self, now_ms: int) -> Frame:
        """The next 20 ms."""
        wanted = self._frame_bytes
        pcm = self._pcm
        came, filled = True, False
        while len(pcm) < wanted:
            payload = self._jitter.take(now_ms, quiet=self._quiet and not pcm)
            if isinstance(payload, bytes):
                pcm += self._codec.decode(payload)
                continue
            came = False
            concealed = self._concealment.conceal() if payload is Missing.LOST else None
            filled = concealed is None
            pcm += concealed or self._noise.frame()
        if len(pcm) == wanted:
            self._pcm = b""
        else:
            pcm, self._pcm = pcm[:wanted], pcm[wanted:]
        if came:
            pcm = self._concealment.heard(pcm)
        self._quiet = filled or (self._jitter.adjusting and audioop.rms(pcm, 2) < QUIET)
        if self._resampler is not None:
            pcm = self._resampler.feed(pcm)
        return Frame(pcm, self._sample_rate, filled)

    @property
    def delay_ms(self) -> int:
        """What the jitter buffer adds at present."""
        return self._jitter.delay_ms

    def take_dropped(self) -> dict[str, int]:
        """Packets of the present source that were not played since the last look, by reason."""
        jitter = self._jitter
        counts = {"late": jitter.late, "duplicate": jitter.duplicates, "surplus": jitter.dropped}
        jitter.late = jitter.duplicates = jitter.dropped = 0
        return counts

    def _begin(self) -> None:
        clock_rate, rate = self._agreed.clock_rate, self._codec.sample_rate
        self._jitter = JitterBuffer(clock_rate, self._codec.samples)
        self._digits = DigitReceiver(clock_rate)
        self._concealment = Concealment(rate)
        self._noise = ComfortNoise(rate)
