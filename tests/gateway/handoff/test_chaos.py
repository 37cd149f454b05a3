"""Whatever dies during a handoff: no customer is lost, nobody rings for nothing, nobody hears nothing.

Each state of a handoff is met with each thing that may go: the desk, the caller, the queue, the store.
Callers hear a bot that hums and an agent who talks without end, so silence is somebody's failure.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import groupby

import pytest

from gateway.desk.conductor import Closing
from gateway.events import HandoffChanged
from gateway.handoff.machine import HandoffLimits
from gateway.handoff.states import Agent, Answered, Input, PickedUp
from gateway.leg import Hangup, Leg
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import Wanted
from pipelines.briefing import Briefing
from pipelines.facts import ReplyDone, Unavailable
from tests import virtual_time
from tests.fakes.office import ALEX, SAM, Office
from tests.fakes.office_calls import AGENT, BOT, Line, at_work, calling, levels
from tests.fakes.scripted_leg import ScriptedLeg

LONGEST_SILENCE_S = 3.0
OUTAGE_S = 10.0
GRACE_S = 10.0
"The desk's, before an agent whose page is gone counts as absent."
LIMITS = HandoffLimits(wrap_up_ms=20_000, alternatives_ms=20_000)
AFTERWARDS_S = 45.0
"Every state has ended by itself until then, but waiting and the agent's talk with the customer."
PHONES = {"phones": [{"key": "field", "number": "+15550100", "name": "Phil"}]}

Legs = dict[str, ScriptedLeg]


class Telephone:
    """An agent's, which rings for three seconds and is answered by somebody who says neither yes nor no."""

    def __init__(self) -> None:
        self.calls = 0
        "That ring or are connected."

    async def call(
        self, agent: Agent, lease_id: str, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        self.calls += 1
        try:
            await asyncio.sleep(3)
            put(Answered())
            await asyncio.sleep(3)
            put(PickedUp(person=True))
            await asyncio.Event().wait()
        finally:
            self.calls -= 1

    def refers(self, agent: Agent, customer: Leg) -> bool:
        return False

    async def send(
        self, customer: Leg, agent: Agent, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        raise AssertionError("nobody is sent anywhere")

    def dismiss(self, lease_id: str, text: str) -> None:
        pass

    def leg(self, lease_id: str) -> Leg | None:
        return None


class Caller:
    """A caller on the way to a state of their handoff."""

    def __init__(self, office: Office, line: Line, legs: Legs) -> None:
        self.office = office
        self.line = line
        self.legs = legs
        self.telephone = office.handoffs.house.telephones = Telephone()
        self.gone = False

    @property
    def session_id(self) -> str:
        return self.line.session_id

    async def reach(self, state: str) -> None:
        await STEPS[state](self)
        assert self.line.state == state, f"{self.line.state} instead of {state}"

    # --- ways to the states -------------------------------------------------------------------------------

    async def alternatives(self) -> None:
        await self.office.queue.absent(ALEX.agent_id)
        await asyncio.sleep(2.1)
        await self.line.wishes()

    async def queued(self) -> None:
        busy = Wanted("h_other", "s_other", "general", "voice", frozenset(), "en", 0, self.office.now())
        await self.office.queue.enqueue(busy)
        await self.office.queue.accept((await self.office.offer(ALEX)).lease_id, ALEX.agent_id)
        await self.line.wishes()

    async def dialling(self) -> None:
        await self.office.queue.absent(ALEX.agent_id)
        await self.line.wishes()
        await asyncio.sleep(1)

    async def human_check(self) -> None:
        await self.dialling()
        await asyncio.sleep(3)

    async def offered(self) -> None:
        await self.line.wishes()
        await self.office.offer(ALEX)

    async def briefing(self) -> None:
        await self.offered()
        await self.office.desk.accept((await self.office.offer(ALEX)).lease_id, ALEX)
        await asyncio.sleep(0.5)

    async def bridging(self) -> None:
        await self.briefing()
        await self.office.desk.connect(self.session_id, ALEX)
        await asyncio.sleep(0.05)

    async def human_active(self) -> None:
        await self.bridging()
        await asyncio.sleep(2)

    async def rescue(self) -> None:
        await self.human_active()
        self.legs[ALEX.agent_id].leave(Hangup("network", "lost"))
        await asyncio.sleep(0.1)

    async def wrap_up(self) -> None:
        await self.human_active()
        await self.office.desk.end(self.session_id, ALEX)
        self.gone = True
        await asyncio.sleep(0.5)

    async def caller_gone(self) -> None:
        await self.human_active()
        self.hang_up()
        await asyncio.sleep(0.5)

    # --- what dies ----------------------------------------------------------------------------------------

    def hang_up(self) -> None:
        self.gone = True
        self.line.customer.leave()

    async def lose_desk(self) -> None:
        """As the desk tells it: the audio at once, the rest when the grace is over."""
        self.legs[ALEX.agent_id].leave(Hangup("network", "lost"))
        await self.office.desk.agent_leg_lost(ALEX.agent_id)
        await asyncio.sleep(GRACE_S)
        await self.office.queue.absent(ALEX.agent_id)
        await self.office.desk.agent_gone(ALEX.agent_id)

    # --- what must hold -----------------------------------------------------------------------------------

    async def check(self, what: str) -> None:
        silent = longest_silence(self.line.customer)
        assert silent <= LONGEST_SILENCE_S, f"{what}: silent for {silent} s"
        contact = self.office.handoffs.of(self.session_id)
        told = self.office.facts(self.line.live, HandoffChanged)[-1]
        if self.gone:
            assert contact is None and told.outcome, f"{what}: left, and still in {told.state}"
        elif contact is None:
            assert told.floor == "bot" and told.outcome, f"{what}: {told}"
            assert levels(self.line.customer, 1) == {BOT}, what
        else:
            assert levels(self.line.customer, 1) == {AGENT if contact.state == "human_active" else BOT}, what
            assert (told.state, told.handoff_id) == (contact.state, contact.handoff_id), what
        await nobody_rings_for_nothing(self.office, what)
        assert self.telephone.calls == (self.line.state in ("dialling", "human_check", "briefing")), what


def longest_silence(customer: ScriptedLeg) -> float:
    """Seconds, of what the caller heard from their first second on."""
    silent = [frame.pcm[:2] == b"\0\0" for frame in customer.heard[50:]]
    return max((sum(1 for _ in run) / 50 for quiet, run in groupby(silent) if quiet), default=0.0)


async def nobody_rings_for_nothing(office: Office, what: str) -> None:
    """Every offer and every place that is taken belongs to a handoff that is under way."""
    under_way = {contact.handoff_id: contact for contact in office.handoffs}
    for offer in await office.queue.offers():
        contact = under_way.get(offer.wanted.handoff_id)
        assert contact is not None and contact.lease_id == offer.lease_id, f"{what}: a phantom offer"
    for waits in await office.queue.waiting():
        assert waits.wanted.handoff_id in under_way, f"{what}: somebody is in line who is not there"
    for agent in await office.queue.agents():
        held = set(agent.contacts) - {"h_other"}
        assert held <= set(under_way), f"{what}: {agent.presence.name} keeps a place for nobody"


STEPS: dict[str, Callable[[Caller], Awaitable[None]]] = {
    name: getattr(Caller, name)
    for name in (
        "alternatives",
        "queued",
        "dialling",
        "human_check",
        "offered",
        "briefing",
        "bridging",
        "human_active",
        "rescue",
        "wrap_up",
        "caller_gone",
    )
}


def meets(state: str, happens: Callable[[Caller], Awaitable[None]]) -> None:
    """Bring a caller to a state, let it happen, and look at once, soon and long afterwards."""
    office = Office(PHONES if state in ("dialling", "human_check") else None, LIMITS)

    async def main() -> None:
        async with office.open(), at_work(office, ALEX) as legs, calling(office) as line:
            caller = Caller(office, line, legs)
            await caller.reach(state)
            await happens(caller)
            await asyncio.sleep(AFTERWARDS_S)
            await caller.check(state)

    virtual_time.run(main())


@pytest.mark.parametrize("state", STEPS)
def test_the_agents_desk_vanishes(state: str) -> None:
    async def vanishes(caller: Caller) -> None:
        before = len(caller.line.said)
        await caller.lose_desk()
        if state == "human_active":
            assert "lost" in caller.line.said[before], "they are told"
        if state in ("offered", "briefing", "bridging", "human_active", "rescue"):
            assert caller.line.state in ("queued", "offered"), "they are in line again"

    meets(state, vanishes)


def test_the_agents_desk_vanishes_while_the_customer_is_on_hold() -> None:
    async def vanishes(caller: Caller) -> None:
        await caller.office.desk.hold(caller.session_id, ALEX, True)
        await asyncio.sleep(5)
        await caller.lose_desk()
        assert "lost" in caller.line.said[-1]

    meets("human_active", vanishes)


@pytest.mark.parametrize("state", STEPS)
def test_the_caller_hangs_up(state: str) -> None:
    async def hangs_up(caller: Caller) -> None:
        caller.hang_up()
        await asyncio.sleep(6)
        assert await caller.office.queue.offers() == []

    meets(state, hangs_up)


def steps_on(caller: Caller, step: str) -> Awaitable[object]:
    """What agent or customer do meanwhile."""
    desk, session_id = caller.office.desk, caller.session_id
    match step:
        case "agent goes on":
            return agent_goes_on(caller)
        case "desk vanishes":
            return caller.lose_desk()
        case "supervisor takes over":
            return desk.supervise(session_id, SAM, "take_over")
        case "caller hangs up":
            caller.hang_up()
    return asyncio.sleep(0)


async def agent_goes_on(caller: Caller) -> None:
    """The next thing that the agent does where the handoff stands."""
    office, session_id = caller.office, caller.session_id
    match caller.line.state:
        case "offered":
            await office.desk.accept((await office.offer(ALEX)).lease_id, ALEX)
        case "briefing":
            await office.desk.connect(session_id, ALEX)
        case "human_active":
            await office.desk.hand_back(session_id, ALEX, "")
        case "wrap_up":
            await office.desk.wrap_up(session_id, ALEX, Closing("resolved", "", None))


MEANWHILE = ("nothing", "agent goes on", "desk vanishes", "supervisor takes over", "caller hangs up")


@pytest.mark.parametrize("step", MEANWHILE)
@pytest.mark.parametrize("state", STEPS)
@pytest.mark.parametrize("what", ["queue", "store"])
def test_an_outage(what: str, state: str, step: str) -> None:
    async def goes_down(caller: Caller) -> None:
        down = getattr(caller.office, what)
        down.fails_after_s, down.down = 5.0, True
        await asyncio.sleep(0.1)
        async with asyncio.TaskGroup() as tasks:
            meanwhile = tasks.create_task(refused_or_done(steps_on(caller, step)))
            await asyncio.sleep(OUTAGE_S)
            down.down = False
            await meanwhile

    meets(state, goes_down)


async def refused_or_done(step: Awaitable[object]) -> None:
    """What cannot be done in an outage is refused, and nothing else."""
    try:
        await step
    except (Unavailable, ProtocolError):
        return


# --- chats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back_after_s", [0.3, 3.0, 30.0])
def test_no_bot_writes_beside_a_person_whose_coming_could_not_be_stored(back_after_s: float) -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.desk.accept((await office.offer(ALEX)).lease_id, ALEX)
        await asyncio.sleep(0.1)
        office.store.down = True
        await office.desk.connect(live.session_id, ALEX)
        await asyncio.sleep(back_after_s)
        office.store.down = False
        await office.writes(live, "are you there?", 3.0)
        assert office.state(live) == "human_active"
        assert "You said" not in str(office.facts(live, ReplyDone)[-1].pii), "it is not the bot's turn"
        assert office.facts(live, HandoffChanged)[-1].state == "human_active", "stored after all"
        office.store.down = True
        await refused_or_done(office.desk.hand_back(live.session_id, ALEX, ""))
        await asyncio.sleep(back_after_s)
        office.store.down = False
        await office.writes(live, "and now?", 3.0)
        assert office.facts(live, ReplyDone)[-1].pii.text == "You said: and now?"
        assert office.facts(live, HandoffChanged)[-1].outcome == "handed_back"

    office.run(main)


def test_who_wants_a_person_while_the_queue_is_away_gets_one_afterwards() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        office.queue.fails_after_s, office.queue.down = 5.0, True
        live = await office.chat("I want a person")
        await office.writes(live, "what are your hours?")
        assert office.facts(live, ReplyDone)[-1].pii.text == "You said: what are your hours?"
        await asyncio.sleep(20)
        assert office.state(live) == "queued"
        office.queue.down = False
        await office.takes(ALEX)
        assert office.state(live) == "human_active"

    office.run(main)
