import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from gateway.config import Limits
from gateway.health import Health
from gateway.live import LiveSessions, live_sessions
from gateway.web.edge import Edge
from gateway.web.origins import Origins
from gateway.web.rates import Visitors
from gateway.web.server import web_application
from pipelines.answer import Say
from tests import virtual_time
from tests.fakes.asgi_socket import AsgiSocket, asgi_socket
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer


class World:
    """A gateway's chat over a store and an answerer that a test can look into."""

    def __init__(self, answerer: ScriptedAnswerer | None = None, **limits: Any) -> None:
        self.store = MemoryStore()
        self.answerer = answerer or ScriptedAnswerer()
        self.limits = Limits(**limits)
        self.live: LiveSessions | None = None
        self.app: ASGIApp

    def run(self, test: Callable[["World"], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.open():
                await test(self)

        virtual_time.run(main())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        limits = self.limits
        async with live_sessions(self.store, self.answerer, now=lambda: 1000.0) as self.live:
            edge = Edge(
                Health(),
                Origins("127.0.0.1", ["https://shop.example"]),
                limits,
                Visitors(limits.connections_per_address, limits.openings_per_minute),
                self.live,
            )
            self.app = web_application(edge, Path("nowhere"))
            yield


async def welcomed(socket: AsgiSocket, **fields: Any) -> dict[str, Any]:
    socket.send(type="hello", protocol=1, **fields)
    return await socket.next("welcome")


async def refused_with(socket: AsgiSocket) -> tuple[str, int | None]:
    """The last error's code, and the close code."""
    close_code = await socket.closed()
    return socket.of("error")[-1]["code"], close_code


def test_hello_message_answer() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            welcome = await welcomed(socket)
            assert (welcome["protocol"], welcome["seq"], welcome["resumed"]) == (1, 1, False)
            socket.send(type="message", id="m1", text="hi")
            done = await socket.next("reply.done")
            assert done["pii"]["text"] == "You said: hi"
            (ack,) = socket.of("ack")
            assert (ack["id"], ack["seq"], ack["duplicate"]) == ("m1", 2, False)
            assert [event["seq"] for event in socket.events()] == [1, 2, 3, 4]
            assert [d["offset"] for d in socket.of("reply.delta")] == [0, 10]

    World().run(test)


def test_a_new_client_does_not_get_what_its_last_seq_of_another_life_says() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket, last_seq=99)
            socket.send(type="message", id="m1", text="hi")
            await socket.next("reply.done")
            assert [event["seq"] for event in socket.events()] == [1, 2, 3, 4]

    World().run(test)


def test_a_client_that_comes_back_gets_exactly_what_it_missed() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            welcome = await welcomed(socket)
            socket.send(type="message", id="m1", text="one")
            await socket.next("reply.done")
        key = {"session": welcome["session"], "token": welcome["token"]}
        async with asgi_socket(world.app) as again:
            resumed = await welcomed(again, **key, last_seq=2)
            assert (resumed["seq"], resumed["resumed"]) == (4, True)
            assert [(await again.next())["seq"] for _ in range(2)] == [3, 4]
            again.send(type="message", id="m2", text="two")
            await again.next("reply.done")
            assert [event["seq"] for event in again.events()] == [3, 4, 5, 6, 7]
        async with asgi_socket(world.app) as whole:
            await welcomed(whole, **key)
            assert [(await whole.next())["seq"] for _ in range(7)] == [1, 2, 3, 4, 5, 6, 7]

    World().run(test)


def test_a_long_history_is_replayed_whole() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            welcome = await welcomed(socket)
            for number in range(150):
                socket.send(type="message", id=f"m{number}", text="hi")
                await socket.next("reply.done")
                await asyncio.sleep(1)
        async with asgi_socket(world.app) as again:
            await welcomed(again, session=welcome["session"], token=welcome["token"])
            assert [(await again.next())["seq"] for _ in range(451)] == list(range(1, 452))

    World().run(test)


def test_the_same_message_over_two_connections_and_a_restart_is_answered_once() -> None:
    world = World()

    async def before() -> dict[str, Any]:
        async with world.open(), asgi_socket(world.app) as socket:
            welcome = await welcomed(socket)
            socket.send(type="message", id="m1", text="hi")
            await socket.next("reply.done")
            return welcome

    async def after(welcome: dict[str, Any]) -> None:
        async with world.open(), asgi_socket(world.app) as socket:
            await welcomed(socket, session=welcome["session"], token=welcome["token"], last_seq=4)
            socket.send(type="message", id="m1", text="hi")
            ack = await socket.next("ack")
            assert (ack["seq"], ack["duplicate"]) == (2, True)

    virtual_time.run(after(virtual_time.run(before())))
    assert world.answerer.asked == ["hi"]


def test_a_reply_goes_on_while_the_client_is_away_and_is_joined_in_the_middle() -> None:
    answerer = ScriptedAnswerer(lambda words: [Say("One "), Pause(10), Say("two "), Pause(10), Say("three.")])

    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            welcome = await welcomed(socket)
            socket.send(type="message", id="m1", text="count")
            await socket.next("reply.delta")
        await asyncio.sleep(15)
        async with asgi_socket(world.app) as again:
            await welcomed(again, session=welcome["session"], token=welcome["token"], last_seq=3)
            done = await again.next("reply.done")
            deltas = [(delta["offset"], delta["text"]) for delta in again.of("reply.delta")]
            assert deltas == [(0, "One two "), (8, "three.")]
            assert done["pii"]["text"] == "One two three."

    World(answerer).run(test)


def test_two_windows_of_one_customer_see_the_same() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as one, asgi_socket(world.app) as two:
            welcome = await welcomed(one)
            await welcomed(two, session=welcome["session"], token=welcome["token"], last_seq=1)
            one.send(type="message", id="m1", text="hi")
            await one.next("reply.done")
            await two.next("reply.done")
            assert one.events()[1:] == two.events()
            assert not two.of("ack")

    World().run(test)


def test_cancel_and_ping() -> None:
    answerer = ScriptedAnswerer(lambda words: [Say("Well, "), Pause(30), Say("you see")])

    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            socket.send(type="cancel")
            socket.send(type="message", id="m1", text="talk")
            await socket.next("reply.delta")
            socket.send(type="typing", on=True)
            socket.send(type="cancel")
            done = await socket.next("reply.done")
            assert (done["interrupted"], done["pii"]["text"]) == (True, "Well, ")
            socket.send(type="ping", id="p1")
            assert await socket.next("pong") == {"type": "pong", "id": "p1"}

    World(answerer).run(test)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "message", "id": "m1", "text": "hi"}, "hello_first"),
        ({"type": "ping", "id": "p1"}, "hello_first"),
        ({"type": "hello", "protocol": 2}, "protocol_unsupported"),
        ({"type": "hello"}, "invalid_message"),
        ({"type": "hallo"}, "unknown_type"),
        ({"type": "hello", "protocol": 1, "session": "s_nobody", "token": "x"}, "unknown_session"),
        ({"type": "hello", "protocol": 1, "session": "s_nobody"}, "unknown_session"),
    ],
)
def test_a_bad_first_message_ends_the_connection(first: dict[str, Any], code: str) -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            socket.send(**first)
            assert await refused_with(socket) == (code, 1008)

    World().run(test)


def test_a_wrong_token_and_an_unknown_session_look_the_same() -> None:
    async def answer_to(world: World, **key: str) -> list[dict[str, Any]]:
        async with asgi_socket(world.app) as socket:
            socket.send(type="hello", protocol=1, **key)
            await socket.closed()
            return socket.received

    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            session = (await welcomed(socket))["session"]
        wrong = await answer_to(world, session=session, token="wrong")
        assert wrong == await answer_to(world, session="s_nobody", token="wrong")
        assert wrong[0]["retry"] is False

    World().run(test)


def test_who_says_nothing_is_sent_away() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            assert await refused_with(socket) == ("hello_first", 1008)
            assert asyncio.get_running_loop().time() == pytest.approx(10.0)

    World().run(test)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "malformed_json"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "message", "id": "m1", "text": "  "}', "invalid_message"),
        ('{"type": "hello", "protocol": 1}', "invalid_message"),
        ('{"type": "message", "id": "m1", "text": "%s"}' % ("x" * 4001), "message_too_long"),
    ],
)
def test_a_bad_message_gets_an_error_and_the_chat_goes_on(text: str, code: str) -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            socket.send_text(text)
            error = await socket.next("error")
            assert (error["code"], error["fault"], error["retry"]) == (code, "client", False)
            socket.send(type="message", id="m2", text="still here")
            assert (await socket.next("reply.done"))["pii"]["text"] == "You said: still here"
            assert world.answerer.asked == ["still here"]

    World().run(test)


def test_a_message_that_is_too_long_names_the_message_and_the_limit() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            socket.send(type="message", id="m1", text="x" * 4100)
            error = await socket.next("error")
            assert error["id"] == "m1"
            assert error["message"] == "A message has at most 4000 characters; yours has 4100."

    World().run(test)


def test_binary_frames_are_errors() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            socket.send_bytes(b"\x00\x01")
            assert (await socket.next("error"))["code"] == "malformed_json"
            socket.send(type="ping", id="p1")
            await socket.next("pong")

    World().run(test)


@pytest.mark.parametrize("before_hello", [True, False])
def test_a_frame_over_the_limit_ends_the_connection(before_hello: bool) -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            if not before_hello:
                await welcomed(socket)
            socket.send_text("é" * 8193)
            assert await refused_with(socket) == ("frame_too_large", 1009)

    World().run(test)


def test_who_writes_too_fast_is_told_and_loses_nothing() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            for number in range(3):
                socket.send(type="message", id=f"m{number}", text="hi")
            error = await socket.next("error")
            assert (error["code"], error["id"], error["retry"]) == ("too_fast", "m2", True)
            await asyncio.sleep(10)
            socket.send(type="message", id="m2", text="hi")
            while (await socket.next("ack"))["id"] != "m2":
                pass

    World(messages=2).run(test)


def test_who_does_not_stop_is_sent_away() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            for number in range(200):
                socket.send(type="ping", id=f"p{number}")
            assert await refused_with(socket) == ("too_fast", 1008)
            assert len(socket.of("pong")) <= 10
            assert len(socket.of("error")) <= 21

    World(messages=2).run(test)


def test_a_slow_reader_is_let_go_and_told_to_come_back() -> None:
    answerer = ScriptedAnswerer(lambda words: [Say("word ")] * 2000)

    async def test(world: World) -> None:
        async with asgi_socket(world.app, room=5) as slow, asgi_socket(world.app) as quick:
            welcome = await welcomed(slow)
            await welcomed(quick, session=welcome["session"], token=welcome["token"], last_seq=1)
            quick.send(type="message", id="m1", text="talk")
            await quick.next("reply.done")
            assert await refused_with(slow) == ("fell_behind", 1013)
            assert slow.of("error")[-1]["retry"]

    World(answerer).run(test)


def test_a_store_that_is_down_is_an_error_that_may_be_retried() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            await welcomed(socket)
            await socket.next("session.started")
            world.store.down = True
            socket.send(type="message", id="m1", text="hi")
            error = await socket.next("error")
            expected = ("store_unavailable", "dependency", True, "m1")
            assert (error["code"], error["fault"], error["retry"], error["id"]) == expected
            async with asgi_socket(world.app, client="192.0.2.2") as other:
                other.send(type="hello", protocol=1)
                assert await refused_with(other) == ("store_unavailable", 1013)
            world.store.down = False
            socket.send(type="message", id="m1", text="hi")
            assert (await socket.next("ack"))["duplicate"] is False

    World().run(test)


def test_a_draining_gateway_sends_clients_to_the_next_one() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as socket:
            welcome = await welcomed(socket)
            assert world.live is not None
            await world.live.drain(1)
            socket.send(type="message", id="m1", text="hi")
            assert (await socket.next("error"))["code"] == "draining"
            async with asgi_socket(world.app) as other:
                other.send(type="hello", protocol=1, session=welcome["session"], token=welcome["token"])
                assert await refused_with(other) == ("draining", 1012)
            world.live.stop()
            assert await socket.closed() == 1012

    World().run(test)


def test_while_the_gateway_starts_it_is_busy() -> None:
    async def test(world: World) -> None:
        edge = Edge(Health(), Origins("127.0.0.1", []), world.limits, Visitors(9, 9))
        async with asgi_socket(web_application(edge, Path("nowhere"))) as socket:
            socket.send(type="hello", protocol=1)
            assert await refused_with(socket) == ("busy", 1013)
            assert socket.of("error")[0]["message"].startswith("The gateway is still starting")

    World().run(test)


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        ("http://localhost:8080", True),
        ("https://shop.example", True),
        ("https://evil.example", False),
        ("null", False),
    ],
)
def test_only_pages_of_allowed_origins_may_chat(origin: str, admitted: bool) -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app, headers={"origin": origin}) as socket:
            socket.send(type="hello", protocol=1)
            if admitted:
                await socket.next("welcome")
            else:
                await socket.closed()
                assert socket.refused is not None
                assert (socket.refused[0], socket.refused[1]["error"]["code"]) == (403, "origin_not_allowed")

    World().run(test)


def test_one_address_may_not_take_every_connection() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as first:
            await welcomed(first)
            async with asgi_socket(world.app) as second:
                await second.closed()
                assert second.refused is not None and second.refused[0] == 429
            async with asgi_socket(world.app, client="192.0.2.99") as other:
                await welcomed(other)
        async with asgi_socket(world.app) as later:
            await welcomed(later)

    World(connections_per_address=1).run(test)


def test_a_failure_of_ours_ends_one_connection_and_is_not_shown() -> None:
    async def test(world: World) -> None:
        async with asgi_socket(world.app) as bystander:
            await welcomed(bystander)
            world.store.session = _explode  # type: ignore[method-assign]
            async with asgi_socket(world.app) as socket:
                socket.send(type="hello", protocol=1, session="s_x", token="t")
                assert await refused_with(socket) == ("internal", 1011)
                assert "boom" not in str(socket.received)
            bystander.send(type="ping", id="p1")
            await bystander.next("pong")

    World().run(test)


async def _explode(session_id: str) -> None:
    raise RuntimeError("boom")
