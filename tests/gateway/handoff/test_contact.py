"""Handoffs of chats, from the wish for a person to the outcome, as customers and agents see them."""

import asyncio

import pytest

from gateway.events import HandoffChanged
from gateway.handoff.machine import HandoffLimits
from gateway.handoff.phrases import HandoffPhrases
from pipelines.facts import NoteAdded
from tests.fakes.office import ALEX, KIM, NOTE, Office, refused

SAYS = HandoffPhrases()


def test_a_chat_goes_to_a_person_and_back() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        assert office.written(live) == [SAYS.looking, SAYS.connecting]
        await office.takes(ALEX)
        assert office.states(live) == [
            "screen",
            "queued",
            "offered",
            "briefing",
            "bridging",
            "human_active",
        ]
        await office.writes(live, "are you there?")
        await office.desk.message(live.session_id, ALEX, "Yes, I am Alex.", "d1")
        await office.desk.message(live.session_id, ALEX, "Yes, I am Alex.", "d1")
        said = office.written(live)[2:]
        assert said == [SAYS.coming, "Yes, I am Alex."], "the bot is silent; what is repeated is one"
        await office.desk.hand_back(live.session_id, ALEX, "They get a new one.")
        await asyncio.sleep(0.5)
        await office.writes(live, "thanks")
        assert office.written(live)[4:] == [SAYS.back, "You said: thanks"]
        assert office.outcome(live) == "handed_back" and office.state(live) is None
        (note,) = office.facts(live, NoteAdded)
        assert note.private and note.purpose == "hand_back"
        parties = [turn.party for turn in live.log.conversation.turns]
        assert parties[:4] == ["customer", "bot", "bot", "bot"]
        assert parties[4:] == ["customer", "human", "human", "bot", "customer", "bot"]

    office.run(main)


def test_the_packet_is_there_before_the_agent_says_yes() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("my order 10437 is late", "I want a person")
        offer = await office.offer(ALEX)
        briefing = await office.desk.briefing(offer.wanted.session_id)
        assert briefing.why.reason == "customer_asked"
        assert live.session_id == offer.wanted.session_id
        assert offer.wanted.reason == "customer_asked"

    office.run(main)


def test_nobody_is_there() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("a person please")
        assert office.written(live) == [NOTE, SAYS.nobody], "the note is written as ever"
        await office.writes(live, "call me back please")
        assert office.written(live)[2:] == [SAYS.ask_number]
        await office.writes(live, "206 555 0100, tomorrow at 3 pm please")
        assert office.written(live)[3:] == [SAYS.understood, "We'll call you back tomorrow at 3 PM."]
        assert office.outcome(live) == "callback"
        (owed,) = await office.records.follow_ups_of(live.session_id)
        assert (owed.kind, owed.created_by, owed.number) == ("callback", "customer", "2065550100")
        await office.writes(live, "where is my order")
        assert office.written(live)[-1] == "You said: where is my order"

    office.run(main)


def test_the_time_may_be_said_before_the_number_and_other_words_in_between_are_answered() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("a person please", "call me back tomorrow at 3 pm")
        assert office.written(live)[2:] == [SAYS.ask_number]
        await office.writes(live, "206 555 0100")
        assert office.written(live)[3:] == [SAYS.understood, "We'll call you back tomorrow at 3 PM."]
        (owed,) = await office.records.follow_ups_of(live.session_id)
        assert (owed.kind, owed.number) == ("callback", "2065550100")
        other = await office.chat("a person please", "call me back", "why do you need it?")
        assert office.written(other)[3:] == ["You said: why do you need it?"]
        await office.writes(other, "well, call me back at 206 555 0100")
        assert office.outcome(other) == "callback"

    office.run(main)


def test_who_was_asked_for_a_number_may_choose_something_else() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("a person please", "call me back", "a message, please")
        assert office.outcome(live) == "message"

    office.run(main)


def test_nothing_is_promised_that_could_not_be_noted_down() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("a person please")
        office.records.down = True
        await office.writes(live, "call me back at 206 555 0100", seconds=20)
        assert office.written(live)[2:] == [SAYS.understood, SAYS.not_arranged]
        live = await office.chat("a person please", "call me back at 206 555 0100")
        await asyncio.sleep(1)
        office.records.down = False
        await asyncio.sleep(5)
        assert office.written(live)[3].startswith("We'll call you back")

    office.run(main)


def test_who_says_something_else_to_the_alternatives_is_answered_and_stays_with_the_bot() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("a person please", "where is my order")
        assert office.written(live)[2:] == ["You said: where is my order"]
        assert office.state(live) == "alternatives"
        await asyncio.sleep(61)
        assert office.outcome(live) == "no_choice"

    office.run(main)


def test_outside_the_hours_nobody_is_promised() -> None:
    closed = {"named": [{"name": "general", "hours": "sat 09:00-10:00"}]}
    office = Office(closed)

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("a person please")
        assert office.state(live) == "alternatives"
        assert office.facts(live, HandoffChanged)[-1].reason == "closed"

    office.run(main)


def test_never_mind_takes_the_customer_out_of_the_line() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.offer(ALEX)
        await office.writes(live, "Never mind.")
        assert office.written(live)[2:] == [SAYS.understood, SAYS.cancelled]
        assert office.outcome(live) == "cancelled"
        assert await office.queue.offers() == []
        assert await refused(office.desk.accept("l_gone", ALEX)) == "too_late"

    office.run(main)


def test_the_bot_goes_on_talking_with_who_waits() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person", "what are your hours?")
        assert office.written(live)[-1] == "You said: what are your hours?"
        assert office.state(live) == "offered"

    office.run(main)


def test_who_declines_leaves_it_to_the_next() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        await office.comes(KIM)
        live = await office.chat("I want a person")
        offer = await office.offer(ALEX)
        await office.desk.decline(offer.lease_id, ALEX, "busy")
        assert (await office.offer(KIM)).wanted.session_id == live.session_id
        assert await refused(office.desk.accept(offer.lease_id, ALEX)) == "too_late"
        assert await office.takes(KIM) == live.session_id
        assert office.facts(live, HandoffChanged)[-1].agent == "Kim"

    office.run(main)


def test_an_agent_who_is_lost_is_replaced_and_the_customer_told_at_once() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        await office.queue.absent(ALEX.agent_id)
        await office.desk.agent_gone(ALEX.agent_id)
        await asyncio.sleep(0.2)
        assert office.written(live)[-1] == SAYS.lost_agent
        await office.writes(live, "oh")
        assert office.written(live)[-1] == "You said: oh"
        await office.comes(KIM)
        await office.takes(KIM)
        assert office.state(live) == "human_active"

    office.run(main)


def test_a_store_that_is_down_loses_no_customer() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.offer(ALEX)
        office.store.down = True
        await office.takes(ALEX)
        assert office.state(live) == "human_active"
        office.store.down = False
        await office.desk.hand_back(live.session_id, ALEX, "")
        await asyncio.sleep(1)
        assert office.state(live) is None

    office.run(main)


@pytest.mark.parametrize("waits_s", [30, 400])
def test_who_waits_too_long_is_offered_something_else(waits_s: int) -> None:
    office = Office(limits=HandoffLimits(queued_ms=waits_s * 1000))

    async def main() -> None:
        await office.comes(ALEX, chats=1)
        busy = await office.chat("I want a person")
        await office.takes(ALEX)
        live = await office.chat("I want a person")
        assert (office.state(busy), office.state(live)) == ("human_active", "queued")
        await asyncio.sleep(waits_s + 1)
        assert office.state(live) == "alternatives"
        assert office.written(live)[-1] == SAYS.waited_too_long
        await office.writes(live, "I'll wait")
        assert office.state(live) == "queued"

    office.run(main)
