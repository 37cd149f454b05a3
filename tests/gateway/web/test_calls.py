"""Operators' calls over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from gateway.leg import Leg
from gateway.live import LiveSession, live_sessions
from gateway.placed_call import Wish
from gateway.switchboard import Switchboard
from gateway.web.server import web_application
from pipelines.answering_machine import Answerer, Verdict
from tests import virtual_time
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.scripted_lines import ScriptedLines
from tests.gateway.web.web_world import edge

TOKEN = "a-token-of-some-length"


async def conduct(leg: Leg, live: LiveSession, *, opening: str | None = None) -> None:
    async for _ in leg.frames():
        pass


async def hold(leg: Leg, live: LiveSession, wish: Wish, tell: Callable[[Verdict], None]) -> None:
    tell(Verdict(Answerer.PERSON, "length", 1_200))
    await conduct(leg, live)


class World:
    def __init__(
        self, board: Switchboard, lines: ScriptedLines, http: httpx.AsyncClient, app: ASGIApp
    ) -> None:
        self.board = board
        self.lines = lines
        self.http = http
        self.app = app

    async def ask(self, method: str, path: str = "", **json: Any) -> tuple[int, Any]:
        response = await self.http.request(method, f"/api/calls{path}", json=json or None)
        return response.status_code, response.json()


def run(test: Callable[[World], Awaitable[None]], token: str | None = TOKEN, given: str = TOKEN) -> None:
    async def main() -> None:
        at = edge()
        async with live_sessions(MemoryStore(), ScriptedAnswerer()) as live, asyncio.TaskGroup() as tasks:
            lines = ScriptedLines()
            at.switchboard = Switchboard(live, conduct, hold, tasks.create_task)
            at.switchboard.lines = lines
            app = web_application(at, Path("nowhere"), api_token=SecretStr(token) if token else None)
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost:8080",
                headers={b"authorization": f"Bearer {given}".encode()},
            )
            async with client as http:
                await test(World(at.switchboard, lines, http, app))

    virtual_time.run(main())


def test_a_call_is_placed_watched_moved_on_and_over() -> None:
    async def test(the: World) -> None:
        status, placed = await the.ask("POST", to="+15550100", opening="Hello.", headers={"X-Session": "7"})
        assert (status, placed["state"], placed["direction"]) == (202, "dialling", "out")
        assert placed["token"] and placed["session"]
        path = f"/{placed['call']}"
        await asyncio.sleep(1.5)
        assert (await the.ask("GET", path))[1]["state"] == "ringing"
        await asyncio.sleep(2)
        [talking] = (await the.ask("GET"))[1]
        assert (talking["state"], talking["answerer"]) == ("talking", "person")
        status, moved = await the.ask("POST", f"{path}/transfer", to="200")
        assert (status, moved["code"], the.lines.leg.moved_to) == (200, 200, "200")
        await asyncio.sleep(0.1)
        _, ended = await the.ask("GET", path)
        assert (ended["state"], ended["reason"]) == ("ended", "transferred")
        assert "token" not in ended, "only who placed the call gets it"

    run(test)


def test_a_call_can_be_ended() -> None:
    async def test(the: World) -> None:
        _, placed = await the.ask("POST", to="100")
        await asyncio.sleep(4)
        assert (await the.ask("DELETE", f"/{placed['call']}"))[0] == 200
        await asyncio.sleep(0.1)
        assert (await the.ask("GET", f"/{placed['call']}"))[1]["state"] == "ended"

    run(test)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/t_nobody", {}, 404, "unknown_call"),
        ("POST", "/t_nobody/transfer", {"to": "200"}, 404, "unknown_call"),
        ("POST", "", {"to": ""}, 422, "invalid_message"),
        ("POST", "", {"to": "1" * 65}, 422, "invalid_message"),
        ("POST", "", {"to": "100", "opening": "x" * 301}, 422, "invalid_message"),
        ("POST", "", {"to": "100", "what": "else"}, 422, "invalid_message"),
    ],
)
def test_wrong_wishes_are_told_what_is_wrong(
    method: str, path: str, body: dict[str, str], status: int, code: str
) -> None:
    async def test(the: World) -> None:
        answered, problem = await the.ask(method, path, **body)
        assert (answered, problem["error"]["code"]) == (status, code)

    run(test)


@pytest.mark.parametrize("given", ["", "wrong", TOKEN + "x", "ü"])
def test_whoever_does_not_know_the_token_learns_and_does_nothing(given: str) -> None:
    async def test(the: World) -> None:
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/t_x"), ("DELETE", "/t_x")):
            status, problem = await the.ask(method, path, **({"to": "100"} if method == "POST" else {}))
            assert (status, problem["error"]["code"]) == (401, "not_authorised")
        assert the.lines.dialled == [] and the.board.calls() == []

    run(test, given=given)


def test_without_a_configured_token_there_is_nothing_here() -> None:
    async def test(the: World) -> None:
        response = await the.http.get("/api/calls")
        assert response.status_code == 404

    run(test, token=None)


def test_before_the_telephone_is_open_the_answer_is_to_come_later() -> None:
    async def test(the: World) -> None:
        the.board.lines = None
        status, problem = await the.ask("POST", to="100")
        assert (status, problem["error"]["retry"]) == (503, True)

    run(test)
