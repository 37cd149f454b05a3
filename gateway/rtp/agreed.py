"""What offer and answer came to for one call's audio: the terms on which a stream sends and hears.  [core]

Written by whoever speaks SDP, read by the stream. Knows neither.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    """Which way media flows, as seen from us (RFC 8866, section 6.7; RFC 3264, section 6.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether we may send."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether we expect to hear anything."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """One direction's SRTP master key, as SDES carries it (RFC 4568, section 6)."""

    suite: str
    "`AES_CM_128_HMAC_SHA1_80`, `AES_CM_128_HMAC_SHA1_32` or `AEAD_AES_128_GCM`."
    key: bytes = field(repr=False)
    "Master key followed by master salt: 30 bytes for AES_CM, 28 for GCM."


@dataclass(frozen=True, slots=True)
class AgreedMedia:
    """One audio stream, both ways. Every field is ours to obey; the remote fields say where to send."""

    codec: str
    "`PCMU`, `PCMA`, `G722` or `opus`, spelt as the RTP parameters registry does."
    payload_type: int
    "Of the codec, 0-127, both ways."
    clock_rate: int
    "Of the RTP timestamps, Hz: 8000 for G.711 and, by an old mistake, for G.722; 48000 for Opus."
    dtmf_payload_type: int | None
    "Of telephone events at the codec's clock rate (RFC 4733); None when the other side takes none."
    comfort_noise_payload_type: int | None
    "Of comfort noise (RFC 3389), 13 as a rule; None when it was not agreed."
    ptime_ms: int
    "What the other side would like in one packet; only a wish (RFC 8866, section 6.4). We send 20 ms always."
    remote_host: str
    "Address literal; empty or unspecified (0.0.0.0, ::) when there is nowhere to send yet."
    remote_port: int
    remote_rtcp_port: int
    "The same as `remote_port` with `rtcp_mux`, else as a rule the one above it."
    rtcp_mux: bool
    "RTCP comes and goes on the RTP port (RFC 5761)."
    direction: Direction
    "Ours."
    srtp_send: SrtpKey | None = None
    "What we protect with; None for plain RTP."
    srtp_receive: SrtpKey | None = None
    "What the other side protects with; None for plain RTP."
