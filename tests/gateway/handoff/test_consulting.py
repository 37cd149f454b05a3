"""An agent in a call asks a colleague: who hears whom, who may what, and that nobody is left behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import product

import pytest

from gateway.accounts.account import Account
from gateway.desk.conductor import Closing, Target
from gateway.desk.messages import Consult
from gateway.events import HandoffChanged
from gateway.handoff.consult import ConsultLimits
from gateway.leg import Hangup
from tests import virtual_time
from tests.fakes.office import ALEX, KIM, SAM, Office, refused
from tests.fakes.office_calls import AGENT, BOT, CUSTOMER, Line, at_work, calling, levels
from tests.fakes.scripted_leg import ScriptedLeg

MIA = Account("a_mia", "mia", "Mia", queues=frozenset({"other"}))


class Advice:
    """Alex has a customer in a call; Kim is there and free."""

    def __init__(self, office: Office, line: Line, legs: dict[str, ScriptedLeg]) -> None:
        self.office = office
        self.desk = office.desk
        self.line = line
        self.legs = legs

    @property
    def session_id(self) -> str:
        return self.line.session_id

    @property
    def shown(self) -> list[Consult]:
        """Where the consult stood, one after the other."""
        return [consult for consult, _ in self.office.shown.consults]

    @property
    def newest(self) -> Consult:
        return self.shown[-1]

    async def asks(self) -> str:
        await self.desk.consult(self.session_id, ALEX, KIM.agent_id)
        return self.newest.consult

    async def talks(self) -> str:
        """Kim has said yes, and a second has gone by."""
        consult = await self.asks()
        await self.desk.consult_answer(self.session_id, KIM, consult, True)
        await asyncio.sleep(1)
        return consult

    def hears(self, agent: Account) -> set[int]:
        return levels(self.legs[agent.agent_id], 0.5)

    @property
    def with_music(self) -> bool:
        """The customer hears something, and it is nobody."""
        heard = levels(self.line.customer, 0.5)
        return bool(heard - {0}) and not heard & {AGENT, BOT}

    async def booked(self, agent: Account) -> int:
        """How many calls the queue thinks they have."""
        there = {each.presence.agent_id: each for each in await self.office.queue.agents()}
        return there[agent.agent_id].busy.get("voice", 0)

    async def is_over(self, why: str) -> None:
        """It has ended so, the customer is not on hold, Kim is free and hears nobody."""
        await asyncio.sleep(1)
        assert (self.newest.state, self.newest.why) == ("over", why)
        contact = self.office.handoffs.of(self.session_id)
        assert contact is None or not contact.connection.hold
        assert contact is None or contact.connection.on_parted is None
        assert await self.booked(KIM) == 0
        assert self.legs[KIM.agent_id].ended is not None or self.hears(KIM) == {0}
        assert not self.office.handoffs.consulted(KIM.agent_id)


@asynccontextmanager
async def advice(office: Office) -> AsyncIterator[Advice]:
    async with office.open(), at_work(office, ALEX, KIM, SAM) as legs, calling(office) as line:
        await office.queue.absent(KIM.agent_id)
        await line.wishes()
        await office.takes(ALEX)
        await office.comes(KIM)
        yield Advice(office, line, legs)


def run(test: Callable[[Advice], Awaitable[None]]) -> None:
    async def main() -> None:
        async with advice(Office()) as given:
            await test(given)

    virtual_time.run(main())


# --- who hears whom --------------------------------------------------------------------------------------


def test_while_it_rings_the_customer_stays_with_the_agent() -> None:
    async def test(given: Advice) -> None:
        await given.asks()
        await asyncio.sleep(1)
        assert given.hears(ALEX) == {CUSTOMER} and levels(given.line.customer, 0.5) == {AGENT}
        assert given.hears(KIM) == {0}
        asked = given.newest
        assert (asked.state, asked.agent, asked.colleague) == ("asked", "Alex", "Kim")
        assert asked.until is not None and asked.until - asked.since == pytest.approx(20, abs=0.2)
        (_, briefing) = given.office.shown.consults[-1]
        assert briefing is not None and briefing.why.reason == "customer_asked"

    run(test)


def test_agent_and_colleague_hear_each_other_and_the_customer_hears_music() -> None:
    async def test(given: Advice) -> None:
        await given.talks()
        assert given.hears(ALEX) == {AGENT}, "the colleague, and not the customer"
        assert given.hears(KIM) == {AGENT}, "the agent, and not the customer"
        assert given.with_music
        assert [each.state for each in given.shown] == ["asked", "talking"]
        assert await refused(given.desk.hold(given.session_id, ALEX, False)) == "wrong_state"
        await asyncio.sleep(1)
        assert given.with_music, "what they say is not for the customer"

    run(test)


def test_the_agent_goes_back_to_the_customer() -> None:
    async def test(given: Advice) -> None:
        await given.talks()
        await given.desk.consult_end(given.session_id, ALEX, "back")
        await given.is_over("back")
        assert given.hears(ALEX) == {CUSTOMER} and levels(given.line.customer, 0.5) == {AGENT}
        assert given.line.state == "human_active"

    run(test)


def test_the_customer_is_handed_over_and_the_agent_is_free() -> None:
    async def test(given: Advice) -> None:
        await given.talks()
        await given.desk.consult_end(given.session_id, ALEX, "hand_over")
        await asyncio.sleep(1)
        assert (given.newest.state, given.newest.why) == ("over", "handed_over")
        assert given.hears(KIM) == {CUSTOMER} and levels(given.line.customer, 0.5) == {AGENT}
        assert given.hears(ALEX) == {0}
        changed = given.office.facts(given.line.live, HandoffChanged)[-1]
        assert (changed.agent, changed.state, changed.reason) == ("Kim", "human_active", "connected")
        assert await given.booked(ALEX) == 0 and await given.booked(KIM) == 1
        assert await refused(given.desk.hold(given.session_id, ALEX, True)) == "not_yours"
        await given.desk.end(given.session_id, KIM)
        await given.desk.wrap_up(given.session_id, KIM, Closing("resolved", "", None))
        await asyncio.sleep(1)
        assert await given.booked(KIM) == 0

    run(test)


def test_a_customer_who_was_on_hold_before_stays_so_when_the_colleague_leaves() -> None:
    async def test(given: Advice) -> None:
        await given.desk.hold(given.session_id, ALEX, True)
        await given.talks()
        await given.desk.consult_end(given.session_id, KIM, "back")
        await asyncio.sleep(1)
        assert given.newest.why == "left" and given.with_music
        await given.desk.hold(given.session_id, ALEX, False)
        await asyncio.sleep(1)
        assert levels(given.line.customer, 0.5) == {AGENT}

    run(test)


def test_a_colleague_whose_audio_comes_anew_talks_on() -> None:
    async def test(given: Advice) -> None:
        await given.talks()
        async with asyncio.TaskGroup() as tasks:
            leg = ScriptedLeg("anew")
            tasks.create_task(leg.serve())
            await given.desk.agent_leg(KIM.agent_id, leg)
            await asyncio.sleep(1)
            assert levels(leg, 0.5) == {AGENT}
            assert given.newest.state == "talking" and given.with_music
            leg.leave()
            await given.is_over("lost")

    run(test)


# --- every end -------------------------------------------------------------------------------------------


def test_who_is_asked_may_decline_or_miss_it() -> None:
    async def test(given: Advice) -> None:
        consult = await given.asks()
        await given.desk.consult_answer(given.session_id, KIM, consult, False)
        await given.is_over("declined")
        again = await given.asks()
        assert again != consult
        await asyncio.sleep(20)
        await given.is_over("missed")
        assert await refused(given.desk.consult_answer(given.session_id, KIM, again, True)) == "too_late"
        assert given.hears(ALEX) == {CUSTOMER}

    run(test)


def test_who_asks_may_think_better_of_it() -> None:
    async def test(given: Advice) -> None:
        await given.asks()
        assert await refused(given.desk.consult_end(given.session_id, ALEX, "hand_over")) == "wrong_state"
        await given.desk.consult_end(given.session_id, ALEX, "back")
        await given.is_over("withdrawn")

    run(test)


@pytest.mark.parametrize(
    ("how", "talking"),
    [("leg", True), *product(("leg lost", "desk", "asker's desk"), (False, True))],
)
def test_whoever_is_lost_the_customer_is_not_left_on_hold(how: str, talking: bool) -> None:
    async def test(given: Advice) -> None:
        await (given.talks() if talking else given.asks())
        if how == "leg":
            given.legs[KIM.agent_id].leave(Hangup("network", "lost"))
        elif how == "leg lost":
            await given.desk.agent_leg_lost(KIM.agent_id)
        else:
            await given.desk.agent_gone((KIM if how == "desk" else ALEX).agent_id)
        await given.is_over("lost")
        assert given.hears(ALEX) == {CUSTOMER} and levels(given.line.customer, 0.5) == {AGENT}

    run(test)


@pytest.mark.parametrize("talking", [False, True])
@pytest.mark.parametrize("how", ["hand_back", "end", "transfer", "leg", "take_over"])
def test_whatever_parts_agent_and_customer_ends_it(how: str, talking: bool) -> None:
    async def test(given: Advice) -> None:
        await (given.talks() if talking else given.asks())
        session_id = given.session_id
        match how:
            case "hand_back":
                await given.desk.hand_back(session_id, ALEX, "")
            case "end":
                await given.desk.end(session_id, ALEX)
            case "transfer":
                await given.desk.transfer(session_id, ALEX, Target(queue="general"), "")
            case "leg":
                given.legs[ALEX.agent_id].leave(Hangup("network", "lost"))
            case "take_over":
                await given.desk.supervise(session_id, SAM, "take_over")
        await asyncio.sleep(0.2)
        assert (given.newest.state, given.newest.why) == ("over", "parted")
        talk = given.office.handoffs.talk_of(session_id)
        assert not given.office.handoffs.consulted(KIM.agent_id)
        assert talk is None or not [each for each in talk.room._others if each.mode == "consult"]

    run(test)


@pytest.mark.parametrize("talking", [False, True])
def test_a_customer_who_hangs_up_ends_it(talking: bool) -> None:
    async def test(given: Advice) -> None:
        await (given.talks() if talking else given.asks())
        given.line.customer.leave()
        await given.is_over("customer_left")

    run(test)


def test_nobody_is_kept_on_hold_for_ever() -> None:
    async def test(given: Advice) -> None:
        given.desk._consulting._limits = ConsultLimits(talking_ms=10_000)
        await given.talks()
        await asyncio.sleep(10)
        assert (given.newest.why, given.line.state) == ("too_long", "human_active")
        contact = given.office.handoffs.of(given.session_id)
        assert contact is not None and not contact.connection.hold

    run(test)


# --- who may ---------------------------------------------------------------------------------------------


def test_only_who_has_the_customer_in_a_call_asks_and_only_who_is_asked_answers() -> None:
    async def test(given: Advice) -> None:
        session_id, desk = given.session_id, given.desk
        assert await refused(desk.consult(session_id, KIM, ALEX.agent_id)) == "not_yours"
        assert await refused(desk.consult("s_nobody", ALEX, KIM.agent_id)) == "not_yours"
        consult = await given.asks()
        assert await refused(desk.consult(session_id, ALEX, SAM.agent_id)) == "unknown_target"
        assert await refused(desk.consult(session_id, ALEX, KIM.agent_id)) == "wrong_state", "one at a time"
        for agent, wanted in ((ALEX, consult), (SAM, consult), (KIM, "c_other")):
            assert await refused(desk.consult_answer(session_id, agent, wanted, True)) == "too_late"
        assert await refused(desk.consult_end(session_id, SAM, "back")) == "too_late"
        await desk.consult_answer(session_id, KIM, consult, True)
        assert await refused(desk.consult_answer(session_id, KIM, consult, False)) == "too_late"
        assert await refused(desk.consult_end(session_id, KIM, "hand_over")) == "not_yours"
        for command in (
            desk.note(session_id, KIM, "x"),
            desk.hold(session_id, KIM, False),
            desk.hand_back(session_id, KIM, ""),
            desk.end(session_id, KIM),
        ):
            assert await refused(command) == "not_yours"
        assert await refused(desk.supervise(session_id, KIM, "monitor")) == "wrong_state", "heard twice"

    run(test)


def test_who_cannot_be_asked() -> None:
    async def test(given: Advice) -> None:
        async def ask(agent_id: str) -> str:
            return await refused(given.desk.consult(given.session_id, ALEX, agent_id))

        assert await ask("a_nobody") == "unknown_target"
        assert await ask(ALEX.agent_id) == "unknown_target"
        await given.office.comes(MIA)
        assert await ask(MIA.agent_id) == "unknown_target", "without audio, or at another node"
        async with calling(given.office) as other:
            await other.wishes()
            await given.office.offer(KIM)
            assert await ask(KIM.agent_id) == "colleague_busy", "it rings there"
            await given.office.takes(KIM)
            assert await ask(KIM.agent_id) == "colleague_busy", "in a call"
        assert not given.office.shown.consults

    run(test)


def test_who_listens_to_a_call_cannot_be_asked() -> None:
    async def test(given: Advice) -> None:
        await given.office.comes(SAM)
        await given.desk.supervise(given.session_id, SAM, "monitor")
        command = given.desk.consult(given.session_id, ALEX, SAM.agent_id)
        assert await refused(command) == "colleague_busy"
        await given.desk.supervise(given.session_id, SAM, "off")
        await given.desk.consult(given.session_id, ALEX, SAM.agent_id)
        assert given.newest.colleague == "Sam"

    run(test)


def test_a_colleague_is_asked_by_one_at_a_time() -> None:
    async def test(given: Advice) -> None:
        office = given.office
        async with at_work(office, MIA), calling(office) as other:
            await office.desk.supervise(other.session_id, MIA, "take_over")
            await asyncio.sleep(1)
            await given.asks()
            command = office.desk.consult(other.session_id, MIA, KIM.agent_id)
            assert await refused(command) == "colleague_busy"

    run(test)


def test_a_customer_of_a_chat_has_no_music_to_hear() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        assert await refused(office.desk.consult(live.session_id, ALEX, KIM.agent_id)) == "wrong_state"

    office.run(main)


def test_a_customer_of_a_chat_who_calls_meanwhile_does_not_get_the_colleague_into_two_calls() -> None:
    async def test(given: Advice) -> None:
        office = given.office
        live = await office.chat("I want a person")
        await office.takes(KIM)
        assert office.state(live) == "human_active"
        await given.talks()
        async with calling(office, live=live):
            assert office.state(live) == "queued", "for somebody who can talk"
            assert given.hears(KIM) == {AGENT}

    run(test)


# --- the queue -------------------------------------------------------------------------------------------


def test_nothing_is_offered_to_who_is_asked_until_it_is_over() -> None:
    async def test(given: Advice) -> None:
        await given.asks()
        async with calling(given.office) as other:
            await other.wishes()
            await asyncio.sleep(5)
            assert await given.office.queue.offers() == [] and other.state == "queued"
            await given.desk.consult_end(given.session_id, ALEX, "back")
            assert (await given.office.offer(KIM)).wanted.session_id == other.session_id

    run(test)


def test_without_the_queue_nobody_is_asked() -> None:
    async def test(given: Advice) -> None:
        given.office.queue.down = True
        with pytest.raises(Exception, match="cannot be reached"):
            await given.desk.consult(given.session_id, ALEX, KIM.agent_id)
        assert not given.office.shown.consults and not given.office.handoffs.consulted(KIM.agent_id)
        given.office.queue.down = False
        await given.asks()
        await given.desk.consult_end(given.session_id, ALEX, "back")
        await given.is_over("withdrawn")

    run(test)


def test_a_queue_that_is_away_lets_them_talk_on_instead_of_handing_over() -> None:
    async def test(given: Advice) -> None:
        await given.talks()
        given.office.queue.down = True
        command = given.desk.consult_end(given.session_id, ALEX, "hand_over")
        assert await refused(command) == "wrong_state"
        given.office.queue.down = False
        await asyncio.sleep(1)
        assert given.newest.state == "talking" and given.hears(KIM) == {AGENT}
        await given.desk.consult_end(given.session_id, ALEX, "hand_over")
        await asyncio.sleep(1)
        assert given.hears(KIM) == {CUSTOMER} and await given.booked(KIM) == 1

    run(test)


def test_a_command_that_is_cut_off_leaves_the_colleague_free() -> None:
    async def test(given: Advice) -> None:
        given.office.queue.down = True
        given.office.queue.fails_after_s = 30
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await given.asks()
        given.office.queue.down = False
        given.office.queue.fails_after_s = 0
        await asyncio.sleep(40)
        assert await given.booked(KIM) == 0
        await given.asks()

    run(test)
