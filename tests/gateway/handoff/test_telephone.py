"""Agents who are reached by telephone hear a whisper, reply by key or in words, and leave no leg behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.events import HandoffChanged
from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.states import Agent, Answered, Input, NotReached, PickedUp
from gateway.handoff.telephone import AgentTelephones
from gateway.leg import Hangup
from gateway.protocol_error import ProtocolError
from gateway.sip.call_failed import CallFailed
from gateway.sip.context import USER_TO_USER
from pipelines.briefing import Briefing
from pipelines.briefing_parts import Known, Who, Why
from pipelines.facts import HandoffChosen, HandoffRequested, Unavailable
from tests import virtual_time
from tests.fakes.fake_speech import hush, speech, words_in
from tests.fakes.office import Office
from tests.fakes.office_calls import AGENT, BOT, CUSTOMER, Line, calling, levels, tone
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.scripted_lines import ScriptedLines, TransferableLeg
from tests.fakes.voice_parts import FakeVoiceParts

SAYS = HandoffPhrases()
NUMBER = "+13125550100"
PHONE: dict[str, Any] = {"key": "night-line", "number": NUMBER, "name": "Phil"}
PHIL = Agent("phone:night-line", "Phil", "night-line")
WISHED = HandoffRequested(reason="customer_asked")


class Telephone(ScriptedLines):
    """The agent's telephone, picked up after a while; who does that says something and then hums."""

    def __init__(self, tasks: asyncio.TaskGroup, hello: str) -> None:
        super().__init__()
        self._tasks = tasks
        self._hello = hello
        self.talking = 0
        "Calls that are not hung up."

    @asynccontextmanager
    async def call(
        self, number: str, *, trunk: str | None, headers: Mapping[str, str], ringing: Callable[[], None]
    ) -> AsyncIterator[TransferableLeg]:
        async with super().call(number, trunk=trunk, headers=headers, ringing=ringing) as leg:
            self.talking += 1
            leg.say([*hush(10), *speech(self._hello), *hush(10)])
            leg.say([tone(AGENT)] * 10_000)
            self._tasks.create_task(leg.serve())
            try:
                yield leg
            finally:
                self.talking -= 1
        self.leg = TransferableLeg()  # for the next call

    def says(self, text: str) -> None:
        """Somebody there says something in between."""
        self.leg._to_say[:0] = [*hush(5), *speech(text), *hush(40)]


@dataclass
class Desk:
    """An office whose only agent is a telephone."""

    office: Office
    telephone: Telephone
    parts: FakeVoiceParts
    line: Line
    leg: ScriptedLeg

    @property
    def heard(self) -> str:
        """By whoever is, or was, on the agent's telephone."""
        return words_in(self.leg.heard)

    async def whispered(self, seconds: float = 2.0) -> None:
        """The customer wants a person; the telephone was picked up, and the whisper is under way."""
        await self.line.live.log.emit(WISHED)
        await self.until("briefing")
        self.leg = self.telephone.leg
        await asyncio.sleep(seconds)

    async def until(self, state: str | None, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while self.line.state != state:  # noqa: ASYNC110 - the handoff tells nobody
                await asyncio.sleep(0.02)

    @property
    def reasons(self) -> list[str]:
        """The reasons of the states that the handoff went through."""
        return [each.reason for each in self.office.facts(self.line.live, HandoffChanged)]

    async def rests(self) -> bool:
        """Whether the telephone is not tried for a while."""
        (agent,) = await self.office.queue.agents()
        return agent.presence.state == "away"

    async def occupied(self) -> bool:
        (agent,) = await self.office.queue.agents()
        return bool(agent.contacts) or agent.ringing is not None


def run(
    test: Callable[[Desk], Awaitable[None]],
    hello: str = "Hello",
    phone: Mapping[str, Any] | None = None,
    customer: ScriptedLeg | None = None,
) -> None:
    office = Office({"phones": [{**PHONE, **(phone or {})}]})

    async def main() -> None:
        async with office.open(), asyncio.TaskGroup() as tasks:
            telephone, parts = Telephone(tasks, hello), FakeVoiceParts()
            house = office.handoffs.house
            house.telephones = AgentTelephones(
                lambda: telephone, office.settings, office.queue, parts, house.phrases
            )
            async with calling(office, customer) as line:
                desk = Desk(office, telephone, parts, line, telephone.leg)
                await test(desk)
            await asyncio.sleep(6)
            assert telephone.talking == 0, "no leg is left"
            assert not await desk.occupied(), "no place is left"
            assert not words_in(line.customer.heard), "no word of the whisper reaches the customer"
            assert office.handoffs.waits(line.session_id) is None

    virtual_time.run(main())


# --- who picks up -------------------------------------------------------------------------------------


def test_a_person_hears_the_whisper_and_takes_the_call_by_key() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(0)
        number, trunk, headers = desk.telephone.dialled[0]
        assert (number, trunk) == (NUMBER, None)
        assert bytes.fromhex(headers[USER_TO_USER].split(";")[0]).decode() == "customer_asked"
        await asyncio.sleep(12)
        assert "A customer, not verified" in desk.heard and desk.heard.endswith(SAYS.reply)
        assert levels(desk.line.customer, 10) == {BOT}, "the customer has the bot"
        assert CUSTOMER not in levels(desk.leg, 16), "and is not heard by the agent"
        desk.leg.press("1")
        await asyncio.sleep(2)
        assert desk.line.state == "human_active"
        assert levels(desk.leg, 1) == {CUSTOMER} and levels(desk.line.customer, 1) == {AGENT}
        assert desk.line.said == [SAYS.connecting, SAYS.coming]
        assert desk.office.copilots[0][1].name == "Phil"

    run(test)


def test_the_key_may_be_pressed_before_the_whisper_is_over_which_then_ends() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(1)
        desk.leg.press("591")
        await asyncio.sleep(2)
        assert levels(desk.leg, 1) == {CUSTOMER}
        assert SAYS.reply not in desk.heard

    run(test)


def test_who_says_nothing_is_whispered_to_and_needs_the_key() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(40)
        assert desk.heard.endswith(SAYS.reply)
        assert desk.line.state == "queued" and desk.reasons[-1] == "not_confirmed"
        assert desk.leg.ended is not None and await desk.rests()
        assert levels(desk.line.customer, 10) == {BOT}

    run(test, hello="")


def test_a_machine_is_hung_up_on_and_the_customer_stays_in_line() -> None:
    async def test(desk: Desk) -> None:
        await desk.line.live.log.emit(WISHED)
        await desk.until("human_check")
        leg = desk.telephone.leg
        await desk.until("queued")
        await asyncio.sleep(0.1)
        assert desk.reasons[-1] == "machine" and await desk.rests()
        assert leg.ended is not None and not words_in(leg.heard), "machines are told nothing"

    run(test, hello="you have reached Phil please leave a message after the tone")


def test_who_hangs_up_before_they_have_said_a_word_is_no_agent() -> None:
    async def test(desk: Desk) -> None:
        await desk.line.live.log.emit(WISHED)
        await desk.until("human_check")
        desk.telephone.leg.leave()
        await asyncio.sleep(0.1)
        assert desk.line.state == "queued" and desk.reasons[-1] == "agent_lost"

    run(test, hello="")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (CallFailed(486, "Busy Here"), "busy"),
        (CallFailed(600, "Busy Everywhere"), "busy"),
        (CallFailed(408, "Request Timeout"), "no_answer"),
        (CallFailed(480, "Temporarily Unavailable"), "no_answer"),
        (CallFailed(603, "Decline"), "declined"),
        (CallFailed(503, "Service Unavailable"), "failed"),
        (ProtocolError("destination_not_allowed", "Calls to this number are not allowed.", 403), "failed"),
        (Unavailable("no trunk can take a call now"), "failed"),
    ],
)
def test_who_is_not_reached_leaves_the_customer_in_line(failure: Exception, reason: str) -> None:
    async def test(desk: Desk) -> None:
        desk.telephone.failure = failure
        await desk.line.live.log.emit(WISHED)
        await desk.until("dialling")
        await desk.until("queued")
        await asyncio.sleep(0.1)
        assert desk.reasons[-1] == reason
        assert await desk.rests() == (reason != "declined")
        assert levels(desk.line.customer, 1) == {BOT}

    run(test)


def test_a_telephone_that_rings_for_too_long_is_given_up() -> None:
    async def test(desk: Desk) -> None:
        desk.telephone.rings_s = 600
        await desk.line.live.log.emit(WISHED)
        await desk.until("dialling")
        await asyncio.sleep(31)
        assert desk.telephone.given_up
        assert desk.line.state == "queued" and desk.reasons[-1] == "no_answer"

    run(test)


def test_without_a_telephone_to_call_with_nobody_is_promised_anything() -> None:
    async def test(desk: Desk) -> None:
        desk.office.handoffs.house.telephones = None
        await desk.line.live.log.emit(WISHED)
        await asyncio.sleep(1)
        assert desk.line.state == "queued" and desk.reasons[-1] == "no_telephone"

    run(test)


def test_a_voice_that_fails_ends_the_agents_call_and_nothing_else() -> None:
    async def test(desk: Desk) -> None:
        desk.parts.voice.dead = True
        await desk.line.live.log.emit(WISHED)
        await desk.until("human_check")
        await desk.until("queued")
        await asyncio.sleep(0.2)
        assert desk.line.state == "queued" and desk.reasons[-1] == "agent_lost"
        assert levels(desk.line.customer, 1) == {BOT}

    run(test)


# --- their reply --------------------------------------------------------------------------------------


def test_who_declines_is_hung_up_and_may_be_asked_for_others_at_once() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(6)
        desk.leg.press("2")
        await asyncio.sleep(0.2)
        assert desk.leg.ended == Hangup("local", "the call is over")
        assert desk.line.state == "queued" and desk.reasons[-1] == "declined"
        assert not await desk.rests()

    run(test)


def test_who_hangs_up_in_the_whisper_has_declined() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        desk.leg.leave()
        await asyncio.sleep(0.2)
        assert desk.line.state == "queued" and desk.reasons[-1] == "hung_up"

    run(test)


def test_who_asks_for_it_hears_it_again() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(12)
        desk.leg.press("3")
        await asyncio.sleep(12)
        assert desk.heard.count("A customer, not verified") == 2
        desk.leg.press("1")
        await asyncio.sleep(1.5)
        assert desk.line.state == "human_active"

    run(test)


@pytest.mark.parametrize(("words", "state"), [("Yes.", "human_active"), ("No, thanks!", "queued")])
def test_a_bare_word_counts_once_the_question_was_put(words: str, state: str) -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(0.5)
        desk.telephone.says(words)
        await asyncio.sleep(2)
        assert desk.line.state == "briefing", "nothing was asked yet"
        await asyncio.sleep(10)
        desk.telephone.says(words)
        await asyncio.sleep(3.5)
        assert desk.line.state == state

    run(test)


def test_a_plain_wish_to_be_connected_counts_at_any_time() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(0.5)
        desk.telephone.says("Put them through, please.")
        await asyncio.sleep(4)
        assert desk.line.state == "human_active" and SAYS.reply not in desk.heard

    run(test)


def test_what_they_say_to_others_is_no_reply() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(12)
        desk.telephone.says("yes dear dinner is at eight")
        await asyncio.sleep(5)
        assert desk.line.state == "briefing"

    run(test)


# --- what may happen meanwhile ------------------------------------------------------------------------


def test_a_lease_that_is_lost_while_they_listen_is_told() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        (offer,) = await desk.office.queue.offers()
        await desk.office.queue.miss(offer.lease_id)
        await asyncio.sleep(0.1)
        assert desk.line.state == "queued", "the customer does not wait for what the agent is told"
        await asyncio.sleep(5)
        assert desk.heard.endswith(SAYS.taken) and desk.leg.ended is not None

    run(test)


def test_a_yes_that_comes_too_late_is_told_so() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)

        async def nobody(lease_id: str, agent_id: str) -> None:
            return None

        desk.office.queue.accept = nobody  # type: ignore[method-assign]
        desk.leg.press("1")
        await asyncio.sleep(6)
        assert desk.heard.endswith(SAYS.taken)
        assert desk.line.state == "queued" and desk.reasons[-1] == "too_late"

    run(test)


def test_a_customer_who_hangs_up_while_it_rings_lets_it_ring_no_longer() -> None:
    async def test(desk: Desk) -> None:
        await desk.line.live.log.emit(WISHED)
        await desk.until("dialling")
        await asyncio.sleep(2)
        desk.line.customer.leave()
        await asyncio.sleep(0.1)
        assert desk.telephone.given_up and desk.line.state is None

    run(test)


@pytest.mark.parametrize("moment", ["listening", "talking"])
def test_the_agent_is_told_that_the_customer_hung_up(moment: str) -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        if moment == "talking":
            desk.leg.press("1")
            await asyncio.sleep(3)
            assert desk.line.state == "human_active"
        desk.line.customer.leave()
        await asyncio.sleep(5)
        assert desk.heard.endswith(SAYS.customer_left)
        assert desk.leg.ended is not None, "and hung up, within five seconds"
        await asyncio.sleep(0.5)
        outcome = desk.office.facts(desk.line.live, HandoffChanged)[-1].outcome
        assert outcome == ("talked" if moment == "talking" else "abandoned_briefing")

    run(test)


def test_a_customer_who_wants_nobody_any_more_ends_the_agents_call() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        await desk.line.live.log.emit(HandoffChosen(choice="cancel"))
        await asyncio.sleep(0.1)
        assert desk.leg.ended is not None and desk.line.state is None
        assert not await desk.rests()

    run(test)


def test_an_agent_who_hangs_up_gives_the_customer_back() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        desk.leg.press("1")
        await asyncio.sleep(3)
        desk.leg.leave()
        await asyncio.sleep(1)
        assert desk.line.said[-1] == SAYS.back and desk.line.state is None
        assert levels(desk.line.customer, 0.5) == {BOT}
        assert not await desk.occupied() and not await desk.rests()

    run(test)


def test_an_agent_who_is_cut_off_is_replaced() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        desk.leg.press("1")
        await asyncio.sleep(3)
        desk.leg.leave(Hangup("network", "no media"))
        await asyncio.sleep(1)
        assert desk.line.said[-1] == SAYS.lost_agent
        await asyncio.sleep(3)
        assert len(desk.telephone.dialled) == 2, "they are called again: it was not their fault"

    run(test)


def test_a_gateway_that_stops_hangs_up() -> None:
    async def test(desk: Desk) -> None:
        await desk.whispered(2)
        contact = desk.office.handoffs.of(desk.line.session_id)
        assert contact is not None and contact._phone.calling is not None
        contact._phone.calling.cancel()
        await asyncio.sleep(0.1)
        assert desk.leg.ended is not None and desk.telephone.talking == 0
        assert desk.office.handoffs.house.telephones is not None
        assert desk.office.handoffs.house.telephones.leg(contact.lease_id or "") is None

    run(test)


# --- contact centers ----------------------------------------------------------------------------------

CENTER = {"refer": True, "whisper": False}


def test_a_customer_on_sip_is_sent_to_a_contact_center() -> None:
    async def test(desk: Desk) -> None:
        assert isinstance(desk.line.customer, TransferableLeg)
        await desk.line.live.log.emit(WISHED)
        await asyncio.sleep(4)
        assert desk.line.said == [SAYS.connecting, SAYS.sending_on]
        assert (desk.line.customer.moved_to, desk.line.customer.context) == (NUMBER, "customer_asked")
        assert desk.line.customer.ended == Hangup("local", "transferred")
        assert desk.office.facts(desk.line.live, HandoffChanged)[-1].outcome == "transferred"
        assert not desk.telephone.dialled and not await desk.rests()

    run(test, phone=CENTER, customer=TransferableLeg("customer"))


@pytest.mark.parametrize(
    ("codes", "number", "reason"),
    [
        ((100, 486), NUMBER, "busy"),
        ((100, 180, 503), NUMBER, "failed"),
        ((), NUMBER, "failed"),
        ((), "900", "failed"),
    ],
)
def test_a_customer_who_cannot_be_sent_on_is_still_in_line(
    codes: tuple[int, ...], number: str, reason: str
) -> None:
    async def test(desk: Desk) -> None:
        assert isinstance(desk.line.customer, TransferableLeg)
        desk.line.customer.codes = codes
        await desk.line.live.log.emit(WISHED)
        await asyncio.sleep(6)
        assert desk.line.state == "queued" and desk.reasons[-1] == reason
        assert desk.line.said == [SAYS.connecting, SAYS.sending_on, SAYS.not_connected]
        assert await desk.rests(), "not at once again"
        assert levels(desk.line.customer, 0.5) == {BOT}

    run(test, phone={**CENTER, "number": number}, customer=TransferableLeg("customer"))


def test_a_customer_who_hangs_up_while_they_are_sent_on_has_left() -> None:
    async def test(desk: Desk) -> None:
        assert isinstance(desk.line.customer, TransferableLeg)
        desk.line.customer.codes = (100,) * 100
        await desk.line.live.log.emit(WISHED)
        await asyncio.sleep(4)
        desk.line.customer.leave()
        await asyncio.sleep(0.5)
        assert desk.office.facts(desk.line.live, HandoffChanged)[-1].outcome == "abandoned_dialling"

    run(test, phone=CENTER, customer=TransferableLeg("customer"))


def test_who_cannot_be_sent_on_at_all_is_connected_here_with_whoever_answers() -> None:
    async def test(desk: Desk) -> None:
        await desk.line.live.log.emit(WISHED)
        await desk.until("human_active", 10)
        leg = desk.telephone.leg
        await asyncio.sleep(2)
        assert levels(leg, 1) == {CUSTOMER} and levels(desk.line.customer, 1) == {AGENT}
        assert not words_in(leg.heard), "nobody is asked anything"

    run(test, hello="", phone=CENTER)


# --- privacy ------------------------------------------------------------------------------------------


def test_the_whisper_has_nothing_personal_beyond_the_first_name() -> None:
    briefing = Briefing.of(
        None,
        None,
        who=Who(
            name="Rosa Blum",
            customer_id="cu_77",
            verified=True,
            method="order+zip",
            email="rosa@example.com",
            claims={"caller": "+13125550199"},
        ),
        why=Why(intent="refund an order", words="I am Rosa Blum of 60614, I want my money back."),
        facts=(Known(key="zip", value="60614", source_turn="c1", confirmed=False, source="customer"),),
    )
    happened: list[Input] = []

    async def main() -> tuple[str, Mapping[str, str]]:
        office = Office({"phones": [PHONE]})
        async with office.open(), asyncio.TaskGroup() as tasks:
            telephone = Telephone(tasks, "Hello")
            telephones = AgentTelephones(lambda: telephone, office.settings, office.queue, FakeVoiceParts())
            call = tasks.create_task(telephones.call(PHIL, "l_1", briefing, happened.append))
            await asyncio.sleep(25)
            heard = words_in(telephone.leg.heard)
            call.cancel()
        return heard, telephone.dialled[0][2]

    heard, headers = virtual_time.run(main())
    assert heard.startswith("Rosa, verified, wants to refund an order.")
    for private in ("Blum", "example", "60614", "5550199", "cu_77"):
        assert private not in heard
    assert bytes.fromhex(headers[USER_TO_USER].split(";")[0]).decode() == "refund an order"
    assert happened == [Answered(), PickedUp(person=True)]


def test_an_unknown_telephone_is_not_called() -> None:
    happened: list[Input] = []

    async def main() -> None:
        office = Office()
        async with office.open(), asyncio.TaskGroup() as tasks:
            telephone = Telephone(tasks, "Hello")
            telephones = AgentTelephones(lambda: telephone, office.settings, office.queue, FakeVoiceParts())
            await telephones.call(
                Agent("a_x", "X", "900123"), "l_1", Briefing.of(None, None), happened.append
            )
            assert not telephone.dialled

    virtual_time.run(main())
    assert happened == [NotReached("no_telephone")]
