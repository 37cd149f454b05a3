"""Fifty chats and five calls at the same time, through everything that is real but the language model."""

import asyncio
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.events import Message
from gateway.webrtc.caller import connect
from pipelines.audio import SAMPLE_RATE, Frame
from tests.chat_client import chat_client
from tests.end_to_end.gateway_process import running
from tests.fakes.scripted_model import ScriptedModel, text

CHATS = 50
CALLS = 5
SAID = [
    "Hi there!",
    "What is your return policy?",
    "Where is my order 10437?",
    "Never mind. Do you have gift cards?",
]
LAG_S = 0.02
SHARE = 0.99

pytestmark = [pytest.mark.models, pytest.mark.timeout(180)]


@pytest.fixture
def gateway(tmp_path: Path, models_folder: Path) -> Iterator[str]:
    """The address of a gateway that is ready, with a scripted model behind it."""
    model = ScriptedModel(otherwise=text("I am glad to help you with that.", pause_s=0.02))
    with model.serve_in_thread() as endpoint:
        settings = {
            "WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{tmp_path / 'sessions.sqlite'}",
            "WARMLINE_SHOP__DATABASE": str(tmp_path / "shop.sqlite"),
            "WARMLINE_MODEL__ENDPOINT": endpoint,
            "WARMLINE_MODEL__SLOTS": "16",
            "WARMLINE_MODELS__FOLDER": str(models_folder),
        }
        with running(settings, ("gateway", "serve", "--port", "0")) as process:
            _wait_until_ready(process.url)
            yield process.url


def test_fifty_chats_and_five_calls_at_once_keep_the_event_loop_free(gateway: str) -> None:
    before = _lag(gateway)
    asyncio.run(_everybody(gateway))
    after = _lag(gateway)
    measured = after["all"] - before["all"]
    in_time = (after["in time"] - before["in time"]) / measured
    assert measured > 100
    assert in_time >= SHARE, f"{in_time:.1%} of {measured:.0f} timers fired within {LAG_S * 1000:.0f} ms"


async def _everybody(url: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(CHATS):
            tasks.create_task(_chat(url, number), name=f"chat {number}")
        for number in range(CALLS):
            tasks.create_task(_call(url), name=f"call {number}")


async def _chat(url: str, number: int) -> None:
    await asyncio.sleep(number * 0.05)
    async with chat_client(url) as client:
        assert (await client.hello())["type"] == "welcome"
        for index, said in enumerate(SAID):
            await client.say(f"m{index}", said)
            done = await client.until("reply.done")
            assert done["pii"]["text"]
            await asyncio.sleep(1.0)
    seqs = [event["seq"] for event in client.events()]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert not [m for m in client.received if m["type"] in ("error", "trouble")]


async def _call(url: str) -> None:
    """Hear the greeting, say something, see that it was taken and answered."""

    async def signal(offer: Message) -> Message:
        async with httpx.AsyncClient(timeout=30) as http:
            response = await http.post(f"{url}/api/offer", json=offer)
            assert response.status_code == 200, response.text
            return response.json()  # type: ignore[no-any-return]

    async with asyncio.timeout(60), connect(signal) as person:
        assert await person.opened()
        person.send({"label": "rtvi-ai", "type": "client-ready", "id": "1", "data": {"version": "2.1.0"}})
        person.say([Frame(bytes(SAMPLE_RATE // 25))] * 100)
        person.send(
            {
                "label": "rtvi-ai",
                "type": "send-text",
                "id": "t1",
                "data": {"content": "What is your return policy?"},
            }
        )
        async for message in person.messages():
            match message:
                case {
                    "type": "server-message",
                    "data": {"type": "reply.done", "answers": str(), "pii": words},
                }:
                    assert words["text"]
                    return
                case {"type": "error" | "error-response", "data": data}:
                    raise AssertionError(data)
    raise AssertionError("the call ended without an answer")


def _lag(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as response:
        families = text_string_to_metric_families(response.read().decode())
    (family,) = (f for f in families if f.name == "warmline_event_loop_lag_seconds")
    buckets = {s.labels["le"]: s.value for s in family.samples if s.name.endswith("_bucket")}
    return {"all": buckets["+Inf"], "in time": buckets[str(LAG_S)]}


def _wait_until_ready(url: str) -> None:
    """Ready means ready for calls too; loading the voice takes a while."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        body = httpx.get(f"{url}/readyz").json()
        if body["ready"] and not body["missing"]:
            return
        time.sleep(0.2)
    raise AssertionError(f"not ready: {body}")
