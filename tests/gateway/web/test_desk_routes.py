"""The desk over HTTP: an agent's audio by loopback WebRTC, and a customer's history."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.sign_ins import SignIns
from gateway.config import WebRtc
from gateway.desk.legs import AgentLegs
from gateway.desk.measured import Measured
from gateway.events import Message
from gateway.web.server import web_application
from gateway.webrtc.caller import connect
from gateway.webrtc.signalling import Signalling
from pipelines.wrap_up import WrapUpDraft
from tests.contracts.leg import listen, loud, tone
from tests.fakes.memory_accounts import MemoryAccounts
from tests.fakes.plain_passwords import PlainPasswords
from tests.gateway.desk.desk_world import DeskWorld, account, contact
from tests.gateway.web.web_world import edge
from tests.gateway.webrtc.offers import OFFER

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()


class World(DeskWorld):
    """A desk with audio behind the web application, in real time."""

    http: httpx.AsyncClient
    sign_ins: SignIns

    async def signal(self, offer: Message) -> Message:
        response = await self.http.post("/api/desk/offer", json=offer)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    async def become(self, who: Account) -> str:
        """Sign in; gives the token."""
        await self.accounts.add(who, "1:secret")
        _, token = await self.sign_ins.sign_in(who.name, "secret")
        self.http.cookies.set("warmline_desk", token)
        return token

    @asynccontextmanager
    async def served(self, lines: int) -> AsyncIterator[None]:
        self.accounts = MemoryAccounts()
        async with self.open(), asyncio.TaskGroup() as tasks:
            at, audit = edge(), Audit(self.records)
            self.sign_ins = SignIns(self.accounts, PlainPasswords(), audit, time.time)
            at.sign_ins, at.audit, at.desk = self.sign_ins, audit, self.desk
            if lines:
                signalling = Signalling(WebRtc(calls=lines), tasks.create_task)
                self.desk.legs = AgentLegs(signalling, self.conductor, self.desk.attendance)
            transport = httpx.ASGITransport(web_application(at, Path("nowhere")), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as self.http:
                yield
            if self.desk.legs is not None:
                await self.desk.legs.hang_up_all("the test is over")


def run(test: Callable[[World], Awaitable[None]], lines: int = 20) -> None:
    async def main() -> None:
        world = World()
        async with asyncio.timeout(15), world.served(lines):
            await test(world)

    asyncio.run(main())


async def until(holds: Callable[[], object]) -> None:
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_an_agents_audio_is_kept_between_calls_and_lost_with_the_browser() -> None:
    async def test(world: World) -> None:
        await world.become(account())
        async with connect(world.signal) as person:
            assert await person.opened()
            await until(lambda: "a_nadia" in world.conductor.legs)
            leg = world.conductor.legs["a_nadia"]
            for _ in range(2):
                person.say(tone(50))
                frames = await listen(leg, 1.0)
                assert sum(loud(frame) for frame in frames) > 20
                await asyncio.sleep(0.3)
            assert "session" not in person.answer or person.answer["session"] is None
        await until(lambda: world.conductor.names()[-1] == "agent_leg_lost")

    run(test)


def test_another_tab_takes_the_audio() -> None:
    async def test(world: World) -> None:
        await world.become(account())
        async with connect(world.signal) as first:
            assert await first.opened()
            async with connect(world.signal) as second:
                assert await second.opened()
                await first.over()
                await until(lambda: world.conductor.names() == ["agent_leg", "agent_leg"])

    run(test)


def test_audio_ends_with_the_sign_in() -> None:
    async def test(world: World) -> None:
        token = await world.become(account())
        async with connect(world.signal) as person:
            assert await person.opened()
            await world.sign_ins.sign_out(token)
            await person.over()

    run(test)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/desk/offer", {"sdp": OFFER, "type": "offer"}),
        ("PATCH", "/api/desk/offer", {"pc_id": "p_1", "candidates": []}),
        ("GET", "/api/desk/ice", None),
        ("GET", "/api/desk/history?session=s_1", None),
        ("GET", "/api/desk/wrap-up?session=s_1", None),
        ("GET", "/api/desk/measures", None),
    ],
)
def test_nothing_is_for_those_who_are_not_signed_in_or_of_another_page(
    method: str, path: str, body: dict[str, object] | None
) -> None:
    async def test(world: World) -> None:
        assert code(await world.http.request(method, path, json=body)) == (401, "not_signed_in")
        await world.become(account())
        headers = {"origin": "https://evil.example"}
        answer = await world.http.request(method, path, json=body, headers=headers)
        assert code(answer) == (403, "origin_not_allowed")

    run(test)


def test_an_administrator_has_no_audio() -> None:
    async def test(world: World) -> None:
        await world.become(account("ada", "admin"))
        offer = {"sdp": OFFER, "type": "offer"}
        assert code(await world.http.post("/api/desk/offer", json=offer)) == (403, "not_allowed")

    run(test)


def test_bad_offers_are_refused() -> None:
    async def test(world: World) -> None:
        await world.become(account())
        for body, wanted in (
            ({"sdp": "v=0", "type": "offer"}, (400, "bad_sdp")),
            ({"sdp": OFFER, "type": "answer"}, (422, "invalid_message")),
            ({"sdp": OFFER, "type": "offer", "pc_id": "p_of_somebody"}, (404, "unknown_peer")),
        ):
            assert code(await world.http.post("/api/desk/offer", json=body)) == wanted
        candidates = {"pc_id": "p_of_somebody", "candidates": []}
        assert code(await world.http.patch("/api/desk/offer", json=candidates)) == (404, "unknown_peer")

    run(test)


def test_agents_have_lines_of_their_own_and_no_more() -> None:
    async def test(world: World) -> None:
        await world.become(account())
        async with connect(world.signal) as person:
            assert await person.opened()
            offer = {"sdp": OFFER, "type": "offer"}
            assert code(await world.http.post("/api/desk/offer", json=offer)) == (503, "busy")

    run(test, lines=1)


def test_without_voice_there_are_chats() -> None:
    async def test(world: World) -> None:
        await world.become(account())
        offer = {"sdp": OFFER, "type": "offer"}
        assert code(await world.http.post("/api/desk/offer", json=offer)) == (503, "busy")
        assert code(await world.http.get("/api/desk/ice")) == (503, "busy")

    run(test, lines=0)


def test_ice_servers() -> None:
    async def test(world: World) -> None:
        await world.become(account())
        response = await world.http.get("/api/desk/ice")
        assert response.status_code == 200 and "iceServers" in response.json()
        assert response.headers["cache-control"] == "no-store"

    run(test)


def test_the_history_of_a_customer_is_for_whoever_has_them() -> None:
    async def test(world: World) -> None:
        await world.session("s_old", customer_id="C-1")
        await world.session("s_1", customer_id="C-1")
        await world.become(account())
        path = "/api/desk/history?session=s_1"
        assert code(await world.http.get(path)) == (403, "not_yours")
        world.conductor.contacts["h_1"] = contact()
        found = (await world.http.get(path)).json()
        assert [each["session"] for each in found["contacts"]] == ["s_old"]

    run(test)


def test_a_wrap_up_is_drafted_for_whoever_has_the_contact() -> None:
    async def test(world: World) -> None:
        await world.session("s_1")
        await world.become(account())
        path = "/api/desk/wrap-up?session=s_1"
        assert code(await world.http.get(path)) == (403, "not_yours")
        world.conductor.contacts["h_1"] = contact(state="wrap_up")
        answer = await world.http.get(path)
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        assert WrapUpDraft.model_validate(answer.json()).text.startswith("Wanted: ")
        assert [entry.action for entry in world.records.audit][-1] == "draft_wrap_up"
        await world.become(account("vera", "supervisor"))
        assert (await world.http.get(path)).status_code == 200, "they may take it over"
        await world.become(account("ada", "admin"))
        assert code(await world.http.get(path)) == (403, "not_allowed")

    run(test)


def test_measures_are_for_supervisors_alone_and_no_entry_of_the_audit() -> None:
    async def test(world: World) -> None:
        await world.session("s_1")
        await world.wait_for_person()
        for who in (account(), account("ada", "admin")):
            await world.become(who)
            assert code(await world.http.get("/api/desk/measures")) == (403, "not_allowed")
        await world.become(account("vera", "supervisor"))
        noted = len(world.records.audit)
        answer = await world.http.get("/api/desk/measures")
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        measured = Measured.model_validate(answer.json())
        assert [each.queue for each in measured.waiting] == ["general"]
        assert (measured.node, measured.recent.since, measured.recent.handoffs) == (None, None, 0)
        assert len(world.records.audit) == noted

    run(test)


@pytest.mark.parametrize(("kind", "model"), [("desk-measures", Measured), ("wrap-up-draft", WrapUpDraft)])
def test_the_wire_document_shows_what_is_sent(kind: str, model: type[BaseModel]) -> None:
    [shown] = re.findall(rf"```json {kind}\n(.*?)```", WIRE, re.DOTALL)
    assert json.loads(model.model_validate_json(shown).model_dump_json()) == json.loads(shown)
