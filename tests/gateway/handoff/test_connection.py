"""Handoffs of calls: who hears whom, and what the customer hears in between. The legs are scripted."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.desk.conductor import Target
from gateway.events import HandoffChanged, LegJoined, LegLeft
from gateway.handoff.phrases import HandoffPhrases
from gateway.leg import Hangup
from gateway.room import Role
from pipelines.facts import HandoffChosen, HandoffRequested
from tests import virtual_time
from tests.fakes import office_calls
from tests.fakes.office import ALEX, KIM, SAM, Office, refused
from tests.fakes.office_calls import AGENT, BOT, CUSTOMER, at_work, calling, levels, tone

SAYS = HandoffPhrases()


def run(test: Callable[[Office], Awaitable[None]]) -> None:
    office = Office()

    async def main() -> None:
        async with office.open():
            await test(office)

    virtual_time.run(main())


def test_nobody_hears_anybody_before_the_yes_and_both_hear_each_other_after_it() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs, calling(office) as line:
            await line.wishes()
            assert line.said == [SAYS.connecting]
            offer = await office.offer(ALEX)
            await office.desk.accept(offer.lease_id, ALEX)
            await asyncio.sleep(1)
            assert levels(legs[ALEX.agent_id], 1) == {0}, "the agent reads, and hears nothing"
            assert levels(line.customer, 1) == {BOT}, "the customer has the bot"
            await office.desk.connect(line.session_id, ALEX)
            await asyncio.sleep(2)
            assert line.said == [SAYS.connecting, SAYS.coming]
            assert line.bots[0].ended and len(line.bots) == 1
            assert levels(legs[ALEX.agent_id], 1) == {CUSTOMER}
            assert levels(line.customer, 1) == {AGENT}
            assert office.copilots[0][1].name == "Alex"
            joined = office.facts(line.live, LegJoined)
            assert [each.role for each in joined] == ["customer", "human"]

    run(test)


def test_a_persons_first_words_count_when_the_customer_hears_them() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs, calling(office) as line:
            alex = legs[ALEX.agent_id]
            alex._to_say.clear()
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(3)
            contact = office.handoffs.of(line.session_id)
            assert contact is not None and line.state == "human_active"
            assert "words" not in contact.measures.first, "the line is open, and nobody speaks"
            alex.say([tone(AGENT), None, tone(0), tone(AGENT)])
            await asyncio.sleep(1)
            assert "words" not in contact.measures.first, "a click is nobody's voice"
            alex.say([tone(AGENT)] * 20)
            await asyncio.sleep(1)
            first = contact.measures.first
            assert 3.5 <= first["words"] - first["person"] <= 4.8

    run(test)


def test_the_longest_silence_is_measured_until_the_person_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_calls, "BOT", 0)

    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs, calling(office) as line:
            alex = legs[ALEX.agent_id]
            for leg in (alex, line.customer):
                leg._to_say.clear()
            await line.wishes()
            await asyncio.sleep(4)
            line.customer.say([tone(CUSTOMER)] * 10)
            await asyncio.sleep(1)
            contact = office.handoffs.of(line.session_id)
            assert contact is not None and contact.measures.silence is None
            await office.takes(ALEX)
            alex.say([tone(AGENT)] * 200)
            await asyncio.sleep(2)
            assert contact.measures.silence is not None and 4.3 <= contact.measures.silence <= 4.7
            await asyncio.sleep(20)
            assert contact.measures.silence <= 4.7, "what comes after is the conversation's own"

    run(test)


def test_a_customer_who_hangs_up_in_silence_is_measured_and_a_talking_bot_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def waits(office: Office) -> float | None:
        async with calling(office) as line:
            line.customer._to_say.clear()
            await line.wishes()
            contact = office.handoffs.of(line.session_id)
            await asyncio.sleep(6)
        assert contact is not None
        return contact.measures.silence

    async def test(office: Office) -> None:
        async with at_work(office, ALEX):
            talking = await waits(office)
            assert talking is not None and talking < 1.0
            monkeypatch.setattr(office_calls, "BOT", 0)
            silent = await waits(office)
            assert silent is not None and 6.0 <= silent <= 7.5

    run(test)


def test_the_agent_hands_back_and_the_bot_talks_again() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs, calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(1)
            await office.desk.hand_back(line.session_id, ALEX, "All clear.")
            await asyncio.sleep(1)
            assert line.said[-1] == SAYS.back and len(line.bots) == 2
            assert levels(line.customer, 0.5) == {BOT}
            assert levels(legs[ALEX.agent_id], 0.5) == {0}
            left = office.facts(line.live, LegLeft)
            assert [(each.role, each.reason) for each in left] == [("human", "parted")]

    run(test)


def test_an_agent_whose_leg_is_lost_is_missed_for_less_than_two_seconds() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs, calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(2)
            legs[ALEX.agent_id].leave(Hangup("network", "lost"))
            await asyncio.sleep(0.5)
            assert line.said[-1] == SAYS.lost_agent
            assert BOT in levels(line.customer, 0.2)
            await asyncio.sleep(1.5)
            assert line.state in ("queued", "offered")

    run(test)


def test_an_agent_without_audio_cannot_connect_and_the_customer_is_told() -> None:
    async def test(office: Office) -> None:
        async with calling(office) as line:
            await office.comes(ALEX)
            await line.wishes()
            offer = await office.offer(ALEX)
            await office.desk.accept(offer.lease_id, ALEX)
            await asyncio.sleep(0.1)
            assert await refused(office.desk.connect(line.session_id, ALEX)) == "no_audio"
            await asyncio.sleep(21)
            assert line.said[-1] == SAYS.not_connected
            assert levels(line.customer, 1) == {BOT}

    run(test)


def test_a_call_is_not_transferred_to_a_colleague_whose_audio_is_not_here() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX), calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await office.comes(KIM)  # at another node, or without a microphone
            to_kim = Target(agent_id=KIM.agent_id)
            assert await refused(office.desk.transfer(line.session_id, ALEX, to_kim, "")) == "unknown_target"
            assert line.state == "human_active"

    run(test)


def test_a_customer_who_hangs_up_leaves_nobody_ringing() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX):
            for moment in ("queued", "offered", "briefing", "human_active"):
                async with calling(office) as line:
                    if moment == "queued":
                        await line.live.log.emit(HandoffRequested(reason="customer_asked"))
                    else:
                        await line.wishes()
                    if moment == "briefing":
                        await office.desk.accept((await office.offer(ALEX)).lease_id, ALEX)
                        await asyncio.sleep(0.1)
                    if moment == "human_active":
                        await office.takes(ALEX)
                        await asyncio.sleep(1)
                await asyncio.sleep(190)
                assert await office.queue.offers() == [] and line.state is None, moment
                assert not (await office.queue.agents())[0].contacts, moment
                await office.comes(ALEX)

    run(test)


def test_hold_gives_the_customer_music_and_the_agent_silence() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX) as legs, calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(1)
            await office.desk.hold(line.session_id, ALEX, True)
            await asyncio.sleep(2)
            assert levels(legs[ALEX.agent_id], 1) == {0}
            assert not {AGENT, BOT} & levels(line.customer, 1)
            await office.desk.hold(line.session_id, ALEX, False)
            await asyncio.sleep(1)
            assert levels(line.customer, 0.5) == {AGENT}
            await office.desk.mute(line.session_id, ALEX, True)
            await asyncio.sleep(1)
            assert levels(line.customer, 0.5) == {0}
            assert levels(legs[ALEX.agent_id], 0.5) == {CUSTOMER}

    run(test)


def test_a_supervisor_listens_whispers_and_takes_over() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX, SAM) as legs, calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(1)
            await office.desk.supervise(line.session_id, SAM, "monitor")
            await asyncio.sleep(1)
            assert levels(legs[SAM.agent_id], 0.5) == {CUSTOMER + AGENT}, "hears both"
            assert levels(line.customer, 0.5) == {AGENT}
            await office.desk.supervise(line.session_id, SAM, "whisper")
            await asyncio.sleep(1)
            assert levels(legs[ALEX.agent_id], 0.5) == {CUSTOMER + AGENT}, "the agent hears the whisper"
            assert levels(line.customer, 0.5) == {AGENT}, "the customer does not"
            await office.desk.supervise(line.session_id, SAM, "take_over")
            await asyncio.sleep(2)
            assert levels(legs[ALEX.agent_id], 0.5) == {0}
            assert levels(legs[SAM.agent_id], 0.5) == {CUSTOMER}
            assert office.facts(line.live, HandoffChanged)[-1].agent == "Sam"

    run(test)


def test_who_waits_for_it_is_told_once_agent_and_customer_are_parted() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX), calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(1)
            contact = office.handoffs.of(line.session_id)
            assert contact is not None
            told: list[object] = []
            contact.connection.on_parted = lambda: told.append(contact.connection.human)
            await office.desk.hand_back(line.session_id, ALEX, "")
            assert told == [None], "and nobody of ours is in the room by then"

    run(test)


def test_a_supervisor_takes_the_bots_call() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, SAM) as legs, calling(office) as line:
            await office.desk.supervise(line.session_id, SAM, "take_over")
            await asyncio.sleep(2)
            assert levels(legs[SAM.agent_id], 0.5) == {CUSTOMER}
            assert line.said == [] and line.state == "human_active"

    run(test)


def test_who_cancels_by_voice_stays_with_the_bot() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX), calling(office) as line:
            await line.wishes()
            await office.offer(ALEX)
            await line.live.log.emit(HandoffChosen(choice="cancel"))
            await asyncio.sleep(0.5)
            assert line.said[-1] == SAYS.cancelled and line.state is None
            assert len(line.bots) == 1 and not line.bots[0].ended

    run(test)


def test_who_waits_hears_how_it_stands() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX), calling(office) as first:
            await first.wishes()
            await office.takes(ALEX)
            async with calling(office) as second:
                await second.wishes()
                await asyncio.sleep(60)
                assert second.state == "queued"
                assert second.said == [SAYS.connecting, SAYS.waiting(1, None)]

    run(test)


def test_a_call_goes_on_to_a_colleague() -> None:
    async def test(office: Office) -> None:
        async with at_work(office, ALEX, KIM) as legs, calling(office) as line:
            await line.wishes()
            session_id = await office.takes(ALEX)
            await asyncio.sleep(1)
            await office.desk.transfer(session_id, ALEX, Target(agent_id=KIM.agent_id), "")
            await asyncio.sleep(1)
            assert line.said[-1] == SAYS.moving_on
            await office.takes(KIM)
            await asyncio.sleep(1)
            assert levels(legs[KIM.agent_id], 0.5) == {CUSTOMER}
            assert levels(legs[ALEX.agent_id], 0.5) == {0}
            assert line.office.handoffs.talk_of(session_id) is not None
            assert Role.HUMAN == office.handoffs.talk_of(session_id).room.floor  # type: ignore[union-attr]

    run(test)
