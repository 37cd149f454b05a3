"""Messages cut out of a byte stream (RFC 3261, section 18.3; keepalives: RFC 5626, section 3.5.1).  [core]"""

import re

from gateway.sip.message import LONGEST_HEAD, LONGEST_MESSAGE, BadRequest, Request, parse

_PING = b"\r\n\r\n"
_PONG = b"\r\n"
_END = b"\r\n\r\n"
_FIELD = re.compile(rb"\r\n(?![ \t])")
"Where a header field begins: at a line that does not continue the one before."
_LENGTH = re.compile(rb"(?:content-length|l)[ \t]*+:\s*+(.*)", re.IGNORECASE | re.DOTALL)


class StreamFramer:
    """Cuts what one TCP or TLS connection brings into messages for `message.parse`.

    Holds at most one message that is not complete, so at most 64 KiB and what the last `feed` brought.
    """

    def __init__(self) -> None:
        self.pongs_due = 0
        "So many pings (double CRLF) came; the shell writes a CRLF for each and sets this to 0."
        self._buffer = bytearray()
        self._size: int | None = None
        "Of the message at the beginning of the buffer, once its header is there."
        self._searched = 0
        "Up to here there is no end of a header."

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now.

        Raises `BadRequest` when nobody can say where the next message begins: answer it if that can be done,
        then close the connection. Messages that came before it in the same `data` are lost.
        """
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if self._size is None:
            self._skip_keepalives()
            self._measure()
        if self._size is None or len(self._buffer) < self._size:
            return None
        message = bytes(self._buffer[: self._size])
        del self._buffer[: self._size]
        self._size, self._searched = None, 0
        return message

    def _skip_keepalives(self) -> None:
        while self._buffer.startswith(_PING):
            del self._buffer[: len(_PING)]
            self.pongs_due += 1
        if self._buffer.startswith(_PONG) and not _PING.startswith(self._buffer):
            del self._buffer[: len(_PONG)]

    def _measure(self) -> None:
        end = self._buffer.find(_END, self._searched)
        if (end if end >= 0 else len(self._buffer)) > LONGEST_HEAD:
            raise BadRequest("too_large", "The header is too large.", 513)
        if end >= 0:
            head = bytes(self._buffer[: end + len(_END)])
            self._size = len(head) + _content_length(head)
        else:
            self._searched = max(len(self._buffer) - len(_END) + 1, 0)


def _content_length(head: bytes) -> int:
    """What the header says of the body; raises `BadRequest` where it says nothing, or nothing certain."""
    values = [match[1].strip() for field in _FIELD.split(head) if (match := _LENGTH.fullmatch(field))]
    if len(values) == 1 and values[0].isdigit() and len(values[0]) <= 10:
        length = int(values[0])
        if len(head) + length <= LONGEST_MESSAGE:
            return length
        raise _refusal(head, "too_large", "The message is too large.", 513)
    raise _refusal(head, "no_length", "Without one Content-Length a stream cannot be followed.", 400)


def _refusal(head: bytes, code: str, text: str, status: int) -> BadRequest:
    try:
        message = parse(head)
    except BadRequest as fault:
        return BadRequest(code, text, status, fault.request)
    return BadRequest(code, text, status, message if isinstance(message, Request) else None)
