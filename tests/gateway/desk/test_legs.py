import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.desk.legs import MOST_BEGUN, AgentLegs
from gateway.leg import Hangup
from gateway.protocol_error import ProtocolError
from gateway.webrtc.signalling import Answer, Answerer, Candidates, Offer
from pipelines.facts import Unavailable
from tests.contracts.leg import listen
from tests.fakes.scripted_leg import ScriptedLeg
from tests.gateway.desk import desk_world
from tests.gateway.desk.desk_world import DeskWorld, account, told

OFFER = Offer(sdp="v=0", type="offer")


class Line(ScriptedLeg):
    """A browser's leg, which is connected when the test says so."""

    def __init__(self, leg_id: str) -> None:
        super().__init__(leg_id)
        self.arrived = asyncio.Event()

    async def connected(self) -> bool:
        await self.arrived.wait()
        return self.ended is None

    def leave(self, how: Hangup = Hangup("remote", "hung up")) -> None:  # noqa: B008
        super().leave(how)
        self.arrived.set()


class Exchange:
    """Signalling without a network."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.lines: list[Line] = []
        self.renegotiated: list[str | None] = []
        self.candidates: list[str] = []
        self._tasks = tasks

    async def offer(self, request: Offer, answerer: Answerer) -> Answer:
        if request.pc_id is not None:
            self.renegotiated.append(request.pc_id)
            return Answer(sdp="v=0", pc_id=request.pc_id)
        line = Line(f"w_{len(self.lines)}")
        self.lines.append(line)
        self._tasks.create_task(self._serve(line, request, answerer))
        return Answer(sdp="v=0", pc_id=f"p_{len(self.lines)}")

    async def add_candidates(self, request: Candidates) -> None:
        self.candidates.append(request.pc_id)

    def ice_servers(self, user: str) -> dict[str, object]:
        return {"iceServers": [], "user": user}

    async def hang_up_all(self, reason: str) -> None:
        for line in self.lines:
            line.leave(Hangup("local", reason))

    async def _serve(self, line: Line, request: Offer, answerer: Answerer) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(line.serve())
            try:
                await answerer(line, request)  # type: ignore[arg-type]
            finally:
                await line.hang_up("the call is over")


async def never() -> None:
    await asyncio.Event().wait()


def run(test: Callable[[DeskWorld, AgentLegs, Exchange], Awaitable[None]]) -> None:
    async def main(world: DeskWorld) -> None:
        async with asyncio.TaskGroup() as tasks:
            exchange = Exchange(tasks)
            legs = AgentLegs(exchange, world.conductor, world.desk.attendance)  # type: ignore[arg-type]
            world.desk.legs = legs
            await test(world, legs, exchange)
            await legs.hang_up_all("the test is over")

    desk_world.run(main)


def test_a_leg_is_told_once_it_is_connected_and_when_it_is_lost() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        tab = await world.desk.join(account())
        assert (await told(tab, "welcome"))["voice"] is True
        await legs.offer("a_nadia", OFFER, never)
        await asyncio.sleep(1)
        assert not world.conductor.legs
        (line,) = exchange.lines
        line.arrived.set()
        assert (await told(tab, "me"))["audio"] is True
        assert world.conductor.legs["a_nadia"].leg_id == "w_0"
        line.leave()
        assert (await told(tab, "me"))["audio"] is False
        assert world.conductor.names()[-1] == "agent_leg_lost"

    run(test)


def test_a_browser_that_falls_silent_is_lost_in_two_seconds_and_may_come_back() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        tab = await world.desk.join(account())
        await legs.offer("a_nadia", OFFER, never)
        (line,) = exchange.lines
        line.arrived.set()
        assert (await told(tab, "me"))["audio"] is True
        await asyncio.sleep(5)
        assert world.conductor.names() == ["agent_leg"], "who says nothing is there all the same"
        line.say([None] * 200)
        await asyncio.sleep(2.2)
        assert world.conductor.names() == ["agent_leg", "agent_leg_lost"]
        assert (await told(tab, "me"))["audio"] is False, "no calls are offered"
        await asyncio.sleep(3)
        assert world.conductor.names() == ["agent_leg", "agent_leg_lost", "agent_leg"]
        assert (await told(tab, "me"))["audio"] is True

    run(test)


def test_one_leg_serves_call_after_call() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        await legs.offer("a_nadia", OFFER, never)
        exchange.lines[0].arrived.set()
        await asyncio.sleep(0.1)
        leg = world.conductor.legs["a_nadia"]
        for _ in range(3):
            assert len(await listen(leg, 1.0)) >= 45
            await asyncio.sleep(5)

    run(test)


def test_audio_that_is_connected_anew_takes_the_place_of_the_old() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        for number in range(2):
            await legs.offer("a_nadia", OFFER, never)
            exchange.lines[number].arrived.set()
            await asyncio.sleep(0.1)
        first, second = exchange.lines
        assert first.ended == Hangup("local", "the audio was connected anew")
        assert second.ended is None and world.conductor.legs["a_nadia"].leg_id == "w_1"
        assert world.conductor.names() == ["agent_leg", "agent_leg"], "it was not lost in between"

    run(test)


def test_a_leg_that_never_connects_is_nobodys_loss() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        for _ in range(MOST_BEGUN):
            await legs.offer("a_nadia", OFFER, never)
        with pytest.raises(ProtocolError) as refused:
            await legs.offer("a_nadia", OFFER, never)
        assert (refused.value.code, refused.value.status) == ("too_many_offers", 429)
        await legs.offer("a_tom", OFFER, never)
        for line in exchange.lines:
            line.leave()
        await asyncio.sleep(0.1)
        assert world.conductor.names() == []
        await legs.offer("a_nadia", OFFER, never)

    run(test)


def test_a_leg_ends_with_the_sign_in() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        over = asyncio.Event()

        async def wait() -> None:
            await over.wait()

        await legs.offer("a_nadia", OFFER, wait)
        (line,) = exchange.lines
        line.arrived.set()
        await asyncio.sleep(60)
        assert line.ended is None
        over.set()
        await asyncio.sleep(0.1)
        assert line.ended == Hangup("local", "signed out")
        assert world.conductor.names() == ["agent_leg", "agent_leg_lost"]

    run(test)


def test_a_connection_is_changed_by_its_own_agent_alone() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        pc_id = (await legs.offer("a_nadia", OFFER, never)).pc_id
        again, candidates = OFFER.model_copy(update={"pc_id": pc_id}), Candidates(pc_id=pc_id, candidates=[])
        for attempt in (
            legs.offer("a_tom", again, never),
            legs.add_candidates("a_tom", candidates),
            legs.offer("a_nadia", OFFER.model_copy(update={"pc_id": "p_unknown"}), never),
        ):
            with pytest.raises(ProtocolError) as refused:
                await attempt
            assert (refused.value.code, refused.value.status) == ("unknown_peer", 404)
        assert (await legs.offer("a_nadia", again, never)).pc_id == pc_id
        await legs.add_candidates("a_nadia", candidates)
        assert (exchange.renegotiated, exchange.candidates) == ([pc_id], [pc_id])
        exchange.lines[0].leave()
        await asyncio.sleep(0.1)
        with pytest.raises(ProtocolError):
            await legs.add_candidates("a_nadia", candidates)

    run(test)


def test_what_the_client_sends_beside_the_audio_is_read_by_nobody_and_fills_nothing() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        await legs.offer("a_nadia", OFFER, never)
        (line,) = exchange.lines
        line.arrived.set()
        for _ in range(200):
            line.write("{}")
            await asyncio.sleep(0.01)
        assert not line._messages.full

    run(test)


def test_a_conductor_that_fails_does_not_end_the_audio() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        world.conductor.failing = {"agent_leg": Unavailable("down"), "agent_leg_lost": Unavailable("down")}
        tab = await world.desk.join(account())
        await legs.offer("a_nadia", OFFER, never)
        exchange.lines[0].arrived.set()
        assert (await told(tab, "me"))["audio"] is True
        exchange.lines[0].leave()
        assert (await told(tab, "me"))["audio"] is False

    run(test)


def test_credentials_are_made_for_the_agent() -> None:
    async def test(world: DeskWorld, legs: AgentLegs, exchange: Exchange) -> None:
        assert legs.ice_servers("a_nadia")["user"] == "a_nadia"

    run(test)
