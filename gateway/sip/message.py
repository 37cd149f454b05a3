"""SIP messages: bytes to checked messages and back (RFC 3261, chapter 7).  [core]"""

import sipmessage

from gateway.protocol_error import ProtocolError

REASONS: dict[int, str] = {}
"Phrases of RFC 3261, chapter 21, and of the extensions that we speak."


class Request(sipmessage.Request):
    """A request. Made as sipmessage's; every typed accessor of a parsed one gives a value and does not raise."""


class Response(sipmessage.Response):
    """A response. Made as sipmessage's; every typed accessor of a parsed one gives a value and does not raise."""


Message = Request | Response


class BadRequest(ProtocolError):
    """A message that is not as it must be; `status` is the response that RFC 3261 and RFC 4475 want.

    `request` holds the header fields that a response copies, as far as they could be read, in raw form only:
    its typed accessors may raise. None for responses and for what nobody could answer (no Via): drop it.
    """

    def __init__(self, code: str, message: str, status: int = 400, request: Request | None = None) -> None:
        super().__init__(code, message, status)
        self.request = request


def parse(data: bytes) -> Message:
    """One whole message: a datagram, or what `StreamFramer` cut from a stream. Raises `BadRequest` only."""
    raise NotImplementedError


def response(request: Request, code: int, phrase: str = "", *, to_tag: str = "") -> Response:
    """A response with what RFC 3261, section 8.2.6, copies from the request: Via, From, To, Call-ID, CSeq.

    Record-Route too where the response makes a dialog (section 12.1.1). `to_tag` is added unless To has a tag.
    An empty `phrase` means the usual one.
    """
    raise NotImplementedError


def encode(message: Message) -> bytes:
    """The message for the wire, its Content-Length set to what the body has."""
    raise NotImplementedError
