"""A recorded Twilio and Telnyx conversation against the real gateway with the real models, at real pace.

The provider here is a websocket client: it begins as recorded, says the recorded question when the greeting
is over, plays what it gets and sends our marks back, as the carrier does.
"""

import asyncio
import hmac
import json
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.stream.connection import Gone
from gateway.stream.encoding import MULAW
from pipelines.audio import FRAME_MS, Frame
from tests.contracts.leg import loud
from tests.end_to_end.gateway_process import running
from tests.end_to_end.test_load import wait_until_ready
from tests.fakes.stream_provider import StreamProvider, Telnyx, Twilio
from tests.gateway.stream import record

pytestmark = [pytest.mark.models, pytest.mark.timeout(240)]

PUBLIC = "voice.example.test"
TOKEN = "12345"
FORM = {"CallSid": "CA1", "From": "+15550001", "To": "+15550002"}
QUIET_FRAMES = 75
"Of silence after speech: the gateway has said what it had to say."
PATIENCE_S = 60


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streams") / "sessions.sqlite"


@pytest.fixture(scope="module")
def gateway(database: Path, models_folder: Path) -> Iterator[str]:
    """The address of a gateway that takes Twilio's and Telnyx's streams."""
    settings = {
        "WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{database}",
        "WARMLINE_SHOP__DATABASE": str(database.with_name("shop.sqlite")),
        "WARMLINE_MODELS__FOLDER": str(models_folder),
        "WARMLINE_LOGGING__LEVEL": "warning",
        "WARMLINE_STREAMS__PUBLIC_URL": f"https://{PUBLIC}",
        "WARMLINE_STREAMS__TWILIO__ENABLED": "true",
        "WARMLINE_STREAMS__TWILIO__AUTH_TOKEN": TOKEN,
        "WARMLINE_STREAMS__TELNYX__ENABLED": "true",
        "WARMLINE_STREAMS__TELNYX__PUBLIC_KEY": b64encode(bytes(32)).decode(),
        "WARMLINE_STREAMS__TELNYX__STREAM_TOKEN": "own",
    }
    with running(settings, ("gateway", "serve", "--port", "0")) as process:
        wait_until_ready(process.url)
        yield process.url


def signature(text: str) -> str:
    return b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()


def twilio_parameters(url: str) -> dict[str, str]:
    """What our answer to Twilio's webhook gives the stream along."""
    asked = f"https://{PUBLIC}/telephone/twilio/answer"
    fields = "".join(key + value for key, value in sorted(FORM.items()))
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature(asked + fields),
    }
    response = httpx.post(f"{url}/telephone/twilio/answer", content=urlencode(FORM), headers=headers)
    assert response.status_code == 200, response.text
    document = ElementTree.fromstring(response.text)
    return {each.attrib["name"]: each.attrib["value"] for each in document.iter("Parameter")}


def question(name: str) -> list[Frame]:
    """The recorded caller's sound, as it was on the wire."""
    payloads = [
        line["message"]["media"]["payload"] for line in record.read(name) if "media" in line["message"]
    ]
    return [Frame(MULAW.decode(b64decode(payload)), MULAW.sample_rate) for payload in payloads]


async def call(url: str, headers: dict[str, str], provider: StreamProvider, asked: list[Frame]) -> int:
    """Greeting, question, answer; the milliseconds of sound that were the answer."""
    address = url.replace("http://", "ws://")
    async with connect(address, additional_headers=headers) as socket, asyncio.TaskGroup() as tasks:
        tasks.create_task(_say(socket, provider))
        tasks.create_task(_listen(socket, provider))
        provider.tell(*provider.dialect.opening())
        tasks.create_task(provider.run())
        await _until_said(provider, 0)
        begun = len(provider.heard)
        provider.say(asked)
        await _until_said(provider, begun + len(asked))
        answer = provider.heard[begun:]
        provider.leave()
    return sum(loud(frame) for frame in answer) * FRAME_MS


async def _say(socket: ClientConnection, provider: StreamProvider) -> None:
    try:
        while True:
            await socket.send(await provider.receive())
    except Gone:
        await socket.close()


async def _listen(socket: ClientConnection, provider: StreamProvider) -> None:
    try:
        async for message in socket:
            await provider.send(message)
    except (ConnectionClosed, Gone):
        pass


async def _until_said(provider: StreamProvider, begun: int) -> None:
    """Until something was said after `begun`, and then nothing for a while."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await asyncio.sleep(0.1)
            since = [loud(frame) for frame in provider.heard[begun:]]
            if any(since) and len(since) > QUIET_FRAMES and not any(since[-QUIET_FRAMES:]):
                return


def events(database: Path, kind: str) -> list[str]:
    """The words in the stored events of this kind."""
    with sqlite3.connect(database) as store:
        rows = store.execute("select pii from events where type = ? order by session_id, seq", (kind,))
        return [json.loads(pii)["text"] for (pii,) in rows if pii]


@pytest.mark.parametrize("name", ["twilio", "telnyx"])
def test_a_recorded_conversation_gets_the_right_answer(name: str, gateway: str, database: Path) -> None:
    before = len(events(database, "reply.done"))
    if name == "twilio":
        provider = StreamProvider(Twilio(**twilio_parameters(gateway)))
        headers = {"x-twilio-signature": signature(f"wss://{PUBLIC}/telephone/twilio/stream")}
    else:
        provider, headers = StreamProvider(Telnyx()), {"authorization": "Bearer own"}
    answered_ms = asyncio.run(call(f"{gateway}/telephone/{name}/stream", headers, provider, question(name)))
    asked = " ".join(events(database, "turn.customer")).lower()
    assert "return policy" in asked
    said = " ".join(events(database, "reply.done")[before:])
    assert "30 days" in said or "thirty days" in said
    assert answered_ms > 1_000, "the caller heard it"


def test_a_wrong_signature_is_refused_with_403(gateway: str) -> None:
    async def main() -> int:
        wrong = {"x-twilio-signature": signature("wss://evil.example/telephone/twilio/stream")}
        try:
            async with connect(
                f"{gateway.replace('http', 'ws')}/telephone/twilio/stream", additional_headers=wrong
            ):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    assert asyncio.run(main()) == 403
    headers = {"x-twilio-signature": signature("https://evil.example/telephone/twilio/answer")}
    response = httpx.post(f"{gateway}/telephone/twilio/answer", content=urlencode(FORM), headers=headers)
    assert response.status_code == 403
