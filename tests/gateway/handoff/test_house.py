"""A gateway whose desk and telephone are not there (yet) still looks after customers."""

import asyncio

from gateway.queue.contacts import Presence
from tests.fakes.office import ALEX, Office


def test_without_a_desk_to_show_it_at_a_handoff_goes_on() -> None:
    office = Office()

    async def main() -> None:
        office.handoffs.house.desks = None
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        await office.takes(ALEX)
        assert office.state(live) == "human_active"

    office.run(main)


def test_without_a_telephone_an_agent_who_is_reached_by_one_is_not_waited_for() -> None:
    office = Office()

    async def main() -> None:
        phone = Presence(
            "phone:night",
            "Night line",
            "available",
            frozenset({"general"}),
            {},
            frozenset({"en"}),
            {"chat": 1},
            "night",
        )
        await office.queue.announce(phone)
        await asyncio.sleep(2.1)
        live = await office.chat("I want a person")
        await asyncio.sleep(1)
        assert office.state(live) in ("queued", "alternatives"), "not for ever in `dialling`"

    office.run(main)
