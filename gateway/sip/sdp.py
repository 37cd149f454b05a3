"""Session descriptions as SIP carries them: what is said about one audio stream, read and written.  [core]

RFC 8866 in full would be a language; this reads what matters to one stream of telephone audio and remembers
just enough of the other media to refuse each in its place (RFC 3264, section 6). Reading is tolerant where
real phones are sloppy (bare line feeds, lines out of order) and bounded in everything.
"""

from dataclasses import dataclass, field

from gateway.rtp.agreed import Direction, SrtpKey


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload format that a description offers (`a=rtpmap` and `a=fmtp`)."""

    payload_type: int
    "0-127."
    name: str
    "As it was spelt; compare without regard to case."
    clock_rate: int
    "Hz."
    channels: int = 1
    parameters: str = ""
    "What `a=fmtp` says."


@dataclass(frozen=True, slots=True)
class Crypto:
    """One SRTP key that a description offers (`a=crypto`, RFC 4568)."""

    tag: int
    key: SrtpKey


@dataclass(frozen=True, slots=True)
class Audio:
    """An audio stream: an `m=audio` line with everything that belongs to it."""

    host: str
    "Address literal (or a name, which we never look up); of the stream's `c=` line, else of the session's."
    port: int
    "0: the stream is refused or over."
    secure: bool
    "RTP/SAVP rather than RTP/AVP."
    codecs: tuple[Codec, ...]
    "In the order of preference."
    direction: Direction = Direction.SENDRECV
    "As its sender sees it."
    ptime_ms: int = 20
    rtcp_port: int | None = None
    "`a=rtcp` (RFC 3605); None: the one above `port`."
    rtcp_mux: bool = False
    cryptos: tuple[Crypto, ...] = ()
    "Only those of suites that we know, in the order of preference."
    feedback: bool = False
    "RTP/AVPF or RTP/SAVPF; an answer must name the same profile."


@dataclass(frozen=True, slots=True)
class OtherMedia:
    """A stream that we refuse: what its `m=` line must look like in an answer."""

    kind: str
    protocol: str
    formats: str


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description."""

    session_id: int
    version: int
    "Rises by one with each change (RFC 3264, section 8)."
    host: str
    "In the `o=` line."
    media: tuple[Audio | OtherMedia, ...] = field(default=())
    "In order. An answer has exactly the offer's."

    @property
    def audio(self) -> Audio | None:
        """The first audio stream that is not refused."""
        return next((m for m in self.media if isinstance(m, Audio) and m.port), None)

    def __bytes__(self) -> bytes:
        raise NotImplementedError


def parse(text: bytes) -> SessionDescription:
    """Read a description.

    Raises `ProtocolError`: `sdp_malformed` (400) when it is none, `media_not_acceptable` (488) when it is one
    that nobody could use, such as one without media.
    """
    raise NotImplementedError
