"""Offer and answer for one audio stream: what we offer, what we answer, what it comes to.  [core]

RFC 3264, with SDES keys (RFC 4568) and rtcp-mux (RFC 5761). Keys are random and come in from outside.
"""

from dataclasses import dataclass, field
from typing import Literal

from gateway.rtp.agreed import AgreedMedia, Direction, SrtpKey
from gateway.sip.sdp import SessionDescription

Srtp = Literal["none", "optional", "required"]


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


def offer(
    ours: MediaCapabilities, version: int, direction: Direction = Direction.SENDRECV
) -> SessionDescription:
    """Our offer: all we can do, in our order. `srtp` `optional` offers RTP/SAVP; `none` plain RTP."""
    raise NotImplementedError


def answer(
    offered: SessionDescription,
    ours: MediaCapabilities,
    version: int,
    direction: Direction = Direction.SENDRECV,
) -> tuple[SessionDescription, AgreedMedia]:
    """Our answer and what it comes to; `direction` is what we would like (`sendonly` while we hold).

    The first codec in the offer's order that we can do; the offer's payload types and its list of media, of
    which all but one audio stream are refused. Raises `ProtocolError` `media_not_acceptable` (488) when no
    audio stream fits.
    """
    raise NotImplementedError


def agree(
    our_offer: SessionDescription, answered: SessionDescription, ours: MediaCapabilities
) -> AgreedMedia:
    """What their answer to our offer comes to; 488 when it answers something that we did not offer."""
    raise NotImplementedError
