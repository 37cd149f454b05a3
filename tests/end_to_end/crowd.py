"""Many customers at once, as a program: fails when one of them is not served as promised.

python -m tests.end_to_end.crowd URL CHATS CALLS
"""

import asyncio
import sys

import httpx

from gateway.events import Message
from gateway.webrtc.caller import connect
from pipelines.audio import silence
from tests.chat_client import chat_client

SAID = [
    "Hi there!",
    "What is your return policy?",
    "Where is my order 10437?",
    "Never mind. Do you have gift cards?",
]
CALL_S = 60


async def crowd(url: str, chats: int, calls: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(chats):
            tasks.create_task(_chat(url, number), name=f"chat {number}")
        for number in range(calls):
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
    assert seqs == list(range(1, len(seqs) + 1))
    assert not [m for m in client.received if m["type"] == "error"]


async def _call(url: str) -> None:
    """Be silent for two seconds, type a question, see it answered; the audio flows all the while."""

    async def signal(offer: Message) -> Message:
        async with httpx.AsyncClient(timeout=30) as http:
            response = await http.post(f"{url}/api/offer", json=offer)
            assert response.status_code == 200, response.text
            return response.json()  # type: ignore[no-any-return]

    async with asyncio.timeout(CALL_S), connect(signal) as person:
        assert await person.opened()
        person.send({"label": "rtvi-ai", "type": "client-ready", "id": "1", "data": {"version": "2.1.0"}})
        person.say([silence()] * 100)
        question = {"content": "What is your return policy?"}
        person.send({"label": "rtvi-ai", "type": "send-text", "id": "t1", "data": question})
        async for message in person.messages():
            match message:
                case {
                    "type": "server-message",
                    "data": {"type": "reply.done", "answers": str(), "pii": words},
                }:
                    assert words["text"]
                    return
                case {"type": "error-response", "data": data}:
                    raise AssertionError(data)
    raise AssertionError("the call ended without an answer")


if __name__ == "__main__":
    asyncio.run(crowd(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
