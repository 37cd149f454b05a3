"""What is said: a packet every 20 ms, digits in between.  [core]

Where nothing is said silence is sent, so that NATs stay open and the other side hears a live line. While a
key is pressed its packets take the place of audio (RFC 4733, section 2.5.1.2), and what is to be said waits.
"""

import struct

from gateway.rtp.agreed import AgreedMedia
from gateway.rtp.codec import Codec, primed
from gateway.rtp.dtmf import DigitSender
from pipelines.audio import FRAME_MS, Frame, silence
from pipelines.resampler import Resampler

FADING_FRAMES = 3
"Silent frames that are really encoded after speech, so that a codec with a memory fades instead of clicking."
_HEADER = struct.Struct("!BBHII")
_VERSION = 0x80
_MARKER = 0x80


class RtpSender:
    """One synchronisation source: ours. `sequence` and `timestamp` are where its numbers begin, at random."""

    __slots__ = (
        "_agreed",
        "_codec",
        "_digits",
        "_marker",
        "_quiet_for",
        "_resampler",
        "_sequence",
        "_silence",
        "_ticks",
        "octets",
        "packets",
        "ssrc",
        "timestamp",
    )

    def __init__(self, ssrc: int, sequence: int, timestamp: int) -> None:
        self.ssrc = ssrc
        self._sequence = sequence
        self.timestamp = timestamp
        "Of the next 20 ms."
        self.packets = self.octets = 0
        "Sent so far; octets of payload."
        self._quiet_for = FADING_FRAMES
        self._marker = _MARKER

    def configure(self, agreed: AgreedMedia, codec: Codec, sample_rate: int) -> None:
        """Send on these terms from now on. `sample_rate` is that of the frames handed in."""
        self._agreed, self._codec = agreed, codec
        self._resampler: Resampler | None = primed(sample_rate, codec.sample_rate)
        self._silence = silence(sample_rate).pcm
        self._ticks = agreed.clock_rate * FRAME_MS // 1000
        self._digits = DigitSender(agreed.clock_rate)
        self._marker = _MARKER

    @property
    def pressing(self) -> bool:
        """Whether keys are being pressed: `send` has no use for a frame then."""
        return self._digits.active

    def press(self, digits: str, duration_ms: int) -> bool:
        """Queue keys; False when telephone events were not agreed. Raises ValueError for what is no key."""
        if self._agreed.dtmf_payload_type is None:
            return False
        self._digits.press(digits, duration_ms)
        return True

    def send(self, frame: Frame | None) -> bytes:
        """The packet for the next 20 ms; silence when there is no frame."""
        timestamp = self.timestamp
        self.timestamp = timestamp + self._ticks & 0xFFFFFFFF
        if self._digits.active and (event := self._digits.take(timestamp)):
            payload, begun, first = event
            return self._packet(self._agreed.dtmf_payload_type or 0, payload, begun, _MARKER if first else 0)
        payload = self._audio(frame)
        marker, self._marker = self._marker, 0
        return self._packet(self._agreed.payload_type, payload, timestamp, marker)

    def pause(self) -> None:
        """Nothing is sent for these 20 ms."""
        self.timestamp = self.timestamp + self._ticks & 0xFFFFFFFF
        self._marker = _MARKER

    def _audio(self, frame: Frame | None) -> bytes:
        if frame is not None:
            self._quiet_for = 0
            pcm = frame.pcm
        elif self._quiet_for < FADING_FRAMES:
            self._quiet_for += 1
            pcm = self._silence
        else:
            return self._codec.quiet
        return self._codec.encode(self._resampler.feed(pcm) if self._resampler else pcm)

    def _packet(self, payload_type: int, payload: bytes, timestamp: int, marker: int) -> bytes:
        sequence = self._sequence
        self._sequence = sequence + 1 & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return _HEADER.pack(_VERSION, payload_type | marker, sequence, timestamp, self.ssrc) + payload
