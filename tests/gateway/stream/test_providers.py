"""Each provider's proofs, put together from the configuration."""

from base64 import b64encode
from typing import Any

import pytest

from gateway.stream.encoding import MULAW
from gateway.stream.providers import ONCE, providers, ticket_of
from gateway.stream.settings import Streams
from gateway.stream.signatures import SignedRequest
from gateway.stream.ticket import issue
from gateway.stream.wire import Started

SECRET = b"secret"
ALL: dict[str, Any] = {
    "public_url": "https://voice.example.com",
    "twilio": {"enabled": True, "auth_token": "t"},
    "telnyx": {"enabled": True, "public_key": "k", "stream_token": "own"},
    "plivo": {"enabled": True, "auth_token": "t"},
    "vonage": {"enabled": True, "signature_secret": "s"},
    "exotel": {"enabled": True, "user": "u", "password": "p"},
    "genesys": {"enabled": True, "api_key": "k", "client_secret": "aGVsbG8="},
    "asterisk": {"enabled": True, "user": "u", "password": "p"},
}
ENABLED = providers(Streams.model_validate(ALL), SECRET)


def handshake(name: str, query: str = "", **headers: str) -> SignedRequest:
    return SignedRequest(
        "GET", f"wss://voice.example.com/telephone/{name}/stream{query}", headers, b"", 1_000
    )


def test_what_is_not_enabled_is_not_there() -> None:
    assert providers(Streams(), SECRET) == {}
    assert list(ENABLED) == ["twilio", "telnyx", "plivo", "vonage", "exotel", "genesys", "asterisk"]


@pytest.mark.parametrize("name", list(ENABLED))
def test_a_stranger_is_refused_by_all(name: str) -> None:
    stranger = handshake(name, "?ticket=1x2x3", authorization="Bearer x")
    assert ENABLED[name].handshake(stranger) is None
    webhook = ENABLED[name].webhook
    assert webhook is None or webhook(stranger) is None


@pytest.mark.parametrize("name", ["telnyx", "vonage"])
def test_a_ticket_in_the_address_lets_an_unsigned_handshake_in_once(name: str) -> None:
    ticket = issue(SECRET, name, "n1", 1_000)
    assert ENABLED[name].handshake(handshake(name, f"?ticket={ticket}")) == "n1"


def test_telnyx_may_show_a_token_of_ones_own() -> None:
    assert ENABLED["telnyx"].handshake(handshake("telnyx", authorization="Bearer own")) == ONCE
    without = providers(
        Streams.model_validate({**ALL, "telnyx": {"enabled": True, "public_key": "k"}}), SECRET
    )
    assert without["telnyx"].handshake(handshake("telnyx", authorization="Bearer ")) is None


@pytest.mark.parametrize("name", ["exotel", "asterisk"])
def test_a_name_and_a_password(name: str) -> None:
    login = "Basic " + b64encode(b"u:p").decode()
    assert ENABLED[name].handshake(handshake(name, authorization=login)) == ONCE


def test_the_starts_of_twilio_and_plivo_need_a_ticket_unless_the_documents_are_ones_own() -> None:
    assert [name for name, provider in ENABLED.items() if provider.ticketed] == ["twilio", "plivo"]
    own = {**ALL, "twilio": {"enabled": True, "auth_token": "t", "ticket": False}}
    assert not providers(Streams.model_validate(own), SECRET)["twilio"].ticketed
    assert ticket_of(Started("c", MULAW, parameters={"ticket": "T"})) == "T"
    assert ticket_of(Started("c", MULAW)) == ""


def test_every_connection_has_a_wire_of_its_own() -> None:
    for name, provider in ENABLED.items():
        first, second = (provider.wire(handshake(name, "?caller=1")) for _ in range(2))
        assert first is not second
