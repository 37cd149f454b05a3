"""The programs that play the other side, against each other: what fails here is not the gateway's fault."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Literal

import pytest

from tests.interop import sipp
from tests.interop.baresip import Baresip, BaresipError, Settings, baresip
from tests.interop.sipp import Plan
from tests.interop.sounds import tone

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

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


@pytest.mark.parametrize(
    ("scenario", "answers"),
    [
        ("uac_talk", "auto"),
        ("uac_hold", "auto"),
        ("uac_cancel", "manual"),
        ("uac_delayed_offer", "auto"),
    ],
)
def test_sipp_calls_a_telephone(scenario: str, answers: Literal["auto", "manual"]) -> None:
    async def main() -> None:
        async with baresip(Settings("bob", codec="PCMA", answers=answers)) as bob:
            plan = Plan(scenario, service="bob", said=[tone(440, 1), "5#"])
            await sipp.calls(plan, f"127.0.0.1:{bob.port}")
            if scenario == "uac_talk":
                assert abs(bob.heard().loudest_hertz() - 440) < 5
                assert [event.parameter for event in bob.seen if event.type == "CALL_DTMF_START"] == [
                    "5",
                    "#",
                ]

    asyncio.run(main())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipp_calls_sipp(transport: Literal["udp", "tcp"]) -> None:
    async def main() -> None:
        async with sipp.answering(Plan("uas_answer", calls=3, transport=transport)) as uas:
            plan = Plan("uac_call", calls=3, per_second=10, transport=transport)
            await sipp.calls(plan, f"127.0.0.1:{uas.port}")

    asyncio.run(main())


def test_reliable_responses_between_two_sipps() -> None:
    async def main() -> None:
        async with sipp.answering(Plan("uas_reliable")) as uas:
            await sipp.calls(Plan("uac_prack"), f"127.0.0.1:{uas.port}")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("plan", "event", "parameter"),
    [
        (Plan("uas_answer"), "CALL_ESTABLISHED", ""),
        (Plan("uas_early_media", said=[tone(440, 1)]), "CALL_ESTABLISHED", ""),
        (Plan("uas_hang_up", said=[tone(440, 1)]), "CALL_CLOSED", ""),
        (Plan("uas_busy"), "CALL_CLOSED", "486 Busy Here"),
        (Plan("uas_unavailable"), "CALL_CLOSED", "503 Service Unavailable"),
        (Plan("uas_challenge", keys={"user": "alice", "word": "open"}), "CALL_ESTABLISHED", ""),
        (Plan("uas_silent"), "CALL_RINGING", ""),
    ],
    ids=lambda value: value.scenario if isinstance(value, Plan) else None,
)
def test_a_telephone_calls_sipp(plan: Plan, event: str, parameter: str) -> None:
    async def main() -> None:
        settings = Settings("alice", codec="PCMA", password="open")
        async with baresip(settings) as alice, sipp.answering(plan) as uas:
            await alice.dial(f"sip:100@127.0.0.1:{uas.port}")
            assert parameter in (await alice.until(event)).parameter
            await alice.hang_up()

    asyncio.run(main())


def test_a_scenario_that_fails_says_why() -> None:
    async def main() -> None:
        async with baresip(Settings("bob", codec="PCMA", answers="auto")) as bob:
            with pytest.raises(sipp.SippError) as failure:
                await sipp.calls(Plan("uac_no_codec", service="nobody"), f"127.0.0.1:{bob.port}")
            assert "404 Not Found" in str(failure.value) and "uac_no_codec" in str(failure.value)

    asyncio.run(main())
