"""Calls over scripted legs; over real WebRTC they are tested with the routes that begin them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.admission import Admission, AdmissionLimits
from gateway.call import BOTS, Calls
from gateway.events import CallAdmitted, CallWaiting, LegJoined, LegLeft
from gateway.health import Health
from gateway.leg import Hangup
from gateway.live import LiveSession, LiveSessions, live_sessions
from gateway.reception import Reception
from pipelines.answer import Say
from pipelines.audio import AudioPort
from pipelines.facts import Activity, Unavailable
from tests import virtual_time
from tests.fakes.memory_store import MemoryStore
from tests.fakes.office import nobody_works
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts


@dataclass
class Bots:
    """Makes bots that follow a plan: `listen` to the end, `crash`, or say `goodbye` after a second."""

    plans: list[str]
    made: list["ScriptedBot"] = field(default_factory=list)
    openings: list[str | None] = field(default_factory=list)

    def __call__(self, port: AudioPort, live: LiveSession, opening: str | None) -> "ScriptedBot":
        bot = ScriptedBot(port, self.plans.pop(0))
        self.made.append(bot)
        self.openings.append(opening)
        return bot


class ScriptedBot:
    def __init__(self, port: AudioPort, plan: str) -> None:
        self.port = port
        self.plan = plan
        self.frames = 0
        self.texts: list[str] = []
        self.pressed = ""

    async def run(self) -> None:
        if self.plan == "goodbye":
            await asyncio.sleep(1)
            return
        async for _ in self.port.frames():
            self.frames += 1
            if self.plan == "crash" and self.frames == 10:
                raise RuntimeError("the bot broke")

    async def write(self, text: str, client_id: str | None = None) -> None:
        self.texts.append(text)
        raise Unavailable("too much is waiting")

    def press(self, digit: str) -> None:
        self.pressed += digit

    def announce(self, text: str) -> None:
        self.texts.append(text)

    async def silent(self) -> None:
        """It says nothing."""


class World:
    def __init__(self, bots: Bots, live: LiveSessions, store: MemoryStore) -> None:
        admission = Admission(AdmissionLimits(calls=1, waiting=1, wait_ms=60_000))
        self.calls = Calls(bots, Reception(admission, FakeVoiceParts(), Health()), nobody_works(), 4000)
        self.live = live
        self.store = store
        self.leg = ScriptedLeg()

    async def conduct(
        self, live: LiveSession, leave_after: float = 5.0, leg: ScriptedLeg | None = None
    ) -> None:
        """The whole life of the leg; the person leaves after so many seconds."""
        leg = leg or self.leg
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leg.serve())
            leaving = tasks.create_task(_leave(leg, leave_after))
            await self.calls.conduct(leg, live)
            leaving.cancel()
            await leg.hang_up("the call is over")


async def _leave(leg: ScriptedLeg, seconds: float) -> None:
    await asyncio.sleep(seconds)
    leg.leave()


def run(bots: Bots, test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with world(bots) as the:
            await test(the)

    virtual_time.run(main())


@asynccontextmanager
async def world(bots: Bots) -> AsyncIterator[World]:
    store = MemoryStore()
    async with live_sessions(store, ScriptedAnswerer(lambda words: [Say("ok")])) as live:
        yield World(bots, live, store)


def test_the_log_says_who_came_and_how_they_went() -> None:
    bots = Bots(["listen"])

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        await the.conduct(live)
        facts = [event.fact for event in the.store.log[live.session_id]][1:]
        assert facts == [
            LegJoined(leg_id="scripted", role="customer", kind="webrtc"),
            LegLeft(leg_id="scripted", by="remote", reason="hung up"),
        ]
        assert bots.made[0].frames > 200
        assert not live.busy and live.log.quiet

    run(bots, test)


def test_the_log_says_what_a_telephone_tells_of_its_caller_and_keeps_that_as_personal_data() -> None:
    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        the.leg.connected_by = "sip"
        the.leg.tells = {"caller": "+15550100", "called": "100", "X-Session": "7"}
        await the.conduct(live)
        joined = the.store.log[live.session_id][1].message()
        assert joined["kind"] == "sip"
        assert joined["pii"] == {"values": the.leg.tells}

    run(Bots(["listen"]), test)


def test_keys_that_the_caller_presses_reach_the_bot() -> None:
    bots = Bots(["listen"])

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        live.press("9")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(the.conduct(live))
            await asyncio.sleep(1)
            the.leg.press("10437#")
        assert bots.made[0].pressed == "10437#", "and not the one that came before there was a call"

    run(bots, test)


def test_a_bot_that_breaks_is_replaced_until_the_last() -> None:
    bots = Bots(["crash", "crash", "listen"])

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        await the.conduct(live)
        assert [bot.frames >= 10 for bot in bots.made] == [True] * 3
        assert bots.made[2].frames > 200
        troubles = [
            m for m in the.leg.sent if m["type"] == "server-message" and m["data"]["type"] == "trouble"
        ]
        assert [m["data"]["code"] for m in troubles] == ["bot_failed", "bot_failed"]

    run(bots, test)


def test_what_we_say_first_in_a_call_of_ours_is_said_by_one_bot_only() -> None:
    bots = Bots(["crash", "listen"])

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(the.leg.serve())
            tasks.create_task(the.calls.conduct(the.leg, live, opening="Your parcel is at the shop."))
            await asyncio.sleep(3)
            the.leg.leave()
        assert bots.openings == ["Your parcel is at the shop.", ""]

    run(bots, test)


def test_when_every_bot_breaks_the_call_ends() -> None:
    bots = Bots(["crash"] * BOTS)

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        await the.conduct(live, leave_after=1000)
        assert asyncio.get_running_loop().time() < 10
        assert the.leg.ended == Hangup("local", "the call is over")

    run(bots, test)


def test_a_bot_that_says_goodbye_ends_the_call() -> None:
    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        await the.conduct(live, leave_after=1000)
        assert asyncio.get_running_loop().time() < 3

    run(Bots(["goodbye"]), test)


def test_a_second_call_in_the_same_session_is_turned_away_and_takes_no_place_in_the_queue() -> None:
    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        other = ScriptedLeg("other")
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(the.conduct(live))
            await asyncio.sleep(1)
            await the.conduct(live, leg=other)
            assert any(m["type"] == "error" and "in a call already" in m["data"]["error"] for m in other.sent)
            assert live.busy and not first.done(), "the first call goes on"
        await the.conduct(live, leg=ScriptedLeg("later"))

    run(Bots(["listen", "listen"]), test)


def test_a_call_waits_until_another_is_over_and_takes_its_place_whatever_became_of_that() -> None:
    bots = Bots(["crash"] * BOTS + ["listen"])

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        waiting, _ = await the.live.begin("voice")
        second = ScriptedLeg("second")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(the.conduct(live, leave_after=1000))
            await asyncio.sleep(0.01)
            await the.conduct(waiting, leg=second)
        facts = [type(event.fact) for event in the.store.log[waiting.session_id]][1:]
        assert facts == [LegJoined, CallWaiting, CallAdmitted, LegLeft]
        told = [m["data"]["type"] for m in second.sent if m["type"] == "server-message"]
        assert told[:3] == ["leg.joined", "call.waiting", "call.admitted"]
        assert bots.made[-1].frames > 200

    run(bots, test)


def test_typed_text_that_the_call_cannot_take_is_answered_with_an_error() -> None:
    bots = Bots(["listen"])

    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        the.leg.write('{"label": "rtvi-ai", "type": "send-text", "id": "t1", "data": {"content": "hello"}}')
        await the.conduct(live)
        assert bots.made[0].texts == ["hello"]
        (error,) = (m for m in the.leg.sent if m["type"] == "error-response")
        assert (error["id"], error["data"]["error"]) == ("t1", "Not taken: too much is waiting.")

    run(bots, test)


def test_a_client_that_cannot_keep_up_loses_the_call_and_not_the_session() -> None:
    async def test(the: World) -> None:
        live, _ = await the.live.begin("voice")
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(the.conduct(live, leave_after=1000))
            await asyncio.sleep(1)
            for _ in range(2000):
                live.log.show(Activity(state="thinking"))
            await call
        assert the.leg.ended == Hangup("local", "the client fell behind")
        assert not live.log.stale

    run(Bots(["listen"]), test)
