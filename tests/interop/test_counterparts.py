"""The programs that play the other side, against each other: what fails here is not the gateway's fault."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from tests.interop.baresip import Baresip, BaresipError, Settings, baresip
from tests.interop.sounds import tone

pytestmark = [pytest.mark.interop, pytest.mark.timeout(60)]

WAYS = [
    Settings(transport="udp", codec="PCMU"),
    Settings(transport="tcp", codec="PCMA"),
    Settings(transport="tls", codec="G722", srtp=True),
    Settings(transport="udp", codec="opus"),
]


async def call(alice: Baresip, bob: Baresip) -> None:
    await alice.dial(bob.uri)
    await bob.until("CALL_INCOMING")
    await bob.answer()
    await alice.until("CALL_ESTABLISHED")


def as_bob(settings: Settings) -> Settings:
    return Settings("bob", settings.transport, settings.codec, settings.srtp)


@pytest.mark.parametrize("settings", WAYS, ids=lambda w: f"{w.transport}-{w.codec}")
def test_two_telephones_hear_each_other(settings: Settings) -> None:
    async def main() -> None:
        async with (
            baresip(settings, tone(440, 3)) as alice,
            baresip(as_bob(settings), tone(1000, 3)) as bob,
        ):
            await call(alice, bob)
            await asyncio.sleep(1.5)
            await alice.hang_up()
            await bob.until("CALL_CLOSED")
            assert abs(alice.heard().loudest_hertz() - 1000) < 5
            assert abs(bob.heard().loudest_hertz() - 440) < 5

    asyncio.run(main())


def test_they_press_keys_hold_and_resume_and_speak_when_told() -> None:
    async def main() -> None:
        async with baresip() as alice, baresip(Settings("bob")) as bob:
            await call(alice, bob)
            await alice.say(tone(600, 2))
            await asyncio.sleep(1)
            assert abs(bob.heard().after(0.5).loudest_hertz() - 600) < 5
            await alice.press("42#")
            pressed = [(await bob.until("CALL_DTMF_START")).parameter for _ in range(3)]
            assert pressed == ["4", "2", "#"]
            await alice.hold()
            await asyncio.sleep(0.3)
            assert "a=sendonly" in alice.log() and "a=recvonly" in bob.log()
            await alice.resume()
            await asyncio.sleep(0.3)
            await alice.press("5")
            assert (await bob.until("CALL_DTMF_START")).parameter == "5"

    asyncio.run(main())


def test_one_is_transferred_to_a_third() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            alice = await stack.enter_async_context(baresip(Settings("alice"), tone(440, 10)))
            bob = await stack.enter_async_context(baresip(Settings("bob")))
            carol = await stack.enter_async_context(baresip(Settings("carol", answers="auto"), tone(700, 10)))
            await call(alice, bob)
            await bob.transfer(carol.uri)
            assert (await alice.until("TRANSFER")).parameter == carol.uri
            await carol.until("CALL_ESTABLISHED")
            await bob.until("CALL_CLOSED")
            await asyncio.sleep(1)
            assert abs(carol.heard().loudest_hertz() - 440) < 5

    asyncio.run(main())


def test_eight_telephones_start_and_stop_within_seconds() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            phones = [await stack.enter_async_context(baresip()) for _ in range(8)]
            assert len({phone.port for phone in phones}) == 8

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 15


def test_what_does_not_come_is_reported_with_what_did() -> None:
    async def main() -> None:
        async with baresip() as alice:
            await alice.dial("sip:nobody@127.0.0.1:9")
            with pytest.raises(BaresipError, match="no CALL_ESTABLISHED within 1 s"):
                await alice.until("CALL_ESTABLISHED", 1)

    asyncio.run(main())
