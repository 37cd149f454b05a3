"""Session descriptions as SIP carries them: what is said about one audio stream, read and written.  [core]

RFC 8866 in full is a language; this reads what matters to one stream of telephone audio and remembers just
enough of the other media to refuse each in its place (RFC 3264, section 6). Reading is tolerant where real
phones are sloppy (bare line feeds, attributes of no meaning to us) and bounded in everything.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import Direction
from gateway.sip import sdes
from gateway.sip.sdes import Crypto

LONGEST = 16_384
"Bytes of a description."
MOST_MEDIA = 16
MOST_FORMATS = 64
"Payload types of one stream."
USUAL_PTIME_MS = 20
STATIC = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    13: ("CN", 8000),
    18: ("G729", 8000),
}
"Payload types that need no `a=rtpmap` (RFC 3551, section 6)."
RTP = re.compile(r"RTP/(?P<secure>S?)AVP(?P<feedback>F?)")

_ORIGIN = re.compile(r"\S+ (\d{1,20}) (\d{1,20}) IN IP[46] ([\w.:-]{1,255})", re.ASCII)
_CONNECTION = re.compile(r"IN IP[46] ([\w.:-]{1,255})(?:/[\d/]{1,16})?", re.ASCII)
_MEDIA = re.compile(r"([\w-]{1,32}) (\d{1,5})(?:/\d{1,5})? ([\w./-]{1,64}) ([\x21-\x7e ]{1,1024})", re.ASCII)
_RTPMAP = re.compile(r"(\d{1,3}) +([\w.-]{1,64})/(\d{1,7})(?:/(\d{1,2}))?", re.ASCII)
_FMTP = re.compile(r"(\d{1,3}) +([\x20-\x7e]{1,512})")
_DIRECTIONS = {direction.value: direction for direction in Direction}


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

    def is_a(self, name: str) -> bool:
        """Whether this is the format of that name, however it is spelt."""
        return self.name.lower() == name.lower()


@dataclass(frozen=True, slots=True)
class Audio:
    """An audio stream over RTP: an `m=audio` line with everything that belongs to it."""

    host: str
    "Address literal (or a name, which we never look up); of the stream's `c=` line, else of the session's."
    port: int
    "0: the stream is refused or over."
    codecs: tuple[Codec, ...]
    "In the order of preference."
    protocol: str = "RTP/AVP"
    "`RTP/AVP`, `RTP/SAVP`, or either with `F` (feedback). An answer names the offer's."
    direction: Direction = Direction.SENDRECV
    "As its sender sees it."
    ptime_ms: int = USUAL_PTIME_MS
    rtcp_port: int | None = None
    "`a=rtcp` (RFC 3605); None: the one above `port`."
    rtcp_mux: bool = False
    cryptos: tuple[Crypto, ...] = ()
    "Only those of suites that we know, in the order of preference."

    @property
    def secure(self) -> bool:
        """Whether it must be SRTP. Keys may be offered without that too (`RTP/AVP` with `a=crypto`)."""
        return self.protocol.startswith("RTP/S")

    @property
    def takes_nothing(self) -> bool:
        """The address says that there is nowhere to send to: hold as RFC 2543 did it (RFC 3264, 8.4)."""
        return self.host in ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class OtherMedia:
    """A stream that is not for us; in an answer, one that is refused."""

    kind: str
    protocol: str
    formats: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description."""

    session_id: int
    version: int
    "Rises by one with each change (RFC 3264, section 8)."
    host: str
    "In the `o=` line."
    media: tuple[Audio | OtherMedia, ...]
    "In order. An answer has one for each of the offer's."

    @property
    def audio(self) -> Audio | None:
        """The first audio stream that is not refused."""
        return next((m for m in self.media if isinstance(m, Audio) and m.port), None)

    def __bytes__(self) -> bytes:
        lines = [
            "v=0",
            f"o=- {self.session_id} {self.version} IN {_address(self.host)}",
            "s=-",
            f"c=IN {_address(self.host)}",
            "t=0 0",
        ]
        for media in self.media:
            lines += _audio_lines(media, self.host) if isinstance(media, Audio) else [_other_line(media)]
        return ("\r\n".join(lines) + "\r\n").encode()


# --- writing ---


def _address(host: str) -> str:
    return f"IP6 {host}" if ":" in host else f"IP4 {host}"


def _other_line(media: OtherMedia) -> str:
    return f"m={media.kind} {media.port} {media.protocol} {media.formats}"


def _audio_lines(audio: Audio, session_host: str) -> list[str]:
    formats = " ".join(str(codec.payload_type) for codec in audio.codecs) or "0"
    lines = [f"m=audio {audio.port} {audio.protocol} {formats}"]
    if audio.host != session_host:
        lines.append(f"c=IN {_address(audio.host)}")
    for codec in audio.codecs:
        channels = f"/{codec.channels}" if codec.channels != 1 else ""
        lines.append(f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}")
        if codec.parameters:
            lines.append(f"a=fmtp:{codec.payload_type} {codec.parameters}")
    lines += [f"a=ptime:{audio.ptime_ms}", f"a={audio.direction}"]
    if audio.rtcp_port is not None:
        lines.append(f"a=rtcp:{audio.rtcp_port}")
    if audio.rtcp_mux:
        lines.append("a=rtcp-mux")
    lines += [f"a=crypto:{crypto}" for crypto in audio.cryptos]
    return lines


# --- reading ---


def parse(text: bytes) -> SessionDescription:
    """Read a description.

    Raises `ProtocolError`: `sdp_malformed` (400) when it is none, `media_not_acceptable` (488) when it is one
    that nobody could use: without media.
    """
    session, *streams = _sections(_lines(text))
    if session.first("v") != "0":
        raise malformed("The session description does not begin with its version.")
    origin = _ORIGIN.fullmatch(session.first("o"))
    if origin is None:
        raise malformed("The session description has no usable origin.")
    if not streams:
        raise ProtocolError("media_not_acceptable", "The session description has no media.", 488)
    if len(streams) > MOST_MEDIA:
        raise malformed("The session description has too many media.")
    media = tuple(_media(stream, session) for stream in streams)
    return SessionDescription(int(origin[1]), int(origin[2]), origin[3], media)


def malformed(message: str) -> ProtocolError:
    """What a description that cannot be read is answered with."""
    return ProtocolError("sdp_malformed", message, 400)


class _Section:
    """The lines of the session, or of one `m=`: by type, in order."""

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}

    def add(self, kind: str, value: str) -> None:
        self._values.setdefault(kind, []).append(value)

    def first(self, kind: str) -> str:
        return next(iter(self._values.get(kind, [])), "")

    def attributes(self, name: str) -> Iterator[str]:
        """The values of `a=name:…`, "" for a bare `a=name`."""
        for attribute in self._values.get("a", []):
            found, _, value = attribute.partition(":")
            if found == name:
                yield value.strip()

    def direction(self) -> Direction | None:
        return next((_DIRECTIONS[a] for a in self._values.get("a", []) if a in _DIRECTIONS), None)


def _lines(text: bytes) -> Iterator[tuple[str, str]]:
    if len(text) > LONGEST:
        raise ProtocolError("sdp_too_long", "The session description is too long.", 413)
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        raise malformed("The session description is not UTF-8 text.") from None
    for line in filter(None, (line.rstrip("\r") for line in decoded.split("\n"))):
        if line[1:2] != "=" or not line[0].isalpha():
            raise malformed("A line of the session description has no type.")
        yield line[0], line[2:].strip(" ")


def _sections(lines: Iterator[tuple[str, str]]) -> list[_Section]:
    sections = [_Section()]
    for kind, value in lines:
        if kind == "m":
            sections.append(_Section())
        sections[-1].add(kind, value)
    return sections


def _media(stream: _Section, session: _Section) -> Audio | OtherMedia:
    line = _MEDIA.fullmatch(stream.first("m"))
    if line is None or int(line[2]) > 65535:
        raise malformed("A media line of the session description cannot be read.")
    if line[1] != "audio" or not RTP.fullmatch(line[3]):
        return OtherMedia(line[1], line[3], line[4], int(line[2]))
    return Audio(
        host=_host(stream, session, needed=line[2] != "0"),
        port=int(line[2]),
        codecs=_codecs(line[4], stream),
        protocol=line[3],
        direction=stream.direction() or session.direction() or Direction.SENDRECV,
        ptime_ms=_number(stream, "ptime", 10, 200) or USUAL_PTIME_MS,
        rtcp_port=_number(stream, "rtcp", 1, 65535),
        rtcp_mux=any(True for _ in stream.attributes("rtcp-mux")),
        cryptos=tuple(sdes.parse_all(stream.attributes("crypto"))),
    )


def _host(stream: _Section, session: _Section, *, needed: bool) -> str:
    line = stream.first("c") or session.first("c")
    connection = _CONNECTION.fullmatch(line)
    if connection is None:
        if line or needed:
            raise malformed("The session description does not say where to send.")
        return ""
    return canonical(connection[1])


def canonical(host: str) -> str:
    """An address literal in its usual spelling; a name as it is."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()


def _codecs(formats: str, stream: _Section) -> tuple[Codec, ...]:
    """The formats of an `m=` line that the description explains; the others nobody can use."""
    listed = formats.split()
    if len(listed) > MOST_FORMATS:
        raise malformed("A media line of the session description has too many formats.")
    maps = {m[1]: m for value in stream.attributes("rtpmap") if (m := _RTPMAP.fullmatch(value))}
    parameters = {m[1]: m[2] for value in stream.attributes("fmtp") if (m := _FMTP.fullmatch(value))}
    codecs: dict[int, Codec] = {}
    for text in listed:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 128
        if number > 127 or number in codecs:
            continue
        if explained := maps.get(text):
            name, rate, channels = explained[2], int(explained[3]), int(explained[4] or 1)
        elif number in STATIC:
            (name, rate), channels = STATIC[number], 1
        else:
            continue
        codecs[number] = Codec(number, name, rate, channels, parameters.get(text, ""))
    return tuple(codecs.values())


def _number(stream: _Section, name: str, least: int, most: int) -> int | None:
    text = next(stream.attributes(name), "").split(" ", 1)[0]
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    return int(text) if least <= int(text) <= most else None
