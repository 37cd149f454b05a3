"""What is owed to customers, over HTTP."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.accounts.account import Account
from gateway.accounts.desk_session import IDLE_S
from gateway.session import begin
from gateway.store.desk_records import FollowUp
from gateway.web.follow_ups import FollowUpCount, FollowUps
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.memory_store import MemoryStore
from tests.gateway.accounts.door import ALEX, SAM
from tests.gateway.web.desk_door import World, code, run

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()


async def owed(the: World) -> MemoryDeskRecords:
    """A callback of Alex's queue and a task of another; gives where they are kept."""
    alex = await the.door.accounts.named("alex")
    await the.door.accounts.change(replace(alex, queues=frozenset({"general"})))
    store = MemoryStore()
    session, _ = begin("chat", 0.0)
    await store.create(session)
    records = the.at.records = MemoryDeskRecords(store)
    for follow_up_id, kind, queue in (("f_call", "callback", "general"), ("f_task", "task", "billing")):
        await records.add_follow_up(
            FollowUp(
                follow_up_id,
                session.session_id,
                kind,  # type: ignore[arg-type]
                queue,
                due_at=20.0,
                created_at=10.0,
                created_by="customer",
                number="+12065550100",
                words="Maya Lopez",
            )
        )
    return records


def test_an_agent_has_those_of_their_queues_and_a_supervisor_all() -> None:
    async def test(the: World) -> None:
        await owed(the)
        await the.post("sign-in", name="alex", password=ALEX)
        answer = await the.http.get("/api/desk/follow-ups")
        [call] = answer.json()["follow_ups"]
        assert (call["follow_up_id"], call["number"], call["words"]) == (
            "f_call",
            "+12065550100",
            "Maya Lopez",
        )
        assert answer.headers["cache-control"] == "no-store"
        await the.post("sign-in", name="sam", password=SAM)
        everything = (await the.http.get("/api/desk/follow-ups")).json()["follow_ups"]
        assert [each["follow_up_id"] for each in everything] == ["f_call", "f_task"]
        assert [entry.action for entry in await the.door.audit.entries()][:1] == ["read_follow_ups"]

    run(test)


def test_each_says_what_its_session_was_about() -> None:
    async def test(the: World) -> None:
        records = await owed(the)
        found = await records.follow_up("f_call")
        assert found is not None
        await records.keep_summary(found.session_id, ["Wants $612.40 back.", "The tent is torn."], 15.0)
        await the.post("sign-in", name="alex", password=ALEX)
        [call] = (await the.http.get("/api/desk/follow-ups")).json()["follow_ups"]
        assert call["summary"] == ["Wants $612.40 back.", "The tent is torn."]

    run(test)


def test_how_many_there_are_is_told_of_ones_queues_and_is_no_entry() -> None:
    async def test(the: World) -> None:
        records = await owed(the)
        await the.post("sign-in", name="alex", password=ALEX)
        noted = len(await the.door.audit.entries())
        answer = await the.http.get("/api/desk/follow-ups/count")
        assert (answer.json(), answer.headers["cache-control"]) == ({"open": 1, "due": 0}, "no-store")
        await asyncio.sleep(21)
        assert (await the.http.get("/api/desk/follow-ups/count")).json() == {"open": 1, "due": 1}
        assert len(await the.door.audit.entries()) == noted
        await the.post("sign-in", name="sam", password=SAM)
        assert (await the.http.get("/api/desk/follow-ups/count")).json() == {"open": 2, "due": 2}
        records.down = True
        assert code(await the.http.get("/api/desk/follow-ups/count")) == (503, "unavailable")

    run(test)


@pytest.mark.parametrize(("path", "used"), [("", True), ("?by_itself=true", False), ("/count", False)])
def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(path: str, used: bool) -> None:
    async def test(the: World) -> None:
        await owed(the)
        await the.post("sign-in", name="alex", password=ALEX)
        for _ in range(2):
            await asyncio.sleep(IDLE_S / 2 - 1)
            assert (await the.http.get(f"/api/desk/follow-ups{path}")).status_code == 200
        await asyncio.sleep(10)
        assert (await the.me()).status_code == (200 if used else 401)

    run(test)


def test_one_is_closed_once_and_by_whom_it_concerns() -> None:
    async def test(the: World) -> None:
        records = await owed(the)
        alex = (await the.post("sign-in", name="alex", password=ALEX)).json()["agent"]["agent_id"]
        assert (await the.post("follow-ups/f_call/close", outcome="done")).status_code == 204
        found = await records.follow_up("f_call")
        assert found is not None and (found.state, found.outcome) == ("closed", "done")
        [entry] = [e for e in await the.door.audit.entries() if e.action == "close_follow_up"]
        assert (entry.agent_id, entry.details) == (alex, {"follow_up": "f_call", "outcome": "done"})
        again = await the.post("follow-ups/f_call/close", outcome="done")
        assert code(again) == (409, "closed_already")
        for nobodys in ("f_task", "f_none"):
            refused = await the.post(f"follow-ups/{nobodys}/close", outcome="done")
            assert code(refused) == (404, "unknown_follow_up")

    run(test)


@pytest.mark.parametrize("body", [{}, {"outcome": "whatever"}, {"outcome": "done", "more": 1}])
def test_an_outcome_is_one_that_we_know(body: dict[str, object]) -> None:
    async def test(the: World) -> None:
        await owed(the)
        await the.post("sign-in", name="alex", password=ALEX)
        assert (await the.post("follow-ups/f_call/close", **body)).status_code == 422

    run(test)


@pytest.mark.parametrize(("kind", "model"), [("follow-ups", FollowUps), ("follow-up-count", FollowUpCount)])
def test_the_wire_document_shows_what_is_sent(kind: str, model: type[BaseModel]) -> None:
    [shown] = re.findall(rf"```json {kind}\n(.*?)```", WIRE, re.DOTALL)
    assert model.model_validate_json(shown).model_dump() == json.loads(shown)


def test_strangers_and_admins_see_nothing_of_customers() -> None:
    async def test(the: World) -> None:
        await owed(the)
        paths = ("/api/desk/follow-ups", "/api/desk/follow-ups/count")
        for path in paths:
            assert code(await the.http.get(path)) == (401, "not_signed_in")
        await the.door.accounts.add(Account("", "kim", "Kim", "admin"), "a password for kims")
        await the.post("sign-in", name="kim", password="a password for kims")
        for path in paths:
            assert code(await the.http.get(path)) == (403, "not_allowed")
            elsewhere = await the.http.get(path, headers={"origin": "https://evil.example"})
            assert code(elsewhere) == (403, "origin_not_allowed")
        refused = await the.post("follow-ups/f_call/close", outcome="done")
        assert code(refused) == (403, "not_allowed")

    run(test)


def test_without_a_store_nothing_is_shown() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="alex", password=ALEX)
        for path in ("/api/desk/follow-ups", "/api/desk/follow-ups/count"):
            assert (await the.http.get(path)).status_code == 503

    run(test)
