"""A browser's call over HTTP and loopback WebRTC, with a bot that a test looks into."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.admission import Admission, AdmissionLimits
from gateway.call import Calls
from gateway.config import IceServer, WebRtc
from gateway.events import Message
from gateway.health import Health
from gateway.live import LiveSession, LiveSessions, live_sessions
from gateway.reception import Reception
from gateway.web.edge import Edge
from gateway.web.server import web_application
from gateway.webrtc.caller import Caller, connect
from gateway.webrtc.signalling import Signalling
from pipelines.audio import AudioPort
from pipelines.facts import CustomerTurn, ReplyDone, Words
from tests.fakes.memory_store import MemoryStore
from tests.fakes.office import nobody_works
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.voice_parts import FakeVoiceParts
from tests.gateway.web.web_world import edge
from tests.gateway.webrtc.offers import OFFER


class EchoBot:
    """Answers typed text; raises when it reads `crash`."""

    def __init__(self, port: AudioPort, live: LiveSession, opening: str | None) -> None:
        self._port = port
        self._live = live
        self._crash = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(self._hear())
            crash = tasks.create_task(self._crash.wait())
            await asyncio.wait({hearing, crash}, return_when=asyncio.FIRST_COMPLETED)
            if self._crash.is_set():
                raise RuntimeError("the bot broke")
            crash.cancel()

    async def write(self, text: str, client_id: str | None = None) -> None:
        log = self._live.log
        turn_id = log.new_id("c")
        await log.emit(
            CustomerTurn(turn_id=turn_id, channel="chat", client_id=client_id, pii=Words(text=text))
        )
        if text == "crash":
            self._crash.set()
        done = ReplyDone(turn_id=log.new_id("r"), answers=turn_id, pii=Words(text=f"heard {text}"))
        await log.emit(done)

    def announce(self, text: str) -> None:
        """It only repeats."""

    async def silent(self) -> None:
        """It waits for nobody."""

    def press(self, digit: str) -> None:
        """Keys are nothing here."""

    async def _hear(self) -> None:
        async for _ in self._port.frames():
            pass


class World:
    """A gateway that takes calls."""

    def __init__(self, live: LiveSessions, at: Edge, store: MemoryStore) -> None:
        self.live = live
        self.store = store
        app = web_application(at, Path("nowhere"))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8080")

    async def signal(self, offer: Message) -> Message:
        response = await self.http.post("/api/offer", json=offer)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    def types(self, session: str) -> list[str]:
        return [event.fact.model_dump()["type"] for event in self.store.log[session]]


@asynccontextmanager
async def world(settings: WebRtc | None = None) -> AsyncIterator[World]:
    store, at = MemoryStore(), edge()
    async with live_sessions(store, ScriptedAnswerer()) as live, asyncio.TaskGroup() as calls:
        admission = Admission(AdmissionLimits(calls=20, waiting=0, wait_ms=60_000))
        reception = Reception(admission, FakeVoiceParts(), Health())
        at.live, at.calls = live, Calls(EchoBot, reception, nobody_works(), 4000)
        at.signalling = Signalling(settings or WebRtc(), calls.create_task)
        yield World(live, at, store)
        await at.signalling.hang_up_all("the test is over")


def run(test: Callable[[World], Awaitable[None]], settings: WebRtc | None = None) -> None:
    async def main() -> None:
        async with asyncio.timeout(15), world(settings) as the:
            await test(the)

    asyncio.run(main())


async def event(person: Caller, kind: str) -> dict[str, Any]:
    async for message in person.messages():
        if message["type"] == "server-message" and message["data"]["type"] == kind:
            return message["data"]  # type: ignore[no-any-return]
    raise AssertionError(f"the call ended without {kind}")


def send_text(person: Caller, text: str, message_id: str) -> None:
    person.send({"label": "rtvi-ai", "type": "send-text", "id": message_id, "data": {"content": text}})


def test_a_call_makes_a_session_and_leaves_its_story_in_the_log() -> None:
    async def test(the: World) -> None:
        async with connect(the.signal) as person:
            assert await person.opened()
            send_text(person, "hello", "t1")
            assert (await event(person, "reply.done"))["pii"]["text"] == "heard hello"
        session = person.answer["session"]
        while "leg.left" not in the.types(session):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        expected = ["session.started", "leg.joined", "turn.customer", "reply.done", "leg.left"]
        assert the.types(session) == expected
        assert await the.live.open(session, person.answer["token"])

    run(test)


def test_a_call_may_join_the_session_of_a_chat() -> None:
    async def test(the: World) -> None:
        live, token = await the.live.begin("chat")
        listening = live.log.subscribe()
        async with connect(the.signal, {"session": live.session_id, "token": token}) as person:
            assert person.answer["session"] == live.session_id
            assert await person.opened()
            while not live.busy:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await live.receive("typed in the chat", "m1")
            assert (await event(person, "reply.done"))["pii"]["text"] == "heard typed in the chat"
        kinds = []
        async for happened in listening:
            kinds.append(happened.fact.model_dump()["type"])
            if kinds[-1] == "leg.left":
                break
        assert kinds == ["leg.joined", "turn.customer", "reply.done", "leg.left"]

    run(test)


def test_a_bot_that_breaks_is_replaced_and_the_call_goes_on() -> None:
    async def test(the: World) -> None:
        async with connect(the.signal) as person:
            assert await person.opened()
            send_text(person, "crash", "t1")
            assert (await event(person, "trouble"))["code"] == "bot_failed"
            await asyncio.sleep(0.05)
            send_text(person, "still there?", "t2")
            while (await event(person, "reply.done"))["pii"]["text"] != "heard still there?":
                pass

    run(test)


@pytest.mark.parametrize(
    "message",
    [
        {"label": "rtvi-ai", "type": "send-text", "id": "t1", "data": {"content": "x" * 4001}},
        {"label": "rtvi-ai", "type": "send-text", "id": "t1", "data": {"content": "   "}},
        {"label": "rtvi-ai", "type": "client-message", "id": "t1", "data": {"t": "dance"}},
        {"label": "rtvi-ai", "type": "append-to-context", "id": "t1", "data": {}},
    ],
)
def test_a_bad_message_in_a_call_gets_an_error_and_the_call_goes_on(message: Message) -> None:
    async def test(the: World) -> None:
        async with connect(the.signal) as person:
            assert await person.opened()
            person.send(message)
            async for answer in person.messages():
                if answer["type"] == "error-response":
                    assert answer["id"] == "t1"
                    break
            send_text(person, "fine", "t2")
            assert (await event(person, "reply.done"))["pii"]["text"] == "heard fine"

    run(test)


def test_the_client_may_hang_up_by_message() -> None:
    async def test(the: World) -> None:
        async with connect(the.signal) as person:
            assert await person.opened()
            person.send({"label": "rtvi-ai", "type": "disconnect-bot", "id": "1"})
            await person.over()

    run(test)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"nonsense", 400, "malformed_json"),
        (b'{"type": "offer"}', 422, "invalid_message"),
        (b'{"type": "offer", "sdp": "v=0"}', 400, "bad_sdp"),
        (b'{"type": "offer", "sdp": "' + b"x" * 70_000 + b'"}', 422, "invalid_message"),
    ],
)
def test_an_offer_that_is_none_is_refused_and_leaves_no_session(body: bytes, status: int, code: str) -> None:
    async def test(the: World) -> None:
        headers = {"content-type": "application/json"}
        response = await the.http.post("/api/offer", content=body, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
        assert the.store.records == {}

    run(test)


def test_an_offer_for_a_session_needs_its_token() -> None:
    async def test(the: World) -> None:
        live, _ = await the.live.begin("chat")
        for session in (live.session_id, "s_nobody"):
            named = {"session": session, "token": "wrong"}
            response = await the.http.post(
                "/api/offer", json={"type": "offer", "sdp": OFFER, "request_data": named}
            )
            assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_session")

    run(test)


def test_an_unknown_call_cannot_be_changed() -> None:
    async def test(the: World) -> None:
        offer = {"type": "offer", "sdp": OFFER, "pc_id": "p_nobody"}
        assert (await the.http.post("/api/offer", json=offer)).status_code == 404
        patch = {"pc_id": "p_nobody", "candidates": []}
        assert (await the.http.patch("/api/offer", json=patch)).status_code == 404

    run(test)


def test_pages_of_other_origins_may_not_call() -> None:
    async def test(the: World) -> None:
        headers = {"origin": "https://evil.example"}
        for method, path in (("POST", "/api/offer"), ("PATCH", "/api/offer"), ("GET", "/api/ice")):
            body = {"type": "offer", "sdp": OFFER, "pc_id": "p", "candidates": []}
            response = await the.http.request(method, path, json=body, headers=headers)
            assert (response.status_code, response.json()["error"]["code"]) == (403, "origin_not_allowed")

    run(test)


def test_ice_servers_are_told_and_not_kept() -> None:
    async def test(the: World) -> None:
        response = await the.http.get("/api/ice")
        assert response.json() == {"iceServers": [{"urls": ["stun:stun.example.org:3478"]}]}
        assert response.headers["cache-control"] == "no-store"

    run(test, WebRtc(ice_servers=(IceServer(urls=("stun:stun.example.org:3478",)),)))


def test_while_there_is_no_voice_calls_are_refused_kindly() -> None:
    async def test() -> None:
        app = web_application(edge(), Path("nowhere"))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
            response = await http.post("/api/offer", json={"type": "offer", "sdp": OFFER})
            assert (response.status_code, response.json()["error"]["code"]) == (503, "busy")

    asyncio.run(test())
