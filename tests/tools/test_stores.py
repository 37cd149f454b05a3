from typing import Any

import pytest

from tests import virtual_time
from tests.tools.contact import new_contact


def hours(**arguments: Any) -> dict[str, Any]:
    async def scenario() -> dict[str, Any]:
        async with new_contact() as (contact, _):
            return dict((await contact.call("store_hours", **arguments)).data)

    return virtual_time.run(scenario())


def test_all_stores_are_told_to_anyone() -> None:
    told = hours()
    assert told["cities"] == ["Denver", "Portland"]
    assert told["count"] == 2
    assert told["stores"][0]["text"] == (
        "Monday to Friday 10 AM to 7 PM, Saturday 9 AM to 7 PM, Sunday 11 AM to 5 PM"
    )
    assert told["stores"][1]["text"] == "Monday to Saturday 10 AM to 7 PM, Sunday closed"


@pytest.mark.parametrize("city", ["Denver", "denver", "Denver, CO", "your Denver store"])
def test_a_city_names_its_store(city: str) -> None:
    assert [store["city"] for store in hours(city=city)["stores"]] == ["Denver"]


def test_a_city_without_a_store_has_none_and_hears_where_there_are() -> None:
    told = hours(city="Paris")
    assert (told["stores"], told["count"]) == ([], 0)
    assert "Denver" in told["cities"]


def test_a_day_is_told_alone() -> None:
    assert [store["text"] for store in hours(day="SUNDAY")["stores"]] == [
        "Sunday 11 AM to 5 PM",
        "Sunday closed",
    ]
