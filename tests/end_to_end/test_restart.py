"""A gateway that is killed in the middle of a chat: the customer notices a pause, and nothing else."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chat_client import ChatClient, Message, chat_client
from tests.end_to_end.gateway_process import ANSWER, running


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    database = tmp_path / "sessions.sqlite"
    return {"WARMLINE_HTTP__PORT": "0", "WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{database}"}


@pytest.mark.timeout(120)
def test_kill_9_in_the_middle_of_a_reply_loses_and_doubles_nothing(
    settings: dict[str, str], tmp_path: Path
) -> None:
    with running(settings) as first:
        before = asyncio.run(_chat_until_killed(first.url, first.kill))
    with running(settings) as second:
        after = asyncio.run(_resume(second.url, before))
    stored = [*before.events(), *after.events()]
    assert [event["seq"] for event in stored] == list(range(1, len(stored) + 1))
    assert _texts(stored, "turn.customer") == ["first", "second", "third"]
    assert _texts(stored, "reply.done") == [ANSWER, ANSWER, ANSWER]
    assert [event["answers"] for event in stored if event["type"] == "reply.done"] == ["c1", "c2", "c3"]
    deeds = (tmp_path / "sessions.sqlite.deeds").read_text().splitlines()
    assert deeds == [f"{before.session} {turn}" for turn in ("c1", "c2", "c3")], "each was done once"


async def _chat_until_killed(url: str, kill: Callable[[], None]) -> ChatClient:
    """One answered message, one being answered, one sent but not acknowledged; then the gateway dies."""
    async with chat_client(url) as client:
        await client.hello()
        await client.say("m1", "first")
        await client.until("reply.done", answers="c1")
        await client.say("m2", "second")
        await client.next(lambda m: m["type"] == "reply.delta" and m["offset"] > 30)
        kill()
        with contextlib.suppress(ConnectionClosed):
            await client.say("m3", "third")
            await client.closed()
    return client


async def _resume(url: str, before: ChatClient) -> ChatClient:
    async with chat_client(url) as client:
        last_seq = before.events()[-1]["seq"]
        welcome = await client.hello(session=before.session, token=before.token, last_seq=last_seq)
        assert welcome["resumed"]
        acknowledged = {message["id"] for message in before.received if message["type"] == "ack"}
        for message_id, text in (("m1", "first"), ("m2", "second"), ("m3", "third")):
            if message_id not in acknowledged:
                await client.say(message_id, text)
        await client.say("m2", "second")
        assert (await client.until("ack", id="m2"))["duplicate"]
        await client.until("reply.done", answers="c3")
    return client


def _texts(events: list[Message], kind: str) -> list[str]:
    return [event["pii"]["text"] for event in events if event["type"] == kind]


@pytest.mark.timeout(120)
def test_a_client_that_comes_back_in_the_middle_of_a_reply_gets_its_text_so_far(
    settings: dict[str, str],
) -> None:
    async def main(url: str) -> None:
        async with chat_client(url) as client:
            await client.hello()
            await client.say("m1", "first")
            await client.next(lambda m: m["type"] == "reply.delta" and m["offset"] > 30)
        async with chat_client(url) as again:
            await again.hello(session=client.session, token=client.token, last_seq=client.events()[-1]["seq"])
            delta = await again.until("reply.delta")
            assert delta["offset"] == 0 and len(delta["text"]) > 30
            assert ANSWER.startswith(delta["text"])
            await again.until("reply.done")
            text = ""
            for message in again.received:
                if message["type"] == "reply.delta":
                    assert message["offset"] == len(text)
                    text += message["text"]
            assert text == ANSWER
            assert not again.events("turn.customer"), "it had that"

    with running(settings) as gateway:
        asyncio.run(main(gateway.url))


@pytest.mark.timeout(120)
def test_sigterm_lets_the_reply_finish_and_takes_no_more(settings: dict[str, str]) -> None:
    async def main(url: str, terminate: Callable[[], None]) -> ChatClient:
        async with chat_client(url) as client:
            await client.hello()
            await client.say("m1", "first")
            await client.until("reply.delta")
            terminate()
            await asyncio.sleep(0.2)
            await client.say("m2", "second")
            assert await client.closed() == 1012
            return client

    with running(settings) as gateway:
        client = asyncio.run(main(gateway.url, gateway.process.terminate))
        assert gateway.process.wait(10) == 0
    refused = [message for message in client.received if message["type"] == "error"]
    assert [(message["code"], message["id"], message["retry"]) for message in refused] == [
        ("draining", "m2", True)
    ]
    assert _texts(client.events(), "reply.done") == [ANSWER]
