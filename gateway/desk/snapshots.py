"""What all desks show alike: colleagues, who waits, which sessions go on; looked up once for everybody."""

import asyncio
from collections.abc import Sequence

from gateway.accounts.permissions import Action
from gateway.desk import views
from gateway.desk.conductor import Conductor
from gateway.desk.messages import Contact, Presence
from gateway.desk.seat import Tab
from gateway.desk.seats import Seats
from gateway.queue.contacts import ContactQueue, InLine

REFRESH_S = 1.0
"What is shown is at most so old."
MOST_SESSIONS = 500
"Live sessions that are shown at most."


class Snapshots:
    """The newest of each, for the tabs of this node."""

    def __init__(self, queue: ContactQueue, conductor: Conductor, seats: Seats) -> None:
        self._queue = queue
        self._conductor = conductor
        self._seats = seats
        self._colleagues = Presence(agents=())
        self._line: Sequence[InLine] = ()
        self._live: Sequence[Contact] = ()

    async def follow(self) -> None:
        """Keep every tab up to date, for ever. Raises `Unavailable`."""
        while True:
            await asyncio.sleep(REFRESH_S)
            tabs = [tab for seat in self._seats for tab in seat.tabs]
            if tabs:
                await self._look(any(tab.seat.may(Action.SEE_ALL) for tab in tabs))
            for tab in tabs:
                self.show(tab)

    def show(self, tab: Tab) -> None:
        """Tell a tab what it does not know yet."""
        seat = tab.seat
        live = self._live if seat.may(Action.SEE_ALL) else tuple(seat.contacts.values())
        shown = (
            self._colleagues,
            views.waiting(self._line, seat.account),
            views.sessions(live, seat.account),
        )
        for snapshot in shown:
            if tab.shown.get(type(snapshot)) != snapshot:
                tab.shown[type(snapshot)] = snapshot
                tab.outbox.replace(snapshot)

    async def _look(self, everything: bool) -> None:
        self._colleagues = views.presence(await self._queue.agents())
        self._line = await self._queue.waiting()
        self._live = await self._conductor.live_sessions(MOST_SESSIONS) if everything else ()
