"""What agents and supervisors may do with customers, and what they may not."""

import asyncio

from gateway.desk.commands import FollowUp
from gateway.desk.conductor import Closing, Target
from gateway.events import FileShared, HandoffChanged
from gateway.handoff.phrases import HandoffPhrases
from gateway.store.file_store import StoredFile
from pipelines.facts import NoteAdded
from tests.fakes.office import ALEX, BEGAN, KIM, SAM, Office, refused

SAYS = HandoffPhrases()


def test_the_end_is_wrapped_up() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        await office.desk.end(live.session_id, ALEX)
        assert office.state(live) == "wrap_up"
        assert await refused(office.desk.message(live.session_id, ALEX, "One more thing", "d2")) == "no_floor"
        bad = Closing("whatever", "", None)
        assert await refused(office.desk.wrap_up(live.session_id, ALEX, bad)) == "unknown_disposition"
        closing = Closing("resolved", "New lamp sent.", FollowUp(task="Look whether it came"))
        await office.desk.wrap_up(live.session_id, ALEX, closing)
        await asyncio.sleep(0.1)
        assert office.outcome(live) == "talked"
        (kept,) = await office.records.wrap_ups(live.session_id)
        assert (kept.disposition, kept.notes, kept.at >= BEGAN) == ("resolved", "New lamp sent.", True)
        (owed,) = await office.records.follow_ups_of(live.session_id)
        assert owed.words == "Look whether it came"
        assert not (await office.queue.agents())[0].contacts, "Alex has a place free again"

    office.run(main)


def test_a_customer_goes_on_to_a_colleague_with_a_note() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        await office.comes(KIM)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        nowhere = Target(queue="nowhere")
        assert await refused(office.desk.transfer(live.session_id, ALEX, nowhere, "")) == "unknown_target"
        herself = Target(agent_id=ALEX.agent_id)
        assert await refused(office.desk.transfer(live.session_id, ALEX, herself, "")) == "unknown_target"
        await office.desk.transfer(live.session_id, ALEX, Target(agent_id=KIM.agent_id), "Knows lamps.")
        await asyncio.sleep(0.2)
        assert office.written(live)[-1] == SAYS.moving_on
        assert await refused(office.desk.message(live.session_id, ALEX, "Bye", "d9")) == "not_yours"
        await office.takes(KIM)
        assert office.facts(live, HandoffChanged)[-1].agent == "Kim"
        assert office.facts(live, NoteAdded)[0].pii.text == "Knows lamps."

    office.run(main)


def test_a_supervisor_takes_over_from_bot_and_agent() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        one = await office.chat("hello")
        await office.desk.supervise(one.session_id, SAM, "take_over")
        await asyncio.sleep(0.2)
        await office.writes(one, "who is this?")
        assert office.written(one) == ["You said: hello"], "the bot is silent"
        await office.desk.message(one.session_id, SAM, "I am Sam.", "d1")
        two = await office.chat("I want a person")
        await office.takes(ALEX)
        await office.desk.supervise(two.session_id, SAM, "take_over")
        await asyncio.sleep(0.2)
        assert await refused(office.desk.message(two.session_id, ALEX, "Hello?", "d1")) == "not_yours"
        await office.desk.message(two.session_id, SAM, "Sam here.", "d2")
        assert not (await office.queue.agents())[0].contacts, "Alex is free"

    office.run(main)


def test_one_agent_cannot_touch_anothers_customer() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.offer(ALEX)
        assert await refused(office.desk.note(live.session_id, ALEX, "before accepting")) == "not_yours"
        await office.takes(ALEX)
        for command in (
            office.desk.message(live.session_id, KIM, "Hi", "d1"),
            office.desk.end(live.session_id, KIM),
            office.desk.hand_back(live.session_id, KIM, ""),
            office.desk.transfer(live.session_id, KIM, Target(queue="general"), ""),
            office.desk.note(live.session_id, KIM, "x"),
            office.desk.hold(live.session_id, KIM, True),
            office.desk.end("s_nobody", KIM),
        ):
            assert await refused(command) == "not_yours"
        assert await refused(office.desk.hold(live.session_id, ALEX, True)) == "wrong_state", (
            "there is no call"
        )

    office.run(main)


def test_a_file_goes_to_a_customer_of_ones_own_while_one_has_them() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        file = StoredFile("file_a", live.session_id, "application/pdf", 9, "terms.pdf")
        assert await refused(office.desk.share_file(live.session_id, ALEX, file)) == "not_yours"
        await office.takes(ALEX)
        assert await refused(office.desk.share_file(live.session_id, KIM, file)) == "not_yours"
        await office.desk.share_file(live.session_id, ALEX, file)
        (fact,) = office.facts(live, FileShared)
        assert (fact.by, fact.agent, fact.file_id, fact.pii.name) == ("agent", "Alex", "file_a", "terms.pdf")
        await office.desk.end(live.session_id, ALEX)
        assert await refused(office.desk.share_file(live.session_id, ALEX, file)) == "no_floor"

    office.run(main)
