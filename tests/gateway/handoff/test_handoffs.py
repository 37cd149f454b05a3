"""All handoffs of a process: which begin, and by what."""

import asyncio

from gateway.events import HandoffChanged
from gateway.handoff.states import Connect
from pipelines.facts import HandoffRequested
from tests.fakes.office import ALEX, Office


def test_what_was_under_way_when_the_process_ended_goes_on_when_the_customer_does() -> None:
    office = Office()
    tokens: list[tuple[str, str]] = []

    async def before() -> None:
        await office.comes(ALEX)
        live, token = await office.sessions.begin("chat")
        await office.writes(live, "I want a person")
        await office.takes(ALEX)
        tokens.append((live.session_id, token))

    async def after() -> None:
        live = await office.sessions.open(*tokens[0])
        assert live.log.with_person
        await office.comes(ALEX)
        await office.writes(live, "hello?")
        assert office.facts(live, HandoffChanged)[-1].state == "offered"
        await office.takes(ALEX)
        assert office.state(live) == "human_active"

    office.run(before)
    office.run(after)


def test_one_wish_begins_one_handoff() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX, chats=1)
        live = await office.chat("I want a person", "a person, please", "person")
        assert len({fact.handoff_id for fact in office.facts(live, HandoffChanged)}) == 1
        await office.takes(ALEX)
        await office.desk.hand_back(live.session_id, ALEX, "")
        await asyncio.sleep(1)
        await office.writes(live, "a person again, please")
        assert len({fact.handoff_id for fact in office.facts(live, HandoffChanged)}) == 2

    office.run(main)


FURIOUS = "This is outrageous, I am furious! You are useless, I will sue you and call my lawyer!"


def test_an_angry_customer_is_brought_a_person_only_where_one_could_come() -> None:
    office = Office()

    async def main() -> None:
        alone = await office.chat(FURIOUS)
        assert office.state(alone) is None
        await office.comes(ALEX)
        live = await office.chat(FURIOUS)
        assert office.state(live) == "offered"
        assert office.facts(live, HandoffRequested)[0].reason in ("legal", "negative_sentiment")

    office.run(main)


def test_what_is_read_back_wishes_for_nobody_again() -> None:
    office = Office()
    tokens: list[tuple[str, str]] = []

    async def before() -> None:
        live, token = await office.sessions.begin("chat")
        await office.writes(live, FURIOUS)
        tokens.append((live.session_id, token))

    async def after() -> None:
        await office.comes(ALEX)
        live = await office.sessions.open(*tokens[0])
        await asyncio.sleep(5)
        assert office.state(live) is None
        assert office.handoffs.briefing(live.session_id).why.words == FURIOUS, "but it is known"

    office.run(before)
    office.run(after)


def test_a_bug_in_a_handoff_leaves_the_customer_to_the_bot() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        contact = office.handoffs.of(live.session_id)
        assert contact is not None
        contact._handoff.take = None  # type: ignore[method-assign, assignment]
        contact.put_soon(Connect())
        await asyncio.sleep(1)
        assert office.state(live) is None
        assert await office.queue.offers() == []
        await office.writes(live, "hello?")
        assert office.written(live)[-1] == "You said: hello?"
        assert office.outcome(live) == "failed"
        assert office.handoffs.house.recent.report(office.now()).outcomes == {"failed": 1}

    office.run(main)


def test_who_is_there_is_known_as_soon_as_they_come() -> None:
    office = Office()

    async def main() -> None:
        await asyncio.sleep(0.5)
        assert not office.handoffs.somebody_there("general")
        arriving = asyncio.get_running_loop().time()
        await office.comes(ALEX, known_s=0.2)
        assert office.handoffs.somebody_there("general")
        assert asyncio.get_running_loop().time() - arriving < 1
        await office.queue.absent(ALEX.agent_id)
        await asyncio.sleep(0.2)
        assert not office.handoffs.somebody_there("general")

    office.run(main)
