"""Offer and answer for one audio stream: what we offer, what we answer, what it comes to.  [core]

RFC 3264, with SDES keys (RFC 4568) and rtcp-mux (RFC 5761). Keys are random and come in from outside. An
answer of ours names one codec, so that nobody changes it in the middle of a call.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import AgreedMedia, Direction, SrtpKey
from gateway.sip.sdes import Crypto
from gateway.sip.sdp import Audio, Codec, OtherMedia, SessionDescription

Srtp = Literal["none", "optional", "required"]

EVENTS = "0-16"
"Telephone events that we take: keys, A-D and flash (RFC 4733, section 3.2)."
OFFERED = {
    "opus": Codec(111, "opus", 48_000, 2, "useinbandfec=1;usedtx=0"),
    "G722": Codec(9, "G722", 8000),
    "PCMU": Codec(0, "PCMU", 8000),
    "PCMA": Codec(8, "PCMA", 8000),
}
"How we offer each codec; opus says two channels whatever it carries (RFC 7587, section 7)."
EVENT_TYPES = {8000: 101, 48_000: 110}
"Payload types of telephone events in our offers, by clock rate."


@dataclass(frozen=True, slots=True)
class MediaCapabilities:
    """What our end of one call can do."""

    host: str
    "The address we tell others to send to."
    port: int
    "RTP; RTCP is on the next one unless it shares this."
    session_id: int
    "Of our `o=` line; the same for the whole call."
    codecs: tuple[str, ...] = ("opus", "G722", "PCMU", "PCMA")
    "In our order of preference, spelt as in `AgreedMedia.codec`."
    srtp: Srtp = "none"
    keys: tuple[SrtpKey, ...] = field(default=(), repr=False)
    "One of ours for each suite we know, in order of preference; used when SRTP is agreed."
    rtcp_mux: bool = True

    def description(self, version: int, *media: Audio | OtherMedia) -> SessionDescription:
        """A description of ours."""
        return SessionDescription(self.session_id, version, self.host, media)


def offer(
    ours: MediaCapabilities, version: int, direction: Direction = Direction.SENDRECV
) -> SessionDescription:
    """Our offer: all we can do, in our order.

    SRTP that is `required` is offered as RTP/SAVP; `optional` as RTP/AVP with keys, which those who know no
    SRTP pass over.
    """
    codecs = [OFFERED[name] for name in ours.codecs]
    rates = dict.fromkeys(codec.clock_rate for codec in codecs)
    events = [Codec(EVENT_TYPES[rate], "telephone-event", rate, 1, EVENTS) for rate in rates]
    audio = Audio(
        host=ours.host,
        port=ours.port,
        codecs=(*codecs, *events),
        protocol="RTP/SAVP" if ours.srtp == "required" else "RTP/AVP",
        direction=direction,
        rtcp_mux=ours.rtcp_mux,
        cryptos=() if ours.srtp == "none" else tuple(Crypto(n, key) for n, key in enumerate(ours.keys, 1)),
    )
    return ours.description(version, audio)


def answer(
    offered: SessionDescription,
    ours: MediaCapabilities,
    version: int,
    direction: Direction = Direction.SENDRECV,
) -> tuple[SessionDescription, AgreedMedia]:
    """Our answer and what it comes to; `direction` is what we would like (`sendonly` while we hold).

    The first codec in our order that is offered, under the offer's payload type; of the offer's media all but
    one audio stream are refused. Raises `ProtocolError` `media_not_acceptable` (488) when no audio stream
    fits.
    """
    for theirs in _by_preference(offered, ours):
        codec = _best(theirs, ours)
        crypto = _chosen(theirs.cryptos, ours)
        if codec is None or _insecure(theirs, crypto is not None, ours) or not _reachable(theirs.host):
            continue
        mine = Audio(
            host=ours.host,
            port=ours.port,
            codecs=tuple(filter(None, [codec, _events(theirs, codec), _comfort_noise(theirs, codec)])),
            protocol=theirs.protocol,
            direction=_direction(theirs, direction),
            rtcp_mux=theirs.rtcp_mux and ours.rtcp_mux,
            cryptos=(crypto[0],) if crypto else (),
        )
        media = (mine if m is theirs else _refused(m) for m in offered.media)
        return ours.description(version, *media), _agreed(mine, theirs, crypto)
    raise _not_acceptable("None of the offered audio is any that we can take.")


def agree(
    our_offer: SessionDescription, answered: SessionDescription, ours: MediaCapabilities
) -> AgreedMedia:
    """What their answer to our offer comes to; raises 488 when it answers something that we did not offer."""
    mine, theirs = our_offer.audio, answered.audio
    if mine is None or theirs is None or theirs is not answered.media[0]:
        raise _not_acceptable("The answer takes no audio.")
    codec = next((c for c in theirs.codecs if _ours(c, mine.codecs)), None)
    if codec is None or theirs.protocol != mine.protocol or not _reachable(theirs.host):
        raise _not_acceptable("The answer names something that was not offered.")
    pairs = (
        (m, t) for t in theirs.cryptos for m in mine.cryptos if (m.tag, m.key.suite) == (t.tag, t.key.suite)
    )
    crypto = next(pairs, None)
    if _insecure(theirs, crypto is not None, ours):
        raise _not_acceptable("The answer does not encrypt the audio.")
    chosen = tuple(filter(None, [codec, _events(theirs, codec), _comfort_noise(theirs, codec)]))
    settled = replace(
        mine,
        codecs=chosen,
        direction=_direction(theirs, mine.direction),
        rtcp_mux=mine.rtcp_mux and theirs.rtcp_mux,
    )
    return _agreed(settled, theirs, crypto)


# --- which stream, which codec ---


def _by_preference(offered: SessionDescription, ours: MediaCapabilities) -> Iterator[Audio]:
    """The audio streams that are not refused; encrypted ones first where we can do that."""
    streams = [m for m in offered.media if isinstance(m, Audio) and m.port]
    return iter(sorted(streams, key=lambda audio: not audio.secure) if ours.srtp != "none" else streams)


def _best(theirs: Audio, ours: MediaCapabilities) -> Codec | None:
    """The codec we like best of those offered, as the offer writes it."""
    known = (OFFERED[name] for name in ours.codecs)
    return next((codec for mine in known for codec in theirs.codecs if _same(codec, mine)), None)


def _ours(codec: Codec, offered: Iterable[Codec]) -> bool:
    return any(_same(codec, mine) for mine in offered if mine.name in OFFERED)


def _same(theirs: Codec, mine: Codec) -> bool:
    """Whether they are one format. Some write opus with one channel; it makes no difference to opus."""
    channels = theirs.channels == mine.channels or mine.is_a("opus")
    return theirs.is_a(mine.name) and theirs.clock_rate == mine.clock_rate and channels


def _events(theirs: Audio, codec: Codec) -> Codec | None:
    """Telephone events at the codec's clock rate; else, as many phones offer them beside opus, at any."""
    events = [c for c in theirs.codecs if c.is_a("telephone-event")]
    found = next((c for c in events if c.clock_rate == codec.clock_rate), next(iter(events), None))
    return replace(found, parameters=EVENTS) if found else None


def _comfort_noise(theirs: Audio, codec: Codec) -> Codec | None:
    return next((c for c in theirs.codecs if c.is_a("CN") and c.clock_rate == codec.clock_rate), None)


def _refused(media: Audio | OtherMedia) -> OtherMedia:
    """Port 0, and the format list is of no meaning but must be there (RFC 3264, section 6)."""
    if isinstance(media, OtherMedia):
        return replace(media, port=0)
    formats = " ".join(str(codec.payload_type) for codec in media.codecs)
    return OtherMedia("audio", media.protocol, formats or "0")


# --- direction, addresses, keys ---


def _direction(theirs: Audio, wish: Direction) -> Direction:
    """Ours, for theirs and what we would like (RFC 3264, section 6.1)."""
    sends = wish.sends and theirs.direction.receives and not theirs.takes_nothing
    receives = wish.receives and theirs.direction.sends
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


def _reachable(host: str) -> bool:
    """Whether it is an address of one machine (or of none, for hold); names are not looked up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (address.is_multicast or host == "255.255.255.255")


def _chosen(offered: Iterable[Crypto], ours: MediaCapabilities) -> tuple[Crypto, Crypto] | None:
    """Our key under the tag of theirs, and theirs: the first in the offer's order that we can do."""
    if ours.srtp == "none":
        return None
    for theirs in offered:
        for key in ours.keys:
            if key.suite == theirs.key.suite:
                return Crypto(theirs.tag, key), theirs
    return None


def _insecure(theirs: Audio, encrypted: bool, ours: MediaCapabilities) -> bool:
    """Whether a stream is less secure than it says it is, or than we must have it."""
    return not encrypted and (theirs.secure or ours.srtp == "required")


def _agreed(mine: Audio, theirs: Audio, crypto: tuple[Crypto, Crypto] | None) -> AgreedMedia:
    codec, *others = mine.codecs
    types = {c.name.lower(): c.payload_type for c in others}
    name = next(name for name in OFFERED if codec.is_a(name))
    return AgreedMedia(
        codec=name,
        payload_type=codec.payload_type,
        clock_rate=codec.clock_rate,
        dtmf_payload_type=types.get("telephone-event"),
        comfort_noise_payload_type=types.get("cn"),
        ptime_ms=theirs.ptime_ms,
        remote_host="" if theirs.takes_nothing else theirs.host,
        remote_port=theirs.port,
        remote_rtcp_port=theirs.port if mine.rtcp_mux else theirs.rtcp_port or min(theirs.port + 1, 65535),
        rtcp_mux=mine.rtcp_mux,
        direction=mine.direction,
        srtp_send=crypto[0].key if crypto else None,
        srtp_receive=crypto[1].key if crypto else None,
    )


def _not_acceptable(message: str) -> ProtocolError:
    return ProtocolError("media_not_acceptable", message, 488)
