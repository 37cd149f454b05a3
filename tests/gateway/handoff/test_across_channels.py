"""A chat becomes a call and a chat again: the session stays, and so does who has the customer."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.desk.conductor import Target
from gateway.events import HandoffChanged, LegLeft
from gateway.handoff.phrases import HandoffPhrases
from pipelines.facts import HumanTurn, ReplyDone
from tests import virtual_time
from tests.fakes.office import ALEX, KIM, Office, refused
from tests.fakes.office_calls import AGENT, BOT, CUSTOMER, at_work, calling, levels

SAYS = HandoffPhrases()


def run(test: Callable[[Office], Awaitable[None]]) -> None:
    office = Office()

    async def main() -> None:
        async with office.open():
            await test(office)

    virtual_time.run(main())


async def busy(office: Office) -> dict[str, list[str]]:
    """By which channels each agent has customers."""
    return {duty.presence.agent_id: sorted(duty.contacts.values()) for duty in await office.queue.agents()}


def test_the_agent_of_a_chat_takes_the_call_once_they_are_ready() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs:
            live = await office.chat("I want a person")
            await office.takes(ALEX)
            assert await busy(office) == {ALEX.agent_id: ["chat"]}
            async with calling(office, live=live) as line:
                assert line.state == "briefing" and line.said == [SAYS.putting_through]
                assert levels(legs[ALEX.agent_id], 1) == {0}, "the agent is asked first"
                assert levels(line.customer, 0.5) == {BOT}
                await office.desk.connect(live.session_id, ALEX)
                await asyncio.sleep(2)
                assert levels(line.customer, 0.5) == {AGENT}
                assert levels(legs[ALEX.agent_id], 0.5) == {CUSTOMER}
                assert (await office.desk.contacts_of(ALEX.agent_id))[0].channel == "voice"
                assert await busy(office) == {ALEX.agent_id: ["voice"]}
            await asyncio.sleep(1)
            assert office.state(live) == "human_active", "who hangs up is in the chat again"
            assert (await office.desk.contacts_of(ALEX.agent_id))[0].channel == "chat"
            assert await busy(office) == {ALEX.agent_id: ["chat"]}
            assert [left.role for left in office.facts(live, LegLeft)].count("human") == 1
            await office.desk.message(live.session_id, ALEX, "Anything else?", "d1")
            await office.writes(live, "no")
            assert isinstance(office.facts(live, ReplyDone, HumanTurn)[-1], HumanTurn), "the bot is silent"

    run(test)


def test_who_can_not_talk_is_replaced_by_somebody_who_can() -> None:
    async def test(office: Office) -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        async with at_work(office, KIM) as legs, calling(office, live=live) as line:
            await asyncio.sleep(1)
            assert line.said[-1] == SAYS.moving_on
            assert (await office.offer(KIM)).wanted.channel == "voice"
            await office.takes(KIM)
            await asyncio.sleep(1)
            assert levels(legs[KIM.agent_id], 0.5) == {CUSTOMER}
            assert await busy(office) == {ALEX.agent_id: [], KIM.agent_id: ["voice"]}

    run(test)


def test_an_agent_who_does_not_answer_is_not_heard() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs:
            live = await office.chat("I want a person")
            await office.takes(ALEX)
            async with calling(office, live=live) as line:
                await asyncio.sleep(21)
                assert line.state in ("queued", "offered") and line.said[-1] == SAYS.moving_on
                assert AGENT not in levels(line.customer, 20) and levels(legs[ALEX.agent_id], 20) == {0}
                assert await refused(office.desk.message(live.session_id, ALEX, "Hi", "d1")) != ""

    run(test)


def test_who_waits_in_the_chat_and_calls_waits_for_somebody_who_can_talk() -> None:
    async def test(office: Office) -> None:
        await office.comes(ALEX, chats=1)
        await office.chat("I want a person")
        await office.takes(ALEX)
        live = await office.chat("I want a person")
        async with calling(office, live=live) as line:
            assert [each.wanted.channel for each in await office.queue.waiting()] == ["voice"]
            assert line.state == "queued"
        await asyncio.sleep(0.5)
        assert [each.wanted.channel for each in await office.queue.waiting()] == ["chat"]
        assert office.state(live) == "queued", "they are in the chat still"

    run(test)


@pytest.mark.parametrize("connects", [False, True])
def test_who_hangs_up_while_being_put_through_goes_on_in_the_chat(connects: bool) -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX):
            live = await office.chat("I want a person")
            await office.takes(ALEX)
            async with calling(office, live=live) as line:
                if connects:
                    await office.desk.connect(live.session_id, ALEX)
                    await asyncio.sleep(0.05)
                assert line.state == ("bridging" if connects else "briefing")
            await asyncio.sleep(1)
            if not connects:
                await office.desk.connect(live.session_id, ALEX)
                await asyncio.sleep(0.5)
            assert office.state(live) == "human_active"
            assert (await office.desk.contacts_of(ALEX.agent_id))[0].channel == "chat"

    run(test)


def test_who_passed_a_chat_on_may_take_another_call() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX):
            live = await office.chat("I want a person")
            await office.takes(ALEX)
            async with calling(office) as first:
                await office.desk.transfer(live.session_id, ALEX, Target(queue="general"), "")
                await asyncio.sleep(0.5)
                assert office.state(live) == "queued", "who passed a customer on is not asked for them"
                await first.wishes()
                await office.takes(ALEX)
                await asyncio.sleep(1)
                assert first.state == "human_active"

    run(test)


def test_a_customer_who_comes_back_during_the_wrap_up_is_brought_to_somebody_again() -> None:
    async def test(office: Office) -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        await office.desk.end(live.session_id, ALEX)
        await office.writes(live, "one more thing: a person please")
        assert office.state(live) == "offered"
        await office.takes(ALEX)
        assert office.state(live) == "human_active"
        outcomes = [fact.outcome for fact in office.facts(live, HandoffChanged) if fact.outcome]
        assert outcomes == ["talked"]

    run(test)
