"""SIP messages: bytes to checked messages and back (RFC 3261, chapter 7).  [core]

Strict, as RFC 4475 asks: what is malformed is refused with the fitting status and never repaired by a guess.
"""

import re

import sipmessage

from gateway.protocol_error import ProtocolError
from gateway.sip import header_fields, reasons
from gateway.sip.grammar import TOKEN
from gateway.sip.typed_fields import TypedFields
from gateway.sip.uri import LONGEST, URI

LONGEST_MESSAGE = 65_535
"Bytes: the longest datagram."
LONGEST_HEAD = 16_384
"Bytes of start line and header fields: several times what carriers send, and read in a few milliseconds."
MOST_LINES = 256
SCHEMES = {"sip", "sips", "tel"}
"Of a Request-URI."
DIALOG_FORMING = {"INVITE", "SUBSCRIBE", "REFER", "NOTIFY"}

_FOLD = re.compile(r"\r\n[ \t]+")
_STRAY_LINE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")
_REQUEST_LINE = re.compile(rf"({TOKEN}) (\S+) (?i:SIP)/([0-9]+\.[0-9]+)")
_STATUS_LINE = re.compile(r"(?i:SIP)/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.DOTALL)


# The accessors of `TypedFields` take and give our `Via` and `Address`, sipmessage's made more exact. They are
# narrower than those they override; that is what mypy is told to let pass.


class Request(TypedFields, sipmessage.Request):  # type: ignore[misc]
    """A request; made and read as sipmessage's."""


class Response(TypedFields, sipmessage.Response):  # type: ignore[misc]
    """A response; made and read as sipmessage's."""


Message = Request | Response


class BadRequest(ProtocolError):
    """A message that is not as it must be; `status` is the response that RFC 3261 and RFC 4475 want.

    `request` has the method and the header fields as they came, as far as they could be read, so that a
    response can be made; its URI means nothing and its typed accessors may raise. None for a response, and
    for what nobody could answer (no Via): it is dropped.
    """

    def __init__(self, code: str, message: str, status: int = 400, request: Request | None = None) -> None:
        super().__init__(code, message, status)
        self.request = request


def parse(data: bytes) -> Message:
    """One whole message: a datagram, or what `StreamFramer` cut from a stream. Raises `BadRequest` only.

    Of what it returns no accessor of `TypedFields` raises, nor do `call_id`, `cseq`, `max_forwards` and
    `content_length`. Each item of Via, Contact, Route and Record-Route is a header field of its own.
    """
    head, blank_line, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    text = _FOLD.sub(" ", head[:LONGEST_HEAD].decode("utf-8", "surrogateescape"))
    text, stray = _STRAY_LINE_END.subn(" ", text)  # whatever it is, no answer can hold it
    start_line, *lines = text.split("\r\n")
    headers, malformed = header_fields.read(lines[:MOST_LINES])
    try:
        if len(data) > LONGEST_MESSAGE or len(head) > LONGEST_HEAD or len(lines) > MOST_LINES:
            raise ProtocolError("too_large", "The message is too large.", 513)
        if malformed or stray or not blank_line or not _is_utf8(text):
            raise ProtocolError("malformed_header", "The header is malformed.")
        message = _started(start_line)
        message.headers = headers
        header_fields.check(headers)
        _check_method(message)
        message.body = _body(message, body)
    except ProtocolError as fault:
        request = _answerable(start_line, headers)
        raise BadRequest(fault.code, fault.message, fault.status, request) from None
    return message


def response(request: Request, code: int, phrase: str = "", *, to_tag: str = "") -> Response:
    """A response with what RFC 3261, section 8.2.6, copies from the request: Via, From, To, Call-ID, CSeq.

    Record-Route too where it can make a dialog (section 12.1.1). `to_tag` is added unless To has a tag. An
    empty `phrase` means the usual one. Of a request that was refused, what there is is copied.
    """
    answer = Response(code, phrase or reasons.phrase(code))
    copied = ["Via", "From", "To", "Call-ID", "CSeq"]
    if code == 100:
        copied.append("Timestamp")
    elif request.method in DIALOG_FORMING and code < 300:
        copied.append("Record-Route")
    for name in copied:
        if values := request.headers.getlist(name):
            answer.headers.setlist(name, list(values))
    if to_tag:
        _add_tag(answer, to_tag)
    return answer


def encode(message: Message) -> bytes:
    """The message for the wire, its Content-Length set to what the body has.

    Raises ValueError where a value holds the end of a line: what follows it would be another header field.
    """
    message.headers.set("Content-Length", str(len(message.body)))
    if isinstance(message, Request):
        start_line = f"{message.method} {message.uri} SIP/2.0"
    else:
        start_line = f"SIP/2.0 {message.code} {message.phrase}"
    values = [value for name in message.headers.keys() for value in message.headers.getlist(name)]
    if any("\r" in text or "\n" in text for text in (start_line, *values)):
        raise ValueError("a header field cannot hold the end of a line")
    return f"{start_line}\r\n{message.headers}".encode("utf-8", "surrogateescape") + message.body


def _is_utf8(text: str) -> bool:
    """Whether no byte had to be smuggled through the decoding (surrogateescape)."""
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)


def _started(line: str) -> Message:
    """A message that has nothing but its start line."""
    if line[:4].upper() == "SIP/":
        status = _STATUS_LINE.fullmatch(line)
        if status is None:
            raise ProtocolError("malformed_status_line", "The status line is malformed.")
        return Response(int(status[1]), status[2] or "")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise ProtocolError("malformed_request_line", "The request line is malformed.")
    method, target, version = match.groups()
    if version != "2.0":
        raise ProtocolError("wrong_version", "Only SIP/2.0 is spoken here.", 505)
    return Request(method, _request_uri(target))


def _request_uri(text: str) -> URI:
    if len(text) > LONGEST:
        raise ProtocolError("long_uri", "The Request-URI is too long.", 414)
    try:
        uri = URI.parse(text)
    except ValueError:
        raise ProtocolError("malformed_uri", "The Request-URI is malformed.") from None
    if uri.scheme not in SCHEMES:
        raise ProtocolError("unknown_scheme", "The scheme of the Request-URI is not known.", 416)
    if uri.headers:  # section 19.1.1; escruri of RFC 4475
        raise ProtocolError("malformed_uri", "A Request-URI has no headers.")
    return uri


def _check_method(message: Message) -> None:
    """What a request's other parts may be with its method."""
    if not isinstance(message, Request):
        return
    if message.cseq.method != message.method:
        raise ProtocolError("other_method", "CSeq names another method than the request line.")
    if "*" in message.headers.getlist("Contact") and message.method != "REGISTER":
        raise ProtocolError("malformed_field", "Contact is malformed.")


def _body(message: Message, rest: bytes) -> bytes:
    """As much of what follows the header as Content-Length says; without it, all (section 18.3)."""
    length = message.content_length
    if length is None:
        return rest
    if length > len(rest):
        raise ProtocolError("short_body", "The body is shorter than Content-Length says.")
    return rest[:length]


def _answerable(start_line: str, headers: sipmessage.Headers) -> Request | None:
    if start_line[:4].upper() == "SIP/" or not headers.getlist("Via"):
        return None
    request = Request(start_line.partition(" ")[0], URI("sip", "invalid"))
    request.headers = headers
    return request


def _add_tag(answer: Response, tag: str) -> None:
    try:
        to = answer.to_address
    except (KeyError, ValueError):  # of a request that was refused; it gets back what it sent
        return
    if not to.tag:
        answer.headers.set("To", f"{to};tag={tag}")
