"""Requests and responses as they come, for tests of what is done with them."""

from sipmessage import CSeq

from gateway.sip.address import Address
from gateway.sip.message import Request, Response
from gateway.sip.uri import URI


def request(
    method: str = "INVITE",
    uri: str = "sip:+4930123456@gateway.example",
    *,
    from_: str = "<sip:+491701234567@carrier.example>;tag=a",
    to: str = "<sip:+4930123456@gateway.example>",
    headers: tuple[tuple[str, str], ...] = (),
) -> Request:
    made = Request(method, URI.parse(uri))
    made.headers.add("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1")
    made.from_address = Address.parse(from_)
    made.to_address = Address.parse(to)
    made.call_id = "a@b"
    made.cseq = CSeq(1, method)
    made.max_forwards = 70
    for name, value in headers:
        made.headers.add(name, value)
    return made


def response(code: int, *headers: tuple[str, str]) -> Response:
    made = Response(code, "")
    for name, value in headers:
        made.headers.add(name, value)
    return made
