"""The telephone of an agent, as a handoff has it; the call itself is tested with `telephone`."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from gateway.handoff.agent_phone import AgentPhone
from gateway.handoff.line import Unanswered
from gateway.handoff.states import Agent, Input, NotReached, Sentence
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from tests.fakes.office import Office

PHIL = Agent("phone:night", "Night line", phone="night")


def nothing_known() -> Briefing:
    return BriefingFold(Glossary()).briefing()


def never(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
    raise AssertionError("nothing is called")


def test_without_telephones_the_agent_is_not_reached() -> None:
    office = Office()

    async def main() -> None:
        happened: list[Input] = []
        phone = AgentPhone(office.handoffs.house, happened.append, lambda text: None, never)
        phone.dial(PHIL, "l1", None, nothing_known())
        assert happened == [NotReached("no_telephone")]
        assert phone.leg is None and phone.calling is None
        phone.dismiss(Sentence.CUSTOMER_LEFT)
        phone.hang_up()

    office.run(main)


def test_an_offer_that_was_declined_there_is_not_one_that_was_missed() -> None:
    office = Office()

    async def main() -> None:
        phone = AgentPhone(office.handoffs.house, lambda happened: None, lambda text: None, never)
        assert phone.unanswered("machine") is None, "nothing was offered there"
        phone.dial(PHIL, "l1", None, nothing_known())
        assert phone.unanswered("hung_up") == Unanswered("l1", declined=True, reason="hung_up")
        assert phone.unanswered("machine") == Unanswered("l1", declined=False, reason="machine")

    office.run(main)
