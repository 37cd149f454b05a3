"""What is known of a session that is over, for whoever meets its customer again: read from the store."""

from collections.abc import AsyncIterator, Callable

from gateway.events import Event
from gateway.store.store import Store
from pipelines.briefing_fold import BriefingFold

PAGE = 200
"Events read at once."

MakeFold = Callable[[], BriefingFold]


async def events_of(store: Store, session_id: str) -> AsyncIterator[Event]:
    """All events, in order. Raises `Unavailable`."""
    after = 0
    while page := await store.events(session_id, after=after, limit=PAGE):
        for event in page:
            yield event
        after = page[-1].seq


def summary_of(events: list[Event], make_fold: MakeFold) -> tuple[str, ...]:
    """The lines of the briefing that these events amount to. Personal data."""
    fold = make_fold()
    for event in events:
        fold.apply(event.fact)
    return tuple(line for line in fold.briefing().summary if line)
