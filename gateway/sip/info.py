"""Keypad digits in INFO requests, as many phones and PBXs still send them.  [core]

RFC 6086 for INFO; the bodies are Cisco's `dtmf-relay` and the older `application/dtmf`.
"""

import re

from gateway.protocol_error import ProtocolError
from gateway.sip.body import media_type
from gateway.sip.call_events import Digit
from gateway.sip.message import Request

RELAY = "application/dtmf-relay"
ACCEPTED = f"{RELAY}, application/dtmf"
USUAL_MS = 160
LONGEST_MS = 10_000
_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*(\S{1,2})\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(rb"^\s*Duration\s*=\s*(\d{1,6})\s*$", re.IGNORECASE | re.MULTILINE)
_EVENTS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
"Some write the event's number (RFC 4733) instead of the sign."


def digit(request: Request) -> Digit | None:
    """The digit in an INFO; None for one without a body, which only wants to know whether we are there.

    Raises `ProtocolError`: 469 for an Info-Package (we have none), 415 for another kind of body, 400.
    """
    if request.headers.get("Info-Package"):
        raise ProtocolError("bad_info_package", "no info package is understood here", 469)
    if not request.body.strip():
        return None
    kind = media_type(request)
    if kind == "application/dtmf":
        return Digit(_sign(request.body.strip()), USUAL_MS)
    if kind != RELAY:
        raise ProtocolError("unsupported_body", "an INFO of this kind is not understood here", 415)
    signal = _SIGNAL.search(request.body)
    if signal is None:
        raise ProtocolError("bad_digit", "the INFO names no digit", 400)
    duration = _DURATION.search(request.body)
    return Digit(_sign(signal[1]), min(int(duration[1]), LONGEST_MS) if duration else USUAL_MS)


def relay(sign: str, duration_ms: int) -> bytes:
    """The body of an INFO of ours."""
    return f"Signal={sign}\r\nDuration={duration_ms}\r\n".encode()


def _sign(text: bytes) -> str:
    sign = text.decode("ascii", "replace").upper()
    sign = _EVENTS.get(sign, sign)
    if not re.fullmatch("[0-9*#A-D]", sign):
        raise ProtocolError("bad_digit", "the INFO names no digit", 400)
    return sign
