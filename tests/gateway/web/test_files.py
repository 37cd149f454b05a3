"""Files over HTTP: a customer whom Alex has, in virtual time."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.types import ASGIApp

from gateway.accounts.audit import Audit
from gateway.accounts.sign_ins import SignIns
from gateway.desk.desk import DeskParts, open_desk
from gateway.desk.history import CustomerHistory
from gateway.desk.seats import Seats
from gateway.desk.settings import DeskSettings
from gateway.events import FileShared
from gateway.files.customers import CustomerFiles
from gateway.files.files import QUIET_S, Files
from gateway.files.settings import FileSettings
from gateway.live import LiveSession
from gateway.nodes.mesh import Alone
from gateway.web.edge import Edge
from gateway.web.files import FileRules, FileView
from gateway.web.rates import Visitors
from gateway.web.server import web_application
from tests import virtual_time
from tests.fakes.memory_accounts import MemoryAccounts
from tests.fakes.memory_files import MemoryFiles
from tests.fakes.office import ALEX, BEGAN, KIM, SAM, Office
from tests.fakes.plain_passwords import PlainPasswords
from tests.gateway.files.test_kinds import PNG
from tests.gateway.web.desk_door import code
from tests.gateway.web.web_world import edge

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()


class World:
    office: Office
    kept: MemoryFiles
    at: Edge
    app: ASGIApp
    http: httpx.AsyncClient
    sign_ins: SignIns
    live: LiveSession
    token: str

    @property
    def session(self) -> str:
        return self.live.session_id

    async def connect(self) -> None:
        """A person takes the customer."""
        await self.office.comes(ALEX)
        await self.office.writes(self.live, "I want a person")
        await self.office.takes(ALEX)

    async def send(self, body: Any = PNG, name: str = "photo.png", **headers: str) -> httpx.Response:
        """The customer sends a file."""
        given = {"authorization": f"Bearer {self.token}", "warmline-file-name": quote(name), **headers}
        return await self.http.post(f"/api/files?session={self.session}", content=body, headers=given)

    async def fetch(
        self, file_id: str, session: str | None = None, token: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return await self.http.get(f"/api/files/{file_id}?session={session or self.session}", headers=headers)

    async def become(self, name: str) -> None:
        """Sign in at the desk."""
        _, token = await self.sign_ins.sign_in(name, "secret")
        self.http.cookies.set("warmline_desk", token)

    async def send_from_desk(self, body: bytes = b"Our terms.", name: str = "terms.txt") -> httpx.Response:
        headers = {"warmline-file-name": quote(name)}
        return await self.http.post(f"/api/desk/files?session={self.session}", content=body, headers=headers)

    async def fetch_at_desk(self, file_id: str) -> httpx.Response:
        return await self.http.get(f"/api/desk/files/{file_id}?session={self.session}")

    def facts(self) -> list[FileShared]:
        return self.office.facts(self.live, FileShared)


def run(test: Callable[[World], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        world = World()
        world.office, accounts, seats = Office(), MemoryAccounts(), Seats()
        for each in (ALEX, KIM, SAM):
            await accounts.add(each, "1:secret")
        async with world.office.open():
            office = world.office
            audit = Audit(office.records, office.now)
            parts = DeskParts(
                office.queue,
                office.desk,
                seats,
                audit,
                CustomerHistory(office.store, office.records),
                office.settings,
                lambda role: (),
                seats.customer_typing,
            )
            async with open_desk(parts, DeskSettings(), office.now) as desk:
                world.kept = MemoryFiles(office.store)
                world.sign_ins = SignIns(accounts, PlainPasswords(), audit, office.now)
                world.at = at = edge()
                at.sign_ins, at.audit, at.desk = world.sign_ins, audit, desk
                at.files = Files(world.kept, FileSettings.model_validate(settings), office.now)
                at.customer_files = CustomerFiles(office.sessions, Alone())
                world.app = web_application(at, Path("nowhere"))
                transport = httpx.ASGITransport(world.app, raise_app_exceptions=False)
                world.live, world.token = await office.sessions.begin("chat")
                async with httpx.AsyncClient(
                    transport=transport, base_url="http://localhost:8080"
                ) as world.http:
                    await test(world)

    virtual_time.run(main())


def test_a_customers_file_is_in_the_log_and_both_sides_can_fetch_it() -> None:
    async def test(the: World) -> None:
        await the.connect()
        sent = await the.send(name="Zelt, kaputt ✂.png")
        assert sent.status_code == 201 and sent.headers["cache-control"] == "no-store"
        (fact,) = the.facts()
        assert sent.json() == {
            "file_id": fact.file_id,
            "name": "Zelt, kaputt ✂.png",
            "media_type": "image/png",
            "size": len(PNG),
        }
        assert (fact.by, fact.pii and fact.pii.name) == ("customer", "Zelt, kaputt ✂.png")
        await the.become("alex")
        for got in (await the.fetch(fact.file_id), await the.fetch_at_desk(fact.file_id)):
            assert (got.status_code, got.content) == (200, PNG)

    run(test)


def test_an_agents_file_is_in_the_log_and_both_sides_can_fetch_it() -> None:
    async def test(the: World) -> None:
        await the.connect()
        await the.become("alex")
        sent = await the.send_from_desk()
        assert sent.status_code == 201
        (fact,) = the.facts()
        assert (fact.by, fact.agent_id, fact.agent) == ("agent", "a_alex", "Alex")
        assert (fact.media_type, fact.size) == ("text/plain", 10)
        for got in (await the.fetch(fact.file_id), await the.fetch_at_desk(fact.file_id)):
            assert got.content == b"Our terms."
            assert got.headers["content-type"] == "text/plain; charset=utf-8"
        noted = [(e.action, e.details) for e in reversed(await the.office.records.entries())]
        assert noted[-2:] == [
            ("send_file", {"file": fact.file_id}),
            ("read_file", {"file": fact.file_id}),
        ]

    run(test)


def test_what_is_given_out_is_saved_and_never_run() -> None:
    async def test(the: World) -> None:
        await the.connect()
        page = b"<!doctype html><script>alert(document.cookie)</script>"
        sent = await the.send(page, name='"; filename=evil.html')
        assert sent.json()["name"] == "_; filename=evil.html.txt"
        got = await the.fetch(sent.json()["file_id"])
        assert got.content == page
        shown = {name: got.headers[name] for name in ("content-type", "content-disposition")}
        assert shown == {
            "content-type": "text/plain; charset=utf-8",
            "content-disposition": 'attachment; filename="_; filename=evil.html.txt"; '
            "filename*=UTF-8''_%3B%20filename%3Devil.html.txt",
        }
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert got.headers["cache-control"] == "private, no-store"
        assert got.headers["content-length"] == str(len(page))

    run(test)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("..%2F..%2Fetc%2Fpasswd", "passwd.png"),
        ("a%0D%0ASet-Cookie%3A%20x%3D1.png", "aSet-Cookie_ x=1.png"),
        ("%FF%FE", "\ufffd\ufffd.png"),
        ("%E2%80%AEgnp.exe", "gnp.exe.png"),
        ("", "file.png"),
        ("x" * 3_000, "x" * 96 + ".png"),
    ],
)
def test_hostile_names_are_cleaned(header: str, wanted: str) -> None:
    async def test(the: World) -> None:
        await the.connect()
        sent = await the.send(**{"warmline-file-name": header})
        assert (sent.status_code, sent.json()["name"]) == (201, wanted)
        got = await the.fetch(sent.json()["file_id"])
        assert got.headers["content-disposition"].isascii()
        assert "set-cookie" not in got.headers

    run(test)


def test_the_content_type_of_the_request_decides_nothing() -> None:
    async def test(the: World) -> None:
        await the.connect()
        program = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(100)
        refused = await the.send(program, name="photo.png", **{"content-type": "image/png"})
        assert code(refused) == (415, "type_not_allowed")
        sent = await the.send(PNG, name="page.html", **{"content-type": "text/html"})
        assert (sent.json()["media_type"], sent.json()["name"]) == ("image/png", "page.html.png")
        assert code(await the.send(b"")) == (422, "empty_file")

    run(test)


def test_too_large_is_said_before_and_while_it_comes() -> None:
    async def test(the: World) -> None:
        await the.connect()
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            for _ in range(10_000):
                read += len(PNG)
                yield PNG

        assert code(await the.send(PNG * 100)) == (413, "too_large")
        assert code(await the.send(endless())) == (413, "too_large")
        assert read < 10_000
        assert (the.kept.kept, the.facts()) == ({}, [])
        assert (await the.send()).status_code == 201

    run(test, size_bytes=2_000)


def test_a_session_has_bounds_whoever_sends() -> None:
    async def test(the: World) -> None:
        await the.connect()
        await the.become("alex")
        await the.send()
        await the.send_from_desk()
        assert code(await the.send()) == (409, "too_many_files")
        assert code(await the.send_from_desk()) == (409, "too_many_files")
        assert len(the.facts()) == len(the.kept.kept) == 2

    run(test, count=2)


def test_while_nobody_is_there_a_customer_sends_nothing() -> None:
    async def test(the: World) -> None:
        assert code(await the.send()) == (409, "nobody_there")
        await the.connect()
        await the.office.desk.hand_back(the.session, ALEX, "")
        await asyncio.sleep(1)
        assert code(await the.send()) == (409, "nobody_there")
        assert (the.kept.kept, the.facts()) == ({}, [])

    run(test)


def test_another_sessions_files_are_nobodys_business() -> None:
    async def test(the: World) -> None:
        await the.connect()
        file_id = (await the.send()).json()["file_id"]
        other, token = await the.office.sessions.begin("chat")
        nobodys = (404, "unknown_session")
        assert code(await the.fetch(file_id, other.session_id)) == nobodys
        assert code(await the.fetch(file_id, token=token)) == nobodys
        assert code(await the.fetch(file_id, "s_nobody")) == nobodys
        assert code(await the.fetch(file_id, other.session_id, token)) == (404, "unknown_file")
        path = f"/api/files/{file_id}?session={the.session}"
        assert code(await the.http.get(path)) == nobodys
        basic = {"authorization": f"Basic {the.token}"}
        assert code(await the.http.get(path, headers=basic)) == nobodys
        guessed = f"file_{'A' * 22}"
        assert code(await the.fetch(guessed)) == (404, "unknown_file")
        for junk in ("x", "file_..%2Fetc", "file_" + "A" * 5_000):
            assert (await the.fetch(junk)).status_code in (404, 422)
        stranger = {"authorization": "Bearer guessed"}
        sent = await the.http.post(f"/api/files?session={the.session}", content=PNG, headers=stranger)
        assert code(sent) == nobodys
        assert len(the.facts()) == 1

    run(test)


def test_agents_have_the_files_of_their_own_customers_and_supervisors_all() -> None:
    async def test(the: World) -> None:
        await the.connect()
        file_id = (await the.send()).json()["file_id"]
        assert code(await the.fetch_at_desk(file_id)) == (401, "not_signed_in")
        assert code(await the.send_from_desk()) == (401, "not_signed_in")
        await the.become("kim")
        assert code(await the.fetch_at_desk(file_id)) == (403, "not_yours")
        assert code(await the.send_from_desk()) == (403, "not_yours")
        await the.become("sam")
        assert (await the.fetch_at_desk(file_id)).content == PNG
        assert code(await the.send_from_desk()) == (403, "not_yours")
        await the.become("alex")
        await the.office.desk.end(the.session, ALEX)
        assert code(await the.send_from_desk()) == (409, "no_floor")
        assert (await the.fetch_at_desk(file_id)).content == PNG, "while they wrap up"
        assert len(the.facts()) == 1

    run(test)


def test_an_agent_who_loses_the_customer_while_the_file_comes_has_sent_nothing() -> None:
    async def test(the: World) -> None:
        await the.connect()
        await the.become("alex")

        async def slowly() -> AsyncIterator[bytes]:
            yield PNG
            await the.office.desk.hand_back(the.session, ALEX, "")
            await asyncio.sleep(1)
            yield PNG

        path = f"/api/desk/files?session={the.session}"
        refused = await the.http.post(path, content=slowly())
        assert code(refused) in ((403, "not_yours"), (409, "no_floor"))
        assert (the.kept.kept, the.facts()) == ({}, [])

    run(test)


def test_pages_of_other_origins_send_and_read_nothing() -> None:
    async def test(the: World) -> None:
        await the.connect()
        file_id = (await the.send()).json()["file_id"]
        await the.become("alex")
        evil = {"origin": "https://evil.example", "authorization": f"Bearer {the.token}"}
        for method, path in (
            ("GET", "/api/files"),
            ("POST", f"/api/files?session={the.session}"),
            ("GET", f"/api/files/{file_id}?session={the.session}"),
            ("POST", f"/api/desk/files?session={the.session}"),
            ("GET", f"/api/desk/files/{file_id}?session={the.session}"),
        ):
            answer = await the.http.request(method, path, content=PNG, headers=evil)
            assert code(answer) == (403, "origin_not_allowed"), path
        assert len(the.facts()) == 1

    run(test)


def test_a_connection_that_breaks_in_the_middle_leaves_nothing() -> None:
    async def test(the: World) -> None:
        await the.connect()
        came = [
            {"type": "http.request", "body": PNG * 10_000, "more_body": True},
            {"type": "http.request", "body": PNG * 10, "more_body": True},
            {"type": "http.disconnect"},
        ]
        answered = []

        async def receive() -> Any:
            await asyncio.sleep(0.1)
            return came.pop(0)

        async def send(message: Any) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/files",
            "raw_path": b"/api/files",
            "root_path": "",
            "query_string": f"session={the.session}".encode(),
            "headers": [(b"host", b"localhost:8080"), (b"authorization", f"Bearer {the.token}".encode())],
            "client": ("192.0.2.1", 50_000),
            "server": ("localhost", 8080),
            "scheme": "http",
            "http_version": "1.1",
        }
        await the.app(scope, receive, send)
        assert came == [] and answered[0]["status"] == 400
        assert (the.kept.kept, the.facts()) == ({}, [])

    run(test)


def test_an_upload_that_stalls_is_given_up() -> None:
    async def test(the: World) -> None:
        await the.connect()

        async def stalling() -> AsyncIterator[bytes]:
            yield PNG
            await asyncio.sleep(QUIET_S + 1)
            yield PNG

        assert code(await the.send(stalling())) == (408, "too_slow")
        assert (the.kept.kept, the.facts()) == ({}, [])

    run(test)


def test_only_so_many_come_at_once() -> None:
    async def test(the: World) -> None:
        await the.connect()

        async def slowly() -> AsyncIterator[bytes]:
            yield PNG
            await asyncio.sleep(5)
            yield PNG

        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(the.send(slowly()))
            await asyncio.sleep(1)
            more = await the.send()
            assert code(more) == (503, "busy") and more.json()["error"]["retry"]
        assert first.result().status_code == 201

    run(test, at_once=1)


def test_one_address_comes_only_so_often() -> None:
    async def test(the: World) -> None:
        the.at.visitors = Visitors(connections=200, openings_per_minute=5)
        for _ in range(5):
            await the.fetch(f"file_{'A' * 22}")
        assert code(await the.fetch(f"file_{'A' * 22}")) == (429, "too_many")

    run(test)


def test_while_the_store_is_down_that_is_said() -> None:
    async def test(the: World) -> None:
        await the.connect()
        file_id = (await the.send()).json()["file_id"]
        the.kept.down = True
        assert code(await the.send()) == (503, "unavailable")
        assert code(await the.fetch(file_id)) == (503, "unavailable")

    run(test)


def test_while_the_gateway_starts_there_are_no_files() -> None:
    async def test(the: World) -> None:
        the.at.customer_files = None
        assert code(await the.send()) == (503, "busy")
        the.at.files = the.at.desk = None
        assert code(await the.http.get("/api/files")) == (503, "busy")

    run(test)


def test_everybody_may_know_what_may_be_sent() -> None:
    async def test(the: World) -> None:
        rules = (await the.http.get("/api/files")).json()
        assert rules["types"] == ["image/png", "application/pdf"]
        assert (rules["size_bytes"], rules["count"]) == (10_000_000, 20)

    run(test, types="png, pdf")


def test_the_wire_document_shows_what_is_sent() -> None:
    for kind, model in (("file", FileView), ("file_rules", FileRules)):
        [shown] = re.findall(rf"```json {kind}\n(.*?)```", WIRE, re.DOTALL)
        assert model.model_validate_json(shown).model_dump() == json.loads(shown)


def test_times_are_the_gateways() -> None:
    async def test(the: World) -> None:
        await the.connect()
        await the.send()
        assert all(coming.begun_at >= BEGAN for coming in the.kept.kept.values())

    run(test)
