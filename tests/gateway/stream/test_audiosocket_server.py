"""AudioSocket over real TCP on loopback."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.stream.audiosocket import HEADER_BYTES, Kind, packet, payload_bytes
from gateway.stream.audiosocket_server import audiosocket_server
from gateway.stream.calls import StreamCalls
from pipelines.audio import FRAME_MS
from pipelines.facts import Unavailable
from tests.contracts.leg import tone
from tests.gateway.stream.scripted_bot import ANSWER_FRAMES, ScriptedBot
from tests.gateway.stream.test_calls import calls

IDENTITY = packet(Kind.IDENTITY, uuid.UUID(int=7).bytes)


@asynccontextmanager
async def served(bot: ScriptedBot, **settings: Any) -> AsyncIterator[tuple[StreamCalls, int]]:
    limits = {"calls": settings.pop("calls", 5)}
    chosen = {"enabled": True, "port": 0, **settings}
    async with calls(bot.answer, audiosocket=chosen, **limits) as the:
        async with audiosocket_server(the.settings.audiosocket, the) as port:
            yield the, port


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(15):
            await test()

    asyncio.run(main())


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    return await reader.read()


def test_a_call_over_tcp_gets_its_answer_paced_by_us() -> None:
    bot = ScriptedBot()

    async def test() -> None:
        async with served(bot) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(IDENTITY)
            for frame in tone(20, rate=8_000):
                writer.write(packet(Kind.SOUND, frame.pcm))
                await asyncio.sleep(FRAME_MS / 1000)
            writer.write(packet(Kind.KEY, b"4"))
            loop = asyncio.get_running_loop()
            sound: list[tuple[float, bytes]] = []
            while len(sound) < ANSWER_FRAMES:
                header = await reader.readexactly(HEADER_BYTES)
                body = await reader.readexactly(payload_bytes(header))
                assert header[0] == Kind.SOUND
                sound.append((loop.time(), body))
            assert sound[-1][0] - sound[0][0] >= (ANSWER_FRAMES - 4) * FRAME_MS / 1000
            writer.write(packet(Kind.HANGUP))
            assert await until_closed(reader) == b""
            writer.close()

    run(test)
    assert bot.spoken >= 18
    assert bot.keys == "4"
    assert bot.legs[0].call_id == str(uuid.UUID(int=7))


@pytest.mark.parametrize("settings", [{"networks": ["192.0.2.0/24"]}, {"calls": 0}])
def test_a_stranger_or_one_too_many_is_cut_off(settings: dict[str, Any]) -> None:
    bot = ScriptedBot()

    async def test() -> None:
        async with served(bot, **settings) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await until_closed(reader) == b""
            writer.close()

    run(test)
    assert not bot.legs


@pytest.mark.parametrize(
    "sent", [b"\x10\xff\xff", b"\x10\0\2\0\0", IDENTITY + IDENTITY, b"GET / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_audiosocket_is_closed(sent: bytes) -> None:
    bot = ScriptedBot()

    async def test() -> None:
        async with served(bot) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            writer.write_eof()
            await until_closed(reader)
            writer.close()

    run(test)
    assert all(leg.ended is not None for leg in bot.legs)


def test_stopping_the_server_ends_its_connections() -> None:
    bot = ScriptedBot()

    async def test() -> None:
        async with served(bot) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(IDENTITY)
            waiting, idle = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.1)
        await until_closed(reader)
        await until_closed(waiting)
        writer.close()
        idle.close()

    run(test)
    assert bot.legs[0].ended is not None


def test_a_port_that_is_taken_is_said_to_be() -> None:
    async def test() -> None:
        async with served(ScriptedBot()) as (_, port):
            with pytest.raises(Unavailable, match=str(port)):
                async with served(ScriptedBot(), port=port):
                    pass

    run(test)
