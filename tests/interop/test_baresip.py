"""A real telephone and our endpoint: every transport and codec, keys, hold, transfer, calls either way."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.sip.call_failed import CallFailed
from tests.interop.baresip import Baresip, Settings, baresip
from tests.interop.exchange import OUR_HERTZ, Line, exchange
from tests.interop.relay import Conditions, relay
from tests.interop.sounds import Sound, tone

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

WAYS = [
    Settings(transport="udp", codec="PCMU"),
    Settings(transport="tcp", codec="PCMA"),
    Settings(transport="udp", codec="G722"),
    Settings(transport="tcp", codec="opus"),
    Settings(transport="tls", codec="PCMA", srtp=True),
]
each_way = pytest.mark.parametrize("settings", WAYS, ids=lambda way: f"{way.transport}-{way.codec}")
HERTZ = 440


def trunk(settings: Settings, **more: Any) -> dict[str, Any]:
    """The trunk that such a telephone is."""
    return {
        "transport": settings.transport,
        "srtp": "required" if settings.srtp else "none",
        "verify": False,
        **more,
    }


def towards(telephone: Baresip, **more: Any) -> dict[str, Any]:
    """A trunk through which the telephone can be called."""
    port = telephone.port + (telephone.settings.transport == "tls")
    return trunk(telephone.settings, address=f"127.0.0.1:{port}", **more)


def sounds(sound: Sound, hertz: float) -> bool:
    return abs(sound.loudest_hertz() - hertz) < 10


def speaks(hertz: float = HERTZ, seconds: float = 0.5) -> Any:
    """Whether a line has heard that for so long at its end."""

    def heard(line: Line) -> bool:
        sound = line.heard()
        return sound.seconds > seconds and sounds(sound.after(sound.seconds - seconds), hertz)

    return heard


@each_way
def test_a_telephone_calls_and_both_hear_each_other(settings: Settings, tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            exchange(tmp_path, trunk(settings)) as ours,
            baresip(settings, tone(HERTZ, 30)) as alice,
        ):
            await alice.dial(ours.uri(settings.transport))
            await alice.until("CALL_ESTABLISHED")
            line = await ours.line()
            await line.until(speaks())
            await asyncio.sleep(0.5)
            await alice.hang_up()
            await line.until(lambda line: line.leg.ended is not None)
            assert line.leg.ended is not None and line.leg.ended.by == "remote"
            assert line.leg.about["called"] == "100" and line.leg.about["trunk"] == "line"
            assert sounds(alice.heard().after(0.3), OUR_HERTZ)

    asyncio.run(main())


@each_way
def test_we_call_a_telephone_and_both_hear_each_other(settings: Settings, tmp_path: Path) -> None:
    async def main() -> None:
        bob_settings = Settings("200", settings.transport, settings.codec, settings.srtp)
        async with (
            baresip(bob_settings, tone(HERTZ, 30)) as bob,
            exchange(tmp_path, towards(bob), dial={"allowed": ["200"]}) as ours,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(pick_up(bob))
            async with ours.call("200") as line:
                await line.until(speaks())
                await asyncio.sleep(0.5)
            await bob.until("CALL_CLOSED")
            assert sounds(bob.heard().after(0.3), OUR_HERTZ)

    asyncio.run(main())


async def pick_up(telephone: Baresip) -> None:
    await telephone.until("CALL_INCOMING")
    await telephone.answer()


def test_keys_go_both_ways(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path) as ours, baresip() as alice:
            await alice.dial(ours.uri())
            await alice.until("CALL_ESTABLISHED")
            line = await ours.line()
            await alice.press("1590*#")
            await line.until(lambda line: len(line.keys) >= 6)
            assert line.keys == "1590*#", "each key once"
            assert line.leg.send_digits("42#")
            assert [(await alice.until("CALL_DTMF_START")).parameter for _ in range(3)] == ["4", "2", "#"]

    asyncio.run(main())


def test_a_call_is_held_and_resumed_by_either_side(tmp_path: Path) -> None:
    """What the telephone hears after a hold is heard on the wire: it records no more itself."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            ours = await stack.enter_async_context(exchange(tmp_path, advertised="127.0.0.2"))
            wire = await stack.enter_async_context(relay(ours.rtp, Conditions(), clean=[ours.port]))
            alice = await stack.enter_async_context(baresip(Settings(), tone(HERTZ, 60)))
            await alice.dial(ours.uri().replace("127.0.0.1", "127.0.0.2"))
            await alice.until("CALL_ESTABLISHED")
            line = await ours.line()
            await line.until(speaks())

            (port,) = wire.voice_ports()
            await alice.hold()
            await asyncio.sleep(0.3)
            assert "a=recvonly" in alice.log(), "answered as RFC 3264 asks"
            said = len(wire.packets[port, "back"])
            await asyncio.sleep(0.3)
            assert len(wire.packets[port, "back"]) == said, "into a hold nothing is said"
            await alice.resume()
            heard = line.heard().seconds
            await line.until(lambda line: line.heard().seconds > heard + 0.5)
            assert len(wire.packets[port, "back"]) > said

            assert await line.leg.hold()
            await asyncio.sleep(0.6)
            assert not line.heard().after(line.heard().seconds - 0.2).is_loud(), "who is held says nothing"
            assert await line.leg.resume()
            await line.until(speaks())
            await asyncio.sleep(0.6)
            end = wire.heard("back", port)
            assert sounds(end.after(end.seconds - 0.5), OUR_HERTZ)
            await alice.hang_up()
            await line.until(lambda line: line.leg.ended is not None)

    asyncio.run(main())


@pytest.mark.parametrize("context", [None, "refund an order"])
def test_we_transfer_a_telephone_to_another(context: str | None, tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            baresip(Settings("200", answers="auto"), tone(700, 30)) as bob,
            exchange(tmp_path, towards(bob), dial={"allowed": ["200"]}) as ours,
            baresip(Settings(), tone(HERTZ, 30)) as alice,
        ):
            await alice.dial(ours.uri())
            await alice.until("CALL_ESTABLISHED")
            line = await ours.line()
            await line.until(speaks())
            progress = [step async for step in line.leg.transfer("200", context=context)]
            assert progress[-1].final and progress[-1].code == 200
            await bob.until("CALL_ESTABLISHED")
            await asyncio.sleep(1)
            assert line.leg.ended is not None and line.leg.ended.reason == "transferred"
            assert sounds(bob.heard().after(0.3), HERTZ)
            assert sounds(alice.heard().after(0.3), 700), "the last recording is that of the new call"
            asked = ">" if context is None else f"?User-to-User={context.encode().hex()}%3Bencoding%3Dhex>"
            assert f"Refer-To: <sip:200@127.0.0.1:{bob.port}{asked}" in alice.log()

    asyncio.run(main())


def test_a_transfer_that_nobody_takes_leaves_the_call_as_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            baresip(Settings("200")) as bob,
            exchange(tmp_path, towards(bob), dial={"allowed": ["2*"]}) as ours,
            baresip(Settings(), tone(HERTZ, 30)) as alice,
        ):
            await alice.dial(ours.uri())
            await alice.until("CALL_ESTABLISHED")
            line = await ours.line()
            progress = [step async for step in line.leg.transfer("299")]
            assert progress[-1].final and progress[-1].code == 404
            assert line.leg.ended is None
            await line.until(speaks())

    asyncio.run(main())


def test_a_telephone_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        dial = {"allowed": ["200"], "ring_s": 1}
        async with (
            baresip(Settings("200")) as bob,
            exchange(tmp_path, towards(bob), dial=dial) as ours,
        ):
            with pytest.raises(CallFailed):
                async with ours.call("200"):
                    raise AssertionError("nobody answered")
            assert (await bob.until("CALL_CLOSED")).parameter

    asyncio.run(main())


def test_a_telephone_without_srtp_is_refused_where_the_trunk_wants_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            exchange(tmp_path, {"srtp": "required"}) as ours,
            baresip(Settings(codec="PCMU")) as alice,
        ):
            await alice.dial(ours.uri())
            assert "488" in (await alice.until("CALL_CLOSED")).parameter

    asyncio.run(main())


@pytest.mark.parametrize("password", ["correct-horse", "wrong-horse"])
def test_a_telephone_proves_itself(password: str, tmp_path: Path) -> None:
    """Baresip knows MD5 only, and gives up when it is asked for SHA-256 first."""
    known = {"username": "alice", "password": "correct-horse", "algorithms": ["MD5"]}
    login = {"networks": [], "login": known}

    async def main() -> None:
        async with exchange(tmp_path, login) as ours, baresip(Settings(password=password)) as alice:
            await alice.dial(ours.uri())
            if password == "correct-horse":
                await alice.until("CALL_ESTABLISHED")
            else:
                assert "403" in (await alice.until("CALL_CLOSED")).parameter
            assert ours.answered == (password == "correct-horse")

    asyncio.run(main())


@pytest.mark.parametrize(
    "conditions",
    [Conditions(loss=0.1), Conditions(loss=0.03, jitter_ms=60, swapped=0.02, doubled=0.02)],
    ids=["loss", "everything"],
)
def test_a_call_survives_a_bad_network(conditions: Conditions, tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            ours = await stack.enter_async_context(exchange(tmp_path, advertised="127.0.0.2"))
            wire = await stack.enter_async_context(relay(ours.rtp, conditions, clean=[ours.port]))
            alice = await stack.enter_async_context(baresip(Settings(codec="PCMA"), tone(HERTZ, 60)))
            await alice.dial(ours.uri().replace("127.0.0.1", "127.0.0.2"))
            await alice.until("CALL_ESTABLISHED")
            line = await ours.line()
            await line.until(speaks())
            await asyncio.sleep(2)
            await alice.press("159")
            await line.until(lambda line: len(line.keys) >= 3)
            await alice.hang_up()
            await line.until(lambda line: line.leg.ended is not None)
            assert line.keys == "159", "keys survive too, each once"
            assert sounds(line.heard().after(0.5), HERTZ)
            assert wire.counts["there"] > 100 and wire.counts["back"] > 100
            if conditions.loss:
                assert wire.counts["lost"]

    asyncio.run(main())
