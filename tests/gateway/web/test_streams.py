"""Carriers over HTTP: who is let in, with what document, and a call on a real route."""

import asyncio
import hmac
import json
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from gateway.stream.calls import StreamCalls
from gateway.stream.counts import REFUSED
from gateway.web.errors import answer_errors
from gateway.web.streams import stream_routes
from pipelines.audio import FRAME_MS
from tests import virtual_time
from tests.contracts.leg import tone
from tests.fakes.asgi_socket import AsgiSocket, asgi_socket
from tests.fakes.stream_provider import Telnyx, Twilio
from tests.gateway.stream.scripted_bot import ScriptedBot
from tests.gateway.stream.test_calls import calls

PUBLIC = "voice.example.com"
SETTINGS: dict[str, Any] = {
    "public_url": f"https://{PUBLIC}",
    "twilio": {"enabled": True, "auth_token": "12345"},
    "telnyx": {"enabled": True, "public_key": "unused", "stream_token": "own"},
    "vonage": {"enabled": True, "signature_secret": "s"},
    "exotel": {"enabled": True, "user": "u", "password": "p"},
    "asterisk": {"enabled": True, "user": "u", "password": "p"},
}
BASIC = {"authorization": "Basic " + b64encode(b"u:p").decode()}
FORM = {"CallSid": "CA1", "From": "+15550001", "To": "+15550002"}


class World:
    """A web application that takes streams."""

    def __init__(self, app: ASGIApp, the: StreamCalls, http: httpx.AsyncClient) -> None:
        self.app = app
        self.calls = the
        self.http = http

    async def twilio_asks(self, **headers: str) -> httpx.Response:
        url = f"https://{PUBLIC}/telephone/twilio/answer"
        fields = "".join(key + value for key, value in sorted(FORM.items()))
        signed = {"x-twilio-signature": signature(url + fields), **headers}
        kind = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode(FORM)
        return await self.http.post("/telephone/twilio/answer", content=body, headers=kind | signed)


def signature(text: str) -> str:
    return b64encode(hmac.digest(b"12345", text.encode(), "sha1")).decode()


def run(test: Callable[[World], Awaitable[None]], bot: ScriptedBot | None = None, **settings: Any) -> None:
    async def main() -> None:
        async with world(bot or ScriptedBot(), {**SETTINGS, **settings}) as the:
            async with asyncio.timeout(60):
                await test(the)

    virtual_time.run(main())


@asynccontextmanager
async def world(bot: ScriptedBot, settings: dict[str, Any]) -> AsyncIterator[World]:
    async with calls(bot.answer, **settings) as the:
        app = FastAPI()
        answer_errors(app)
        app.include_router(stream_routes(lambda: the))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            yield World(app, the, http)


def handshake(the: World, name: str, headers: Mapping[str, str], query: str = "") -> Any:
    return asgi_socket(the.app, f"/telephone/{name}/stream{query}", headers)


def signed_handshake() -> dict[str, str]:
    return {"x-twilio-signature": signature(f"wss://{PUBLIC}/telephone/twilio/stream")}


async def refusal(socket: AsgiSocket) -> tuple[int, str]:
    await socket.closed()
    assert socket.refused is not None
    status, said = socket.refused
    return status, said["error"]["code"]


# --- webhooks ---


def test_a_signed_webhook_gets_the_document_that_connects_the_call() -> None:
    async def test(the: World) -> None:
        response = await the.twilio_asks()
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("application/xml")
        stream = ET.fromstring(response.text).find("Connect/Stream")
        assert stream is not None and stream.attrib["url"] == f"wss://{PUBLIC}/telephone/twilio/stream"

    run(test)


@pytest.mark.parametrize("wrong", ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_a_webhook_with_a_wrong_signature_gets_403_and_nothing_else(wrong: str) -> None:
    async def test(the: World) -> None:
        response = await the.twilio_asks(**{"x-twilio-signature": wrong})
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "forbidden"
        assert "ticket" not in response.text

    run(test)


@pytest.mark.parametrize("name", ["plivo", "genesys", "asterisk", "nobody"])
def test_a_provider_without_a_webhook_or_not_enabled_is_not_there(name: str) -> None:
    async def test(the: World) -> None:
        assert (await the.http.post(f"/telephone/{name}/answer")).status_code == 404

    run(test)


def test_exotel_gets_an_address_for_its_login() -> None:
    async def test(the: World) -> None:
        url = "/telephone/exotel/answer?CallSid=CA1&CallFrom=%2B1&CallTo=%2B2"
        assert (await the.http.get(url)).status_code == 403
        response = await the.http.get(url, headers=BASIC)
        assert response.json() == {"url": f"wss://u:p@{PUBLIC}/telephone/exotel/stream"}

    run(test)


def test_a_webhook_that_names_no_call_is_told_so() -> None:
    async def test(the: World) -> None:
        response = await the.http.get("/telephone/exotel/answer", headers=BASIC)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "malformed_webhook")

    run(test)


def test_nothing_is_there_before_calls_are_taken() -> None:
    async def main() -> None:
        app = FastAPI()
        answer_errors(app)
        app.include_router(stream_routes(lambda: None))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
            assert (await http.post("/telephone/twilio/answer")).status_code == 404
        async with asgi_socket(app, "/telephone/twilio/stream") as socket:
            assert await refusal(socket) == (404, "not_found")

    asyncio.run(main())


# --- websockets ---


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, {"x-twilio-signature": "\xe9"}],
)
def test_a_wrong_signature_is_refused_with_403_and_no_websocket_is_opened(headers: dict[str, str]) -> None:
    bot = ScriptedBot()

    async def test(the: World) -> None:
        before = REFUSED.labels("twilio", "bad_signature")._value.get()
        async with handshake(the, "twilio", headers) as socket:
            for message in Twilio().opening():
                socket.send_text(message)
            assert await refusal(socket) == (403, "forbidden")
        assert REFUSED.labels("twilio", "bad_signature")._value.get() == before + 1

    run(test, bot)
    assert not bot.legs


def test_the_host_that_a_stranger_names_counts_for_nothing() -> None:
    async def test(the: World) -> None:
        forged = {"x-twilio-signature": signature("wss://evil.example/telephone/twilio/stream")}
        async with handshake(the, "twilio", {**forged, "host": "evil.example"}) as socket:
            assert await refusal(socket) == (403, "forbidden")

    run(test)


@pytest.mark.parametrize("name", ["nobody", "plivo"])
def test_a_provider_that_is_not_enabled_has_no_websocket(name: str) -> None:
    async def test(the: World) -> None:
        async with handshake(the, name, signed_handshake()) as socket:
            assert await refusal(socket) == (404, "not_found")

    run(test)


def test_a_call_from_the_webhook_to_the_answer() -> None:
    bot = ScriptedBot()

    async def test(the: World) -> None:
        document = ET.fromstring((await the.twilio_asks()).text)
        given = {p.attrib["name"]: p.attrib["value"] for p in document.iter("Parameter")}
        dialect = Twilio(**given)
        async with handshake(the, "twilio", signed_handshake()) as socket:
            for message in [*dialect.opening(), *(dialect.speech(f.pcm) for f in tone(3, rate=8_000))]:
                socket.send_text(str(message))
            for _ in range(30):
                await asyncio.sleep(FRAME_MS / 1000)
                socket.send_text(str(dialect.speech(bytes(320))))
            said = [(await read(socket))["event"] for _ in range(24)]
            assert (said.count("media"), said.count("mark")) == (20, 4)
            for message in dialect.leaving():
                socket.send_text(str(message))
            assert await socket.closed() == 1000

    run(test, bot)
    (leg,) = bot.legs
    assert leg.about == {"caller": "+15550001", "called": "+15550002", "trunk": "twilio"}
    assert bot.spoken == 3


async def read(socket: AsgiSocket) -> dict[str, Any]:
    said = await socket._outbound.get()
    assert said is not None
    return said


def test_a_start_with_a_ticket_of_nobodys_is_closed() -> None:
    bot = ScriptedBot()

    async def test(the: World) -> None:
        async with handshake(the, "twilio", signed_handshake()) as socket:
            for message in Twilio(ticket="1060xabcx00").opening():
                socket.send_text(str(message))
            assert await socket.closed() == 1008

    run(test, bot)
    assert not bot.legs


@pytest.mark.parametrize("name", ["telnyx", "vonage"])
def test_a_ticket_in_the_address_opens_one_websocket(name: str) -> None:
    async def test(the: World) -> None:
        query = f"?ticket={the.calls.issue_ticket(name)}"
        async with handshake(the, name, {}, "?ticket=1060xabcx00") as socket:
            assert await refusal(socket) == (403, "forbidden")
        async with handshake(the, name, {}, query) as socket:
            socket.send_text("{")
            assert await socket.closed() == 1007, "it was opened"
        async with handshake(the, name, {}, query) as socket:
            assert await refusal(socket) == (403, "forbidden")

    run(test)


def test_an_address_with_too_much_in_it_is_refused() -> None:
    async def test(the: World) -> None:
        async with handshake(the, "asterisk", BASIC, f"?caller={'5' * 2_000}") as socket:
            assert await refusal(socket) == (400, "too_many_parameters")

    run(test)


def test_all_lines_taken_is_a_503() -> None:
    async def test(the: World) -> None:
        async with handshake(the, "asterisk", BASIC) as socket:
            assert await refusal(socket) == (503, "busy")

    run(test, calls=0)


def test_a_line_is_free_again_when_its_connection_is_lost() -> None:
    bot = ScriptedBot()

    async def test(the: World) -> None:
        for _ in range(3):
            async with handshake(the, "telnyx", {"authorization": "Bearer own"}) as socket:
                for message in Telnyx().opening():
                    socket.send_text(str(message))
                await asyncio.sleep(0.1)
                socket.leave()
                await asyncio.sleep(0.1)

    run(test, bot, calls=1)
    assert [leg.ended.by for leg in bot.legs if leg.ended] == ["network"] * 3


def test_binary_sound_passes_through() -> None:
    bot = ScriptedBot()

    async def test(the: World) -> None:
        async with handshake(the, "asterisk", BASIC, "?caller=15550001") as socket:
            socket.send_text(json.dumps({"event": "MEDIA_START", "channel_id": "1", "format": "slin"}))
            for frame in tone(5, rate=8_000):
                socket.send_bytes(frame.pcm)
            await asyncio.sleep(0.1)
            socket.leave()

    run(test, bot)
    assert bot.spoken in (4, 5)
    assert bot.legs[0].about["caller"] == "15550001"
