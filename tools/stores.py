"""The shops one can walk into, and when they are open."""

from typing import Annotated, Literal, get_args

from tools.arguments import Text
from tools.connector import ShopConnector
from tools.declaration import Answer, Permit, Tool
from tools.policy import AT_DESK, Access, ToolPolicy
from tools.records import Store

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
City = Annotated[str, Text(60), "Only the shop in this city."]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Stores:
    """The tool that knows opening hours."""

    def __init__(self, shop: ShopConnector) -> None:
        self._shop = shop

    def tools(self) -> list[Tool]:
        """The declaration."""
        return [Tool(self.store_hours, ToolPolicy(access=Access.ANYONE, desk=AT_DESK))]

    async def store_hours(self, permit: Permit, city: City | None = None, day: Day | None = None) -> Answer:
        """Opening hours and addresses of our shops."""
        stores = await self._shop.stores()
        wanted = (city or "").casefold()
        here = [store for store in stores if wanted and store.city.casefold() in wanted]
        found = [
            {
                "city": store.city,
                "address": store.address,
                "hours": dict(store.hours),
                "text": _day_text(store, day) if day else _week_text(store),
            }
            for store in (here if wanted else stores)
        ]
        return Answer({"stores": found, "count": len(found), "cities": [store.city for store in stores]})


def _day_text(store: Store, day: str) -> str:
    hours = store.hours.get(day[:3], "closed")
    return f"{day.capitalize()} {_spoken(hours)}"


def _week_text(store: Store) -> str:
    """Neighbouring days with the same hours together: "Monday to Saturday 10 AM to 7 PM, Sunday closed"."""
    stretches: list[tuple[int, int, str]] = []
    for place, day in enumerate(_DAYS):
        hours = store.hours.get(day, "closed")
        if stretches and stretches[-1][2] == hours:
            stretches[-1] = (stretches[-1][0], place, hours)
        else:
            stretches.append((place, place, hours))
    names = [name.capitalize() for name in get_args(Day)]
    return ", ".join(
        f"{names[first]}{f' to {names[last]}' if last > first else ''} {_spoken(hours)}"
        for first, last, hours in stretches
    )


def _spoken(hours: str) -> str:
    opens, dash, closes = hours.partition("-")
    return f"{_clock(opens)} to {_clock(closes)}" if dash else hours


def _clock(time: str) -> str:
    hour, _, minute = time.partition(":")
    past = "" if minute in {"", "00"} else f":{minute}"
    return f"{(int(hour) - 1) % 12 + 1}{past} {'AM' if int(hour) < 12 else 'PM'}"
