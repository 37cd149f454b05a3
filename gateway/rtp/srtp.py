"""SRTP and SRTCP (RFC 3711, RFC 7714) with keys that came by SDES: protect, unprotect.  [core]

Relies on libsrtp through pylibsrtp, which also keeps the replay window and the roll-over counter.
"""

import pylibsrtp
from pylibsrtp import Policy, Session

from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import SrtpKey

LONGEST = 1_350
"Bytes of a datagram; libsrtp's binding works in a buffer of 1500 and needs room for the tag."
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}
KEY_BYTES = {"AES_CM_128_HMAC_SHA1_80": 30, "AES_CM_128_HMAC_SHA1_32": 30, "AEAD_AES_128_GCM": 28}
"Master key and salt together."


class SrtpSender:
    """Protects what we send."""

    def __init__(self, key: SrtpKey) -> None:
        self._session = Session(_policy(key, Policy.SSRC_ANY_OUTBOUND))

    def rtp(self, packet: bytes) -> bytes:
        """The packet, encrypted and signed."""
        return bytes(self._session.protect(packet))

    def rtcp(self, packet: bytes) -> bytes:
        """The compound, encrypted and signed."""
        return bytes(self._session.protect_rtcp(packet))


class SrtpReceiver:
    """Checks and opens what we receive; raises `ProtocolError` for what is forged, broken or replayed."""

    def __init__(self, key: SrtpKey) -> None:
        self._session = Session(_policy(key, Policy.SSRC_ANY_INBOUND))

    def rtp(self, packet: bytes) -> bytes:
        """The packet inside."""
        _fits(packet)
        try:
            return bytes(self._session.unprotect(packet))
        except pylibsrtp.Error as error:
            raise _refused(error) from None

    def rtcp(self, packet: bytes) -> bytes:
        """The compound inside."""
        _fits(packet)
        try:
            return bytes(self._session.unprotect_rtcp(packet))
        except pylibsrtp.Error as error:
            raise _refused(error) from None


def _policy(key: SrtpKey, ssrc_type: int) -> Policy:
    if len(key.key) != KEY_BYTES[key.suite]:
        raise ValueError(f"a key for {key.suite} has {KEY_BYTES[key.suite]} bytes")
    return Policy(key=key.key, ssrc_type=ssrc_type, srtp_profile=SUITES[key.suite])


def _fits(packet: bytes) -> None:
    if len(packet) > LONGEST:
        raise ProtocolError("srtp_too_long", "An SRTP packet of a call has at most 1350 bytes.")


def _refused(error: pylibsrtp.Error) -> ProtocolError:
    if "replay" in str(error) or "too old" in str(error):
        return ProtocolError("srtp_replayed", "The SRTP packet came before.")
    return ProtocolError("srtp_not_authentic", "The SRTP packet is not authentic.")
