"""Calls by sipp's book, in both directions: a scenario says what must come; nothing else may."""

import asyncio
import re
from pathlib import Path
from typing import Any, Literal

import pytest

from gateway.sip.call_failed import CallFailed
from tests.interop import ports, sipp
from tests.interop.exchange import Exchange, Line, exchange
from tests.interop.sipp import Plan, Sipp
from tests.interop.sounds import tone

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

HERTZ = 440


async def call(ours: Exchange, plan: Plan) -> str:
    return await sipp.calls(plan, ours.address)


@pytest.mark.parametrize(
    "scenario",
    [
        "uac_hold",
        "uac_hold_old",
        "uac_refresh",
        "uac_interval_too_small",
        "uac_options",
        "uac_delayed_offer",
        "uac_no_codec",
        "uac_extension",
        "uac_stranger",
        "uac_transfer",
    ],
)
def test_a_call_goes_by_the_book(scenario: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path) as ours:
            await call(ours, Plan(scenario))
            await asyncio.sleep(0.1)
            assert ours.running == 0

    asyncio.run(main())


def test_a_call_goes_by_the_book_over_tcp(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path) as ours:
            for scenario in ("uac_call", "uac_hold", "uac_options"):
                await call(ours, Plan(scenario, transport="tcp"))

    asyncio.run(main())


def test_pcma_and_keys_of_rfc_4733_are_heard(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path) as ours:
            await call(ours, Plan("uac_talk", said=[tone(HERTZ, 1), "15#", tone(HERTZ, 0.5)]))
            line = await ours.line()
            assert line.leg.sample_rate == 8_000 and line.keys == "15#"
            assert abs(line.heard().loudest_hertz() - HERTZ) < 10

    asyncio.run(main())


@pytest.mark.parametrize("scenario", ["uac_info", "uac_info_plain"])
def test_keys_in_info_are_heard(scenario: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path) as ours:
            await call(ours, Plan(scenario))
            assert (await ours.line()).keys == "5"

    asyncio.run(main())


RINGING: dict[str, Any] = {"numbers": [{"pattern": "*", "ring_s": 1}]}


@pytest.mark.parametrize("scenario", ["uac_cancel", "uac_prack"])
def test_what_happens_while_it_rings(scenario: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, **RINGING) as ours:
            await call(ours, Plan(scenario))
            assert ours.answered == (scenario == "uac_prack")

    asyncio.run(main())


LOGIN: dict[str, Any] = {
    "login": {"username": "sipp", "password": "correct-horse", "algorithms": ["MD5"]},
    "networks": [],
}
"sipp 3.6 looks at the first challenge only, and cannot do SHA-256."


@pytest.mark.parametrize(
    ("scenario", "password"), [("uac_auth", "correct-horse"), ("uac_auth_refused", "wrong-horse")]
)
def test_a_trunk_proves_itself(scenario: str, password: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, LOGIN) as ours:
            await call(ours, Plan(scenario, password=password))
            assert ours.answered == (scenario == "uac_auth")

    asyncio.run(main())


def test_context_headers_come_with_a_call(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, headers=["X-Session"]) as ours:
            await call(ours, Plan("uac_headers"))
            about = (await ours.line()).leg.about
            assert about["User-to-User"] == "Hello" and about["X-Session"] == "s-4711"

    asyncio.run(main())


def test_a_hundred_calls_at_ten_a_second(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, rtp=256) as ours:
            plan = Plan("uac_talk", calls=100, per_second=10, said=[tone(HERTZ, 2)], seconds=40)
            await call(ours, plan)
            assert ours.answered == 100
            while not ours.lines.empty():
                assert abs((await ours.line()).heard().loudest_hertz() - HERTZ) < 30
            await asyncio.sleep(0.1)
            assert ours.running == 0

    asyncio.run(main())


def test_a_call_takes_the_place_of_another(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path) as ours, asyncio.TaskGroup() as tasks:
            async with sipp.calling(Plan("uac_replaced"), ours.address) as first:
                line = await ours.line()
                await line.until(lambda line: bool(line.frames))
                replaces = call_of(first)
                said = [tone(700, 2)]
                tasks.create_task(call(ours, Plan("uac_replaces", keys={"replaces": replaces}, said=said)))
                await first.finished()
                await line.until(lambda line: abs(ending(line) - 700) < 10)
                assert ours.answered == 1, "the same leg goes on"
            await line.until(lambda line: line.leg.ended is not None)

    asyncio.run(main())


def call_of(run: Sipp) -> str:
    """The call of a run as a Replaces header names it."""
    answer = re.split(r"SIP/2\.0 200", run.messages())[1]
    found = [re.search(rf"^{name}:.*?tag=(\S+)", answer, re.M | re.I) for name in ("To", "From")]
    call_id = re.search(r"^Call-ID: *(\S+)", answer, re.M | re.I)
    assert call_id and found[0] and found[1]
    return f"{call_id[1]};to-tag={found[0][1]};from-tag={found[1][1]}"


def ending(line: Line) -> float:
    sound = line.heard()
    return sound.after(max(sound.seconds - 0.4, 0)).loudest_hertz()


def test_nobody_else_ends_a_call(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            exchange(tmp_path) as ours,
            sipp.calling(Plan("uac_talk", said=[tone(HERTZ, 2)]), ours.address) as first,
        ):
            line = await ours.line()
            await line.until(lambda line: bool(line.frames))
            victim = call_of(first).partition(";")[0]
            await call(ours, Plan("uac_bye_spoofed", call_id=victim))
            assert line.leg.ended is None
            await first.finished()

    asyncio.run(main())


# --- calls that we place


DIAL = {"allowed": ["+49*"], "ring_s": 3}
NUMBER = "+4930123456"


def towards(port: int, **more: Any) -> dict[str, Any]:
    return {"address": f"127.0.0.1:{port}", **more}


@pytest.mark.parametrize("scenario", ["uas_answer", "uas_early_media", "uas_reliable"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_we_call_and_are_answered(scenario: str, transport: Literal["udp", "tcp"], tmp_path: Path) -> None:
    plan = Plan(scenario, transport=transport, said=[tone(700, 1)] if scenario == "uas_early_media" else ())

    async def main() -> None:
        async with sipp.answering(plan) as other:
            trunk = towards(other.port, transport=transport)
            async with exchange(tmp_path, trunk, dial=DIAL) as ours, ours.call(NUMBER) as line:
                await line.until(lambda line: len(line.frames) > 10)
                assert f"INVITE sip:{NUMBER}@127.0.0.1" in other.messages()

    asyncio.run(main())


def test_we_are_hung_up_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.answering(Plan("uas_hang_up", said=[tone(700, 1)])) as other:
            async with exchange(tmp_path, towards(other.port), dial=DIAL) as ours, ours.call(NUMBER) as line:
                await line.until(lambda line: line.leg.ended is not None)
                assert line.leg.ended is not None and line.leg.ended.by == "remote"
                assert abs(line.heard().loudest_hertz() - 700) < 10

    asyncio.run(main())


@pytest.mark.parametrize(
    ("scenario", "code", "retry_after_s"),
    [("uas_busy", 486, None), ("uas_unavailable", 503, 30), ("uas_silent", 487, None)],
)
def test_why_a_call_was_not_answered_is_told(
    scenario: str, code: int, retry_after_s: int | None, tmp_path: Path
) -> None:
    async def main() -> None:
        async with sipp.answering(Plan(scenario)) as other:
            async with exchange(tmp_path, towards(other.port), dial={**DIAL, "ring_s": 1}) as ours:
                with pytest.raises(CallFailed) as failed:
                    async with ours.call(NUMBER):
                        raise AssertionError("nobody answered")
                if scenario != "uas_silent":
                    assert (failed.value.code, failed.value.retry_after_s) == (code, retry_after_s)

    asyncio.run(main())


def test_we_prove_ourselves_when_asked(tmp_path: Path) -> None:
    plan = Plan("uas_challenge", keys={"user": "warmline", "word": "correct-horse"})

    async def main() -> None:
        async with sipp.answering(plan) as other:
            trunk = towards(other.port, username="warmline", password="correct-horse")
            async with exchange(tmp_path, trunk, dial=DIAL) as ours, ours.call(NUMBER) as line:
                await line.until(lambda line: len(line.frames) > 10)

    asyncio.run(main())


def test_a_redirection_is_followed_within_the_trunk_only(tmp_path: Path) -> None:
    async def main() -> None:
        away = ports.free()
        moved = Plan("uas_moved", keys={"target": f"+4930999@127.0.0.1:{away}"})
        async with sipp.answering(moved) as other:
            async with exchange(tmp_path, towards(other.port), dial=DIAL) as ours:
                with pytest.raises(CallFailed):
                    async with ours.call(NUMBER):
                        raise AssertionError("that would be anybody's address")

    asyncio.run(main())


def test_headers_go_with_a_call_that_we_place(tmp_path: Path) -> None:
    async def main() -> None:
        async with sipp.answering(Plan("uas_answer")) as other:
            settings: dict[str, Any] = {"dial": DIAL, "headers": ["X-Session"]}
            async with exchange(tmp_path, towards(other.port), **settings) as ours:
                headers = {"X-Session": "s-1", "User-to-User": "Hi"}
                async with ours.call(NUMBER, headers=headers) as line:
                    await line.until(lambda line: len(line.frames) > 10)
                    assert "X-Session: s-1" in other.messages()
                    assert "User-to-User: 4869;encoding=hex" in other.messages()

    asyncio.run(main())


def test_sipp_is_transferred_by_us_and_told_how_it_goes(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, towards(ports.free()), dial=DIAL) as ours:
            async with sipp.calling(Plan("uac_transferred"), ours.address) as other:
                line = await ours.line()
                progress = [step.code async for step in line.leg.transfer(NUMBER)]
                await other.finished()
                assert progress[-1] == 200 and f"Refer-To: <sip:{NUMBER}@" in other.messages()

    asyncio.run(main())
