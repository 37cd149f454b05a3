"""What a message's body holds: the session description, also out of a multipart body.  [core]"""

import re

from gateway.protocol_error import ProtocolError
from gateway.sip.message import Message

SDP = "application/sdp"
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


def media_type(message: Message) -> str:
    """Type and subtype in lower case, without parameters; empty when nothing is said."""
    return (message.headers.get("Content-Type") or "").split(";")[0].strip().lower()


def session_description(message: Message) -> bytes | None:
    """The description that a message carries; None when it has no body.

    Carriers put it beside ISUP or location data (`multipart/mixed`). Raises `ProtocolError` (415) when the
    body is something else altogether.
    """
    if not message.body.strip():
        return None
    kind = media_type(message)
    encoding = (message.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding == "identity" and kind == SDP:
        return message.body
    if encoding == "identity" and kind.startswith("multipart/"):
        for part in _parts(message):
            head, _, content = part.replace(b"\r\n", b"\n").partition(b"\n\n")
            if re.search(rb"^content-type\s*:\s*application/sdp\b", head, re.IGNORECASE | re.MULTILINE):
                return content.strip().replace(b"\n", b"\r\n") + b"\r\n"
    raise ProtocolError("unsupported_body", "the body is of a kind that is not understood here", 415)


def description(message: Message) -> bytes | None:
    """The same of what cannot be refused (a response, an ACK): what is not understood is none."""
    try:
        return session_description(message)
    except ProtocolError:
        return None


def _parts(message: Message) -> list[bytes]:
    boundary = _BOUNDARY.search(message.headers.get("Content-Type") or "")
    if boundary is None:
        return []
    return message.body.split(b"--" + (boundary[1] or boundary[2]).encode())[1:]
