"""Offers as strangers send them: checked before aiortc sees them.  [core]

aiortc takes an offer on trust: it asserts, indexes and resolves names while it reads. Here an offer is
read once by aiortc's own parser, judged, and relieved of what could only do harm: candidates with a
`.local` name (RFC 8828; nobody outside the client's network can resolve it, and trying costs seconds)
and more candidates than any honest client has.
"""

import ipaddress
from dataclasses import dataclass

from aiortc import RTCIceCandidate
from aiortc import sdp as grammar

from gateway.protocol_error import ProtocolError

MOST_SECTIONS = 8
"Media sections; pipecat's client offers audio, camera, screen and data."
MOST_CANDIDATES = 64
"Per peer, offered or trickled. Each makes us send checks to an address that a stranger chose."

CANDIDATE = "a=candidate:"
MALFORMED = (AssertionError, AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError)
"What aiortc's parser raises on malformed text, depending on where it stumbles."


@dataclass(frozen=True, slots=True)
class CheckedOffer:
    """An offer that aiortc can take."""

    sdp: str
    user_fragment: str
    "ICE user name of the client's transport; another one means an ICE restart (RFC 8445, section 9)."
    has_data_channel: bool
    candidates: int
    "How many are left in it."


def check(sdp: str) -> CheckedOffer:
    """Read an offer; raises `ProtocolError` (`bad_sdp`) that says what is wrong with it."""
    lines = sdp.splitlines()
    if sum(line.startswith("m=") for line in lines) > MOST_SECTIONS:
        raise _bad(f"has more than {MOST_SECTIONS} media sections")
    kept = [line for line in lines if not line.startswith(CANDIDATE) or _usable(line.removeprefix(CANDIDATE))]
    candidates = sum(line.startswith(CANDIDATE) for line in kept)
    if candidates > MOST_CANDIDATES:
        raise _bad(f"has more than {MOST_CANDIDATES} candidates")
    text = "\r\n".join(kept) + "\r\n"
    description = _parse(text)
    audio = next((media for media in description.media if media.kind == "audio"), None)
    if audio is None:
        raise _bad("has no audio section")
    if not any(codec.mimeType.lower() == "audio/opus" for codec in audio.rtp.codecs):
        raise _bad("has an audio section without Opus")
    for media in description.media:
        _check_section(media)
    _check_bundle(description)
    return CheckedOffer(
        sdp=text,
        user_fragment=audio.ice.usernameFragment,
        has_data_channel=any(media.kind == "application" for media in description.media),
        candidates=candidates,
    )


def candidate(text: str, mid: str | None, index: int | None) -> RTCIceCandidate | None:
    """A trickled candidate; None when it is of no use to us (end of candidates, `.local`, not an address).

    Raises `ProtocolError` (`bad_candidate`).
    """
    text = text.removeprefix("candidate:")
    if not text or not _usable(text):
        return None
    if mid is None and index is None:
        raise ProtocolError("bad_candidate", "The candidate names neither sdp_mid nor sdp_mline_index.")
    try:
        parsed = grammar.candidate_from_sdp(text)
    except (AssertionError, ValueError) as fault:
        raise ProtocolError("bad_candidate", "The candidate does not follow RFC 8839.") from fault
    parsed.sdpMid, parsed.sdpMLineIndex = mid, index
    return parsed


def _parse(text: str) -> grammar.SessionDescription:
    try:
        return grammar.SessionDescription.parse(text)
    except MALFORMED as fault:
        raise _bad("does not follow RFC 8866") from fault


def _check_section(media: grammar.MediaDescription) -> None:
    if not media.ice.usernameFragment or not media.ice.password:
        raise _bad("has a section without ICE credentials")
    if media.dtls is None or not media.dtls.fingerprints:
        raise _bad("has a section without a DTLS fingerprint")
    if media.kind in ("audio", "video") and not media.rtcp_mux:
        raise _bad("has a media section without rtcp-mux")


def _check_bundle(description: grammar.SessionDescription) -> None:
    """Sections have names of their own, and a bundle names sections that are there (RFC 9143, section 7)."""
    names = [media.rtp.muxId for media in description.media]
    if len(set(names)) < len(names) or not all(names):
        raise _bad("has sections without a mid of their own")
    bundled = [name for group in description.group if group.semantic == "BUNDLE" for name in group.items]
    if not set(bundled) <= set(names):
        raise _bad("bundles a section that it does not have")


def _usable(text: str) -> bool:
    """Whether a candidate has an address that we can send to. A malformed one is left for the parser."""
    bits = text.split()
    if len(bits) < 8:
        return True
    try:
        ipaddress.ip_address(bits[4])
    except ValueError:
        return False
    return bits[2].lower() == "udp"


def _bad(what: str) -> ProtocolError:
    return ProtocolError("bad_sdp", f"The offer {what}.")
