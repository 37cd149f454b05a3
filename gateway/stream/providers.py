"""Each enabled provider as one value: how to speak with it, and what it must show.  [core]"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from gateway.stream import documents, http_signature, signatures
from gateway.stream.asterisk import AsteriskWire
from gateway.stream.documents import Document, Incoming
from gateway.stream.exotel import ExotelWire
from gateway.stream.genesys import GenesysWire
from gateway.stream.plivo import PlivoWire
from gateway.stream.settings import Streams
from gateway.stream.signatures import SignedRequest
from gateway.stream.telnyx import TelnyxWire
from gateway.stream.ticket import check
from gateway.stream.twilio import TwilioWire
from gateway.stream.vonage import VonageWire
from gateway.stream.wire import Started, Wire

ONCE = ""
"The nonce of a proof that may be shown more than once."

Proof = Callable[[SignedRequest], str | None]
"None: refused. Else a nonce that is good once, or `ONCE` where the proof has none."
Write = Callable[[str, Incoming, str], Document]
"The document for a websocket's address, a call and a ticket."


@dataclass(frozen=True, slots=True)
class Provider:
    """What the routes need to know of one."""

    name: str
    wire: Callable[[SignedRequest], Wire]
    "For the connection that this handshake opens."
    handshake: Proof
    webhook: Proof | None = None
    "None: it has no webhook, and is told of our websocket by hand."
    document: Write | None = None
    ticketed: bool = False
    "Whether `start` must bring a ticket."
    subprotocol: str | None = None
    "That we choose when the client offers it."


def providers(settings: Streams, secret: bytes) -> Mapping[str, Provider]:
    """The enabled ones by name. `secret` signs tickets."""
    made = [
        _twilio(settings),
        _telnyx(settings, secret),
        _plivo(settings),
        _vonage(settings, secret),
        _exotel(settings),
        _genesys(settings),
        _asterisk(settings),
    ]
    return {provider.name: provider for provider in made if getattr(settings, provider.name).enabled}


def ticket_of(started: Started) -> str:
    """The ticket that a start brings; empty if it brings none."""
    return started.parameters.get("ticket", "")


def _twilio(settings: Streams) -> Provider:
    token = _secret(settings.twilio.auth_token)
    proof = _plainly(lambda request: signatures.twilio(request, token))
    return Provider(
        "twilio", lambda _: TwilioWire(), proof, proof, documents.twiml, ticketed=settings.twilio.ticket
    )


def _telnyx(settings: Streams, secret: bytes) -> Provider:
    key, token = settings.telnyx.public_key or "", _secret(settings.telnyx.stream_token)

    def handshake(request: SignedRequest) -> str | None:
        if token and signatures.bearer(request, token):
            return ONCE
        return _in_address(request, "telnyx", secret)

    webhook = _plainly(lambda request: signatures.telnyx(request, key))
    return Provider("telnyx", lambda _: TelnyxWire(), handshake, webhook, documents.texml)


def _plivo(settings: Streams) -> Provider:
    token = _secret(settings.plivo.auth_token)
    proof = _plainly(lambda request: signatures.plivo(request, token))
    return Provider(
        "plivo", lambda _: PlivoWire(), proof, proof, documents.plivo_xml, ticketed=settings.plivo.ticket
    )


def _vonage(settings: Streams, secret: bytes) -> Provider:
    signing = _secret(settings.vonage.signature_secret)
    return Provider(
        "vonage",
        lambda _: VonageWire(),
        lambda request: _in_address(request, "vonage", secret),
        _plainly(lambda request: signatures.vonage(request, signing)),
        documents.ncco,
    )


def _exotel(settings: Streams) -> Provider:
    user, password = settings.exotel.user or "", _secret(settings.exotel.password)
    proof = _plainly(lambda request: signatures.basic(request, user, password))

    def document(url: str, call: Incoming, ticket: str) -> Document:
        return documents.exotel_url(url, user, password)

    return Provider("exotel", lambda _: ExotelWire(), proof, proof, document)


def _genesys(settings: Streams) -> Provider:
    api_key, secret = settings.genesys.api_key or "", b64decode(_secret(settings.genesys.client_secret))
    return Provider(
        "genesys",
        lambda _: GenesysWire(),
        lambda request: http_signature.verify(request, api_key, secret),
    )


def _asterisk(settings: Streams) -> Provider:
    user, password = settings.asterisk.user or "", _secret(settings.asterisk.password)
    return Provider(
        "asterisk",
        lambda request: AsteriskWire(dict(request.query)),
        _plainly(lambda request: signatures.basic(request, user, password)),
        subprotocol="media",
    )


def _plainly(good: Callable[[SignedRequest], bool]) -> Proof:
    return lambda request: ONCE if good(request) else None


def _in_address(request: SignedRequest, provider: str, secret: bytes) -> str | None:
    return check(secret, provider, dict(request.query).get("ticket", ""), request.now_s)


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""
