"""What a provider's webhook asks, and the documents that connect its call to our websocket.  [core]"""

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from pydantic_core import from_json

from gateway.protocol_error import ProtocolError
from gateway.stream.signatures import SignedRequest

XML = "application/xml"
JSON = "application/json"
LONGEST_NUMBER = 128


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that a provider asks about."""

    call_id: str
    caller: str
    called: str


@dataclass(frozen=True, slots=True)
class Document:
    """An answer to a webhook."""

    text: str
    media_type: str


_CALL_KEYS = ("CallSid", "CallUUID", "uuid")
_CALLER_KEYS = ("From", "CallFrom", "from")
_CALLED_KEYS = ("To", "CallTo", "to")


def incoming(request: SignedRequest) -> Incoming:
    """The call, from a form, the query or a JSON body. Raises `ProtocolError`."""
    said = {**dict(request.query), **dict(request.form), **_json_body(request)}
    call = Incoming(_first(said, _CALL_KEYS), _first(said, _CALLER_KEYS), _first(said, _CALLED_KEYS))
    if not call.call_id or max(map(len, (call.call_id, call.caller, call.called))) > LONGEST_NUMBER:
        raise ProtocolError("malformed_webhook", "The webhook names no call.")
    return call


def twiml(url: str, call: Incoming, ticket: str) -> Document:
    """Twilio's; its `<Stream>` takes no query, so the ticket is a parameter."""
    given = {"caller": call.caller, "called": call.called, "ticket": ticket}
    return _connect(f"<Stream url={quoteattr(url)}>", given)


def texml(url: str, call: Incoming, ticket: str) -> Document:
    """Telnyx's; the ticket is in the address, so that the handshake can be refused."""
    address = f"{url}?ticket={urllib.parse.quote(ticket)}"
    head = f'<Stream url={quoteattr(address)} bidirectionalMode="rtp" bidirectionalCodec="PCMU" codec="PCMU">'
    return _connect(head, {"caller": call.caller, "called": call.called})


def plivo_xml(url: str, call: Incoming, ticket: str) -> Document:
    """Plivo's; of its extra headers it takes letters, digits and little more."""
    headers = f"caller={_plain(call.caller)},called={_plain(call.called)},ticket={ticket}"
    head = 'bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000"'
    stream = f"<Stream {head} extraHeaders={quoteattr(headers)}>{escape(url)}</Stream>"
    return Document(f'<?xml version="1.0" encoding="UTF-8"?><Response>{stream}</Response>', XML)


def ncco(url: str, call: Incoming, ticket: str) -> Document:
    """Vonage's; the ticket is in the address, so that the handshake can be refused."""
    endpoint = {
        "type": "websocket",
        "uri": f"{url}?ticket={urllib.parse.quote(ticket)}",
        "content-type": "audio/l16;rate=8000",
        "headers": {"call": call.call_id, "caller": call.caller, "called": call.called},
    }
    return Document(json.dumps([{"action": "connect", "endpoint": [endpoint]}]), JSON)


def exotel_url(url: str, user: str, password: str) -> Document:
    """Exotel's: the address alone, with the name and password that its handshake must show."""
    scheme, _, rest = url.partition("://")
    login = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
    return Document(json.dumps({"url": f"{scheme}://{login}@{rest}"}), JSON)


def _connect(stream: str, given: Mapping[str, str]) -> Document:
    inside = "".join(f"<Parameter name={quoteattr(n)} value={quoteattr(v)}/>" for n, v in given.items())
    body = f"<Response><Connect>{stream}{inside}</Stream></Connect></Response>"
    return Document(f'<?xml version="1.0" encoding="UTF-8"?>{body}', XML)


def _json_body(request: SignedRequest) -> dict[str, object]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        return {}
    try:
        said = from_json(request.body)
    except ValueError:
        raise ProtocolError("malformed_json", "The body is not JSON.") from None
    return said if isinstance(said, dict) else {}


def _first(said: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := said.get(key), str)), "")


def _plain(number: str) -> str:
    return "".join(sign for sign in number if sign.isalnum())
