"""A session's events for one tab that watches it: what it has not got yet, then everything new.

The tab may read as slowly as it likes: its outbox makes this wait, then the listener is too far behind and
is let go, and the tab watches again from the last event that it has.
"""

from collections.abc import AsyncIterator

import structlog

from gateway.desk.conductor import Watching
from gateway.desk.history import CustomerHistory
from gateway.desk.messages import Error, SessionEvent
from gateway.desk.seat import Tab
from gateway.events import Event
from gateway.session_log import SessionLog
from gateway.subscription import Subscription
from pipelines.facts import IdentityVerified, Unavailable

log = structlog.get_logger()


class LogWatching:
    """Listens to a session that is in this process's memory; see `gateway.desk.conductor.Watching`."""

    def __init__(self, session: SessionLog) -> None:
        self._session = session
        self._subscription: Subscription = session.subscribe()

    @property
    def seq(self) -> int:
        """The newest stored event when this began."""
        return self._subscription.seq

    @property
    def behind(self) -> bool:
        """Whether the iteration ended because the listener was too slow."""
        return self._subscription.behind

    def history(self, after: int) -> AsyncIterator[Event]:
        """Stored events with `after` < seq <= `self.seq`. Raises `Unavailable`."""
        return self._session.history(after, self.seq)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Everything after `self.seq`; first the words so far of a reply under way."""
        if self._subscription.so_far is not None:
            yield self._subscription.so_far
        async for event in self._subscription:
            yield event

    def close(self) -> None:
        """Listen no more. Safe to call twice."""
        self._session.unsubscribe(self._subscription)


async def deliver(
    tab: Tab, session_id: str, watching: Watching, after: int, history: CustomerHistory | None
) -> None:
    """Send a session's events to the tab while it watches it so; `history`: if that is for it, too."""
    try:
        await _tell_history(tab, session_id, history)
        async for event in _events(watching, after):
            if tab.watched.get(session_id) is not watching:
                return  # what it had still to read is not for it any more
            await tab.outbox.put(SessionEvent(session=session_id, event=event.message()))
            if event.seq > watching.seq and isinstance(event.fact, IdentityVerified):
                await _tell_history(tab, session_id, history)
    except Unavailable:
        text = "The conversation can't be read right now. Watch it again in a moment."
        error = Error(code="unavailable", fault="dependency", message=text, retry=True)
        _stop(tab, watching, session_id, error)
        return
    finally:
        watching.close()
    if watching.behind:
        text = "You read too slowly, so some events were not sent. Watch it again with `after`."
        error = Error(code="fell_behind", fault="client", message=text, retry=True)
    else:
        text = "This session goes on elsewhere. Watch it again with `after`."
        error = Error(code="watch_ended", fault="gateway", message=text, retry=True)
    _stop(tab, watching, session_id, error)


async def _events(watching: Watching, after: int) -> AsyncIterator[Event]:
    async for event in watching.history(after):
        yield event
    async for event in watching:
        yield event


def _stop(tab: Tab, watching: Watching, session_id: str, error: Error) -> None:
    """Tell the tab, unless it does not watch this any more or began anew."""
    if tab.watched.get(session_id) is watching:
        del tab.watched[session_id]
        tab.outbox.push(error.model_copy(update={"session": session_id}))


async def _tell_history(tab: Tab, session_id: str, history: CustomerHistory | None) -> None:
    if history is None:
        return
    try:
        await tab.outbox.put(await history.of(session_id))
    except Unavailable as error:
        log.warning("no history of the customer", session_id=session_id, reason=str(error))
