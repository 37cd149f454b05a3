"""Calls that are ended by a provider's API."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.stream.carrier import Carrier
from gateway.stream.settings import Streams

KEY = generate_private_key(65_537, 2_048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
SETTINGS: dict[str, Any] = {
    "twilio": {"account_sid": "AC1", "auth_token": "t"},
    "telnyx": {"api_key": "k"},
    "plivo": {"auth_id": "MA1", "auth_token": "t"},
    "vonage": {"application_id": "a", "private_key": PEM},
}
Answer = Callable[[httpx.Request], httpx.Response]


def end(provider: str, call_id: str, answer: Answer, settings: Any = SETTINGS) -> bool:
    async def main() -> bool:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            return await Carrier(Streams.model_validate(settings), http).end_call(provider, call_id)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("provider", "method", "url", "body"),
    [
        (
            "twilio",
            "POST",
            "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls/c.json",
            b"Status=completed",
        ),
        ("telnyx", "POST", "https://api.telnyx.com/v2/calls/c/actions/hangup", b"{}"),
        ("plivo", "DELETE", "https://api.plivo.com/v1/Account/MA1/Call/c/", b""),
        ("vonage", "PUT", "https://api.nexmo.com/v1/calls/c", b'{"action":"hangup"}'),
    ],
)
def test_each_api_is_asked_in_its_own_way(provider: str, method: str, url: str, body: bytes) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    assert end(provider, "c", answer)
    (request,) = asked
    assert (request.method, str(request.url), request.content) == (method, url, body)
    assert request.headers["authorization"].startswith(("Basic ", "Bearer "))


def test_vonages_token_is_signed_by_the_application() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        signed, _, signature = request.headers["authorization"].removeprefix("Bearer ").rpartition(".")
        KEY.public_key().verify(urlsafe_b64decode(signature + "=="), signed.encode(), PKCS1v15(), SHA256())
        claims = json.loads(urlsafe_b64decode(signed.partition(".")[2] + "=="))
        assert claims["application_id"] == "a" and claims["exp"] - claims["iat"] == 60
        return httpx.Response(204)

    assert end("vonage", "c", answer)


def test_a_calls_name_cannot_lead_elsewhere() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.raw_path == b"/v2/calls/..%2F..%2Fother%3Fx/actions/hangup"
        return httpx.Response(200)

    assert end("telnyx", "../../other?x", answer)


@pytest.mark.parametrize(("status", "ended"), [(404, True), (422, True), (401, False), (500, False)])
def test_a_call_that_is_over_already_is_ended_and_a_refusal_is_not(status: int, ended: bool) -> None:
    assert end("twilio", "c", lambda _: httpx.Response(status)) is ended


def test_an_api_that_cannot_be_reached_raises_nothing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("too slow")

    assert not end("twilio", "c", answer)


@pytest.mark.parametrize("provider", ["twilio", "telnyx", "plivo", "vonage", "genesys", "nobody"])
def test_without_access_nothing_is_asked(provider: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError

    assert not end(provider, "c", answer, {})


def test_who_can_be_asked() -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as http:
            carrier = Carrier(Streams.model_validate(SETTINGS), http)
            assert [carrier.can_end(name) for name in ("twilio", "vonage", "exotel")] == [True, True, False]

    asyncio.run(main())
