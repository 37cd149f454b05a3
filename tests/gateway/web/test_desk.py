"""The desk's websocket, from the handshake to the end, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.sign_ins import SignIns
from gateway.desk.outbox import LATER, MOST, RESTART, SIGNED_OUT
from gateway.live import Busy, live_sessions
from gateway.web.desk import BROKEN, PATIENCE, POLICY, TOO_LARGE
from gateway.web.edge import Edge
from gateway.web.server import web_application
from pipelines.facts import CustomerTurn, Unavailable, Words
from tests import virtual_time
from tests.fakes.asgi_socket import AsgiSocket, asgi_socket
from tests.fakes.memory_accounts import MemoryAccounts
from tests.fakes.plain_passwords import PlainPasswords
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.gateway.desk.desk_world import DeskWorld, account, contact, now
from tests.gateway.web.web_world import edge


class World(DeskWorld):
    """A desk behind the web application, with people who are signed in."""

    def __init__(self, limits: dict[str, int], settings: dict[str, Any]) -> None:
        super().__init__(**settings)
        self.limits = limits
        self.accounts = MemoryAccounts()
        self.sign_ins: SignIns
        self.edge: Edge
        self.app: ASGIApp

    async def sign_in(self, who: Account) -> str:
        """Let a person in; gives their cookie."""
        if who.agent_id not in self.accounts.kept:
            await self.accounts.add(who, "1:secret")
        _, token = await self.sign_ins.sign_in(who.name, "secret")
        return f"warmline_desk={token}"

    def socket(self, cookie: str, **options: Any) -> Any:
        return asgi_socket(
            self.app, "/desk/live", {"cookie": cookie, **options.pop("headers", {})}, **options
        )


def run(
    test: Callable[[World], Awaitable[None]], limits: dict[str, int] | None = None, **settings: Any
) -> None:
    async def main() -> None:
        world = World(limits or {}, settings)
        async with world.open():
            audit = Audit(world.records, now)
            world.sign_ins = SignIns(world.accounts, PlainPasswords(), audit, now)
            world.edge = edge(None, **world.limits)
            world.edge.sign_ins, world.edge.audit, world.edge.desk = world.sign_ins, audit, world.desk
            world.app = web_application(world.edge, Path("nowhere"))
            await test(world)

    virtual_time.run(main())


async def connected(world: World, socket: AsgiSocket) -> dict[str, Any]:
    return await socket.next("welcome")


async def refused_with(socket: AsgiSocket) -> tuple[str, int | None]:
    code = await socket.closed()
    return socket.of("error")[-1]["code"], code


def test_an_agent_takes_a_chat_from_the_ring_to_the_wrap_up() -> None:
    async def test(world: World) -> None:
        log = await world.session()
        async with world.socket(await world.sign_in(account())) as socket:
            welcome = await connected(world, socket)
            assert welcome["agent"]["name"] == "Nadia"
            socket.send(type="presence", id="k1", state="available", voice=True)
            await world.wait_for_person()
            offer = await socket.next("offer")
            socket.send(type="accept", id="k2", lease=offer["lease"])
            assert (await socket.next("contact"))["state"] == "briefing"
            socket.send(type="watch", id="k3", session="s_1", after=0)
            await socket.next("briefing")
            await log.emit(CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="hello?")))
            assert (await socket.next("event"))["event"]["pii"]["text"] == "hello?"
            socket.send(type="message", id="k4", session="s_1", text="Hello, I am Nadia.")
            while (await socket.next("done"))["id"] != "k4":
                pass
            assert world.conductor.asked[-1][0] == "message"
            world.conductor.change(contact(state="wrap_up"))
            socket.send(type="wrap_up", id="k5", session="s_1", disposition="resolved")
            while (await socket.next("done"))["id"] != "k5":
                pass
            world.conductor.change(contact(state="closed"))
            assert (await socket.next("contact"))["state"] == "closed"

    run(test)


@pytest.mark.parametrize(
    ("cookie", "headers", "status", "code"),
    [
        ("", {}, 401, "not_signed_in"),
        ("warmline_desk=" + "x" * 43, {}, 401, "not_signed_in"),
        ("warmline_desk=" + "x" * 5_000, {}, 401, "not_signed_in"),
        (None, {"origin": "https://evil.example"}, 403, "origin_not_allowed"),
    ],
)
def test_who_may_not_come_in_is_refused_at_the_handshake(
    cookie: str | None, headers: dict[str, str], status: int, code: str
) -> None:
    async def test(world: World) -> None:
        given = await world.sign_in(account()) if cookie is None else cookie
        async with world.socket(given, headers=headers) as socket:
            await socket.closed()
            assert socket.refused is not None
            assert (socket.refused[0], socket.refused[1]["error"]["code"]) == (status, code)
        assert not list(world.seats)

    run(test)


@pytest.mark.parametrize("missing", ["desk", "sign_ins", "store"])
def test_without_a_desk_the_handshake_says_to_come_later(missing: str) -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        if missing == "store":
            world.accounts.down = True
        else:
            setattr(world.edge, missing, None)
        async with world.socket(cookie) as socket:
            await socket.closed()
            assert socket.refused is not None
            assert (socket.refused[0], socket.refused[1]["error"]["retry"]) == (503, True)

    run(test)


def test_two_tabs_of_one_agent_are_told_the_same() -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        async with world.socket(cookie) as first, world.socket(cookie) as second:
            for socket in (first, second):
                await connected(world, socket)
            first.send(type="presence", state="available")
            assert (await second.next("me"))["state"] == "available"
            await world.wait_for_person()
            assert (await first.next("offer"))["lease"] == (await second.next("offer"))["lease"]

    run(test)


def test_a_lost_connection_comes_back_to_what_it_left() -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        log = await world.session()
        async with world.socket(cookie) as socket:
            await connected(world, socket)
            world.conductor.change(contact())
            socket.send(type="watch", session="s_1")
            await log.emit(CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="one")))
            await socket.next("event")
        assert log.quiet
        await log.emit(CustomerTurn(turn_id="c2", channel="chat", pii=Words(text="two")))
        await asyncio.sleep(8)
        async with world.socket(cookie) as socket:
            assert (await connected(world, socket))["contacts"] == ["h_1"]
            socket.send(type="watch", session="s_1", after=1)
            assert (await socket.next("event"))["event"]["pii"]["text"] == "two"
        assert "agent_gone" not in world.conductor.names()
        await asyncio.sleep(11)
        assert world.conductor.names()[-1] == "agent_gone"

    run(test)


def test_a_command_without_an_answer_is_sent_again_and_done_once() -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        world.conductor.contacts["h_1"] = contact()
        gate = world.conductor.waiting["hand_back"] = asyncio.Event()
        async with world.socket(cookie) as socket:
            await connected(world, socket)
            socket.send(type="hand_back", id="k1", session="s_1", note="agreed")
            await asyncio.sleep(1)
        gate.set()
        async with world.socket(cookie) as socket:
            await connected(world, socket)
            socket.send(type="hand_back", id="k1", session="s_1", note="agreed")
            assert (await socket.next("done"))["id"] == "k1"
        assert world.conductor.names() == ["hand_back"]

    run(test)


@pytest.mark.parametrize("how", ["sign_out", "disabled", "another role"])
def test_whose_sign_in_ends_is_sent_away(how: str) -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        async with world.socket(cookie) as socket:
            await connected(world, socket)
            if how == "sign_out":
                await world.sign_ins.sign_out(cookie.partition("=")[2])
            else:
                changed = account(enabled=False) if how == "disabled" else account(role="supervisor")
                await world.accounts.change(changed)
            assert await refused_with(socket) == ("signed_out", SIGNED_OUT)
        await asyncio.sleep(0.1)
        assert world.conductor.names() == ["agent_gone"], "without a grace"
        async with world.socket(cookie) as again:
            await again.closed()
            assert again.refused is not None and again.refused[0] == 401

    run(test)


def test_who_does_nothing_for_half_an_hour_is_signed_out_unless_they_have_a_customer() -> None:
    async def test(world: World) -> None:
        nadia, tom = await world.sign_in(account()), await world.sign_in(account("tom"))
        async with world.socket(nadia) as busy, world.socket(tom) as idle:
            await connected(world, busy)
            await connected(world, idle)
            world.conductor.change(contact())

            async def ping() -> None:
                for number in range(120):
                    idle.send(type="ping", id=f"p{number}")
                    await asyncio.sleep(20)

            async with asyncio.TaskGroup() as tasks:
                pinging = tasks.create_task(ping())
                assert await refused_with(idle) == ("signed_out", SIGNED_OUT)
                pinging.cancel()
            assert now() - 1_000 > 29 * 60
            assert busy.close_code is None

    run(test)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "malformed_json"),
        ("[]", "malformed_json"),
        ('{"type": "shout"}', "unknown_type"),
        ('{"type": "welcome"}', "unknown_type"),
        ('{"type": "hold", "session": "s_1", "on": "yes"}', "invalid_message"),
        ('{"type": "message", "id": "m", "session": "s_1", "text": ""}', "invalid_message"),
        ('{"type": "end", "session": "s_other"}', "not_yours"),
        ('{"type": "watch", "session": "s_other"}', "not_yours"),
        ('{"type": "accept", "lease": "l_none"}', "too_late"),
        ('{"type": "supervise", "session": "s_1", "mode": "barge"}', "not_allowed"),
    ],
)
def test_what_is_wrong_is_answered_and_the_connection_stays(text: str, code: str) -> None:
    async def test(world: World) -> None:
        async with world.socket(await world.sign_in(account())) as socket:
            await connected(world, socket)
            socket.send_text(text)
            error = await socket.next("error")
            assert (error["code"], error["fault"], error["retry"]) == (code, "client", False)
            socket.send(type="ping", id="p")
            await socket.next("pong")

    run(test)


def test_binary_frames_are_none_of_ours() -> None:
    async def test(world: World) -> None:
        async with world.socket(await world.sign_in(account())) as socket:
            socket.send_bytes(b"\x00")
            assert (await socket.next("error"))["code"] == "malformed_json"

    run(test)


def test_a_frame_that_is_too_large_ends_the_connection() -> None:
    async def test(world: World) -> None:
        async with world.socket(await world.sign_in(account())) as socket:
            socket.send(type="note", session="s_1", text="x" * 17_000)
            assert await refused_with(socket) == ("frame_too_large", TOO_LARGE)

    run(test)


def test_messages_have_a_rate_and_frames_a_higher_one() -> None:
    async def test(world: World) -> None:
        world.conductor.contacts["h_1"] = contact()
        async with world.socket(await world.sign_in(account())) as socket:
            await connected(world, socket)
            for number in range(4):
                socket.send(type="message", id=f"m{number}", session="s_1", text="hi")
            error = await socket.next("error")
            assert (error["id"], error["code"], error["retry"]) == ("m3", "too_fast", True)
            await asyncio.sleep(11)
            socket.send(type="message", id="m3", session="s_1", text="hi")
            while (await socket.next("done"))["id"] != "m3":
                pass
            for number in range(15 + PATIENCE + 1):
                socket.send(type="ping", id=f"p{number}")
            assert await refused_with(socket) == ("too_fast", POLICY)

    run(test, limits={"messages": 3})


def test_a_client_that_reads_nothing_is_let_go() -> None:
    async def test(world: World) -> None:
        async with world.socket(await world.sign_in(account()), room=8) as socket:
            await connected(world, socket)
            for number in range(MOST + 50):
                world.conductor.change(contact(since=float(number)))
                await asyncio.sleep(0)
            assert await refused_with(socket) == ("fell_behind", LATER)

    run(test)


def test_an_agent_has_only_so_many_connections() -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        async with world.socket(cookie) as first:
            await connected(world, first)
            async with world.socket(cookie) as second:
                assert await refused_with(second) == ("too_many_tabs", POLICY)

    run(test, tabs=1)


@pytest.mark.parametrize(
    ("failure", "code", "close"), [(Unavailable("down"), "unavailable", LATER), (Busy("full"), "busy", LATER)]
)
def test_who_cannot_be_let_in_now_is_to_come_back(failure: Exception, code: str, close: int) -> None:
    async def test(world: World) -> None:
        world.conductor.failing["contacts_of"] = failure
        async with world.socket(await world.sign_in(account())) as socket:
            assert await refused_with(socket) == (code, close)

    run(test)


def test_an_agent_sees_that_their_customer_types_until_they_stop_or_go() -> None:
    async def test(world: World) -> None:
        async with live_sessions(world.store, ScriptedAnswerer()) as world.edge.live:
            async with world.socket(await world.sign_in(account())) as socket:
                await connected(world, socket)
                async with asgi_socket(world.app) as customer:
                    customer.send(type="hello", protocol=1)
                    session = (await customer.next("welcome"))["session"]
                    world.conductor.change(contact(session=session))
                    for on in (True, False, True):
                        customer.send(type="typing", on=on)
                        customer.send(type="typing", on=on)
                        assert await socket.next("typing") == {"type": "typing", "session": session, "on": on}
                assert (await socket.next("typing"))["on"] is False
                assert len(socket.of("typing")) == 4

    run(test)


def test_a_question_under_way_holds_nothing_else_up() -> None:
    async def test(world: World) -> None:
        world.conductor.contacts["h_1"] = contact()
        gate = world.conductor.waiting["ask"] = asyncio.Event()
        async with world.socket(await world.sign_in(account())) as socket:
            await connected(world, socket)
            socket.send(type="ask", id="k1", session="s_1", text="may I?")
            socket.send(type="mute", id="k2", session="s_1", on=True)
            assert (await socket.next("done"))["id"] == "k2"
            gate.set()
            assert (await socket.next("answer"))["id"] == "k1"

    run(test)


def test_a_gateway_that_restarts_says_so() -> None:
    async def test(world: World) -> None:
        cookie = await world.sign_in(account())
        async with world.socket(cookie) as socket:
            await connected(world, socket)
            world.desk.draining = True
            async with world.socket(cookie) as late:
                assert await refused_with(late) == ("draining", RESTART)
            world.desk.dismiss_all()
            assert await socket.closed() == RESTART

    run(test)


def test_our_own_bug_ends_one_connection_and_nobody_elses() -> None:
    async def test(world: World) -> None:
        nadia, tom = await world.sign_in(account()), await world.sign_in(account("tom"))
        async with world.socket(tom) as other:
            await connected(world, other)
            world.conductor.failing["contacts_of"] = RuntimeError("a bug of ours")
            async with world.socket(nadia) as socket:
                assert await refused_with(socket) == ("internal", BROKEN)
            world.conductor.failing.clear()
            other.send(type="ping", id="p")
            await other.next("pong")

    run(test)


def test_the_agents_are_named_nowhere_in_the_audit_but_by_id() -> None:
    async def test(world: World) -> None:
        world.conductor.contacts["h_1"] = contact()
        async with world.socket(await world.sign_in(account())) as socket:
            await connected(world, socket)
            socket.send(type="note", id="k1", session="s_1", text="Ms. Ott is angry")
            await socket.next("done")
        assert [entry.action for entry in world.records.audit] == ["sign_in", "note"]
        assert "Ott" not in str(world.records.audit) and "Nadia" not in str(world.records.audit)

    run(test)
