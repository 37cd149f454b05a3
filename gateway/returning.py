"""Customers who were cut off and call again: greeted with what it was about, and preferred in line.

A call from the same number within half an hour is taken to be of the same customer, as far as that can be
said aloud: what the call was about, in the definition's own words, and nothing that is theirs. The session is
a new one in which nobody has proven who they are; what our people may know of the former one stands in a
private note. The store is the memory, so it also works after a crash.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from prometheus_client import Counter

from gateway.caller_keys import CallerKeys
from gateway.cut_off import CutOff, cut_off
from gateway.events import Event, HandoffChanged
from gateway.former_session import MakeFold, events_of, summary_of
from gateway.handoff.states import State
from gateway.leg import Leg
from gateway.live import LiveSession, LiveSessions
from gateway.store.caller_index import CallerIndex
from gateway.store.desk_records import DeskRecords, UnknownContact
from gateway.store.store import Store
from pipelines.facts import Fact, NoteAdded, Unavailable, Words, WorkflowChanged

log = structlog.get_logger(__name__)

WITHIN_S = 1_800.0
"Who calls again later begins anew."
LONGEST_CALL_S = 86_400.0
"Older sessions are not looked at."
LOOK_UP_S = 0.5
"A store that takes longer costs the caller the greeting, not the call."
RESOLVED = "resolved"
"The disposition after which nothing is to go on."

RETURNED = Counter("warmline_callers_returned_total", "Callers greeted after a cut-off call", ["with"])


class Welcomes(Protocol):
    """The agent; `pipelines.agent.agent.Agent`."""

    def welcome_back(self, workflow: str | None, skill: str | None) -> tuple[str, WorkflowChanged | None]:
        """The greeting, and the fact of the question in it, if there is one."""


class Returning:
    """Of one process; asked at the beginning of every call."""

    def __init__(
        self,
        store: Store,
        index: CallerIndex,
        records: DeskRecords,
        keys: CallerKeys,
        sessions: LiveSessions,
        make_fold: MakeFold,
        welcomes: Welcomes,
        prefer: Callable[[str], None],
    ) -> None:
        self._store = store
        self._index = index
        self._records = records
        self._keys = keys
        self._sessions = sessions
        self._make_fold = make_fold
        self._welcomes = welcomes
        self._prefer = prefer

    async def welcome(self, leg: Leg, live: LiveSession) -> str | None:
        """Who has called was here before: what the bot says first, instead of its greeting; None: usual."""
        key = self._keys.of(leg.about.get("caller"))
        if key is None:
            return None
        try:
            async with asyncio.timeout(LOOK_UP_S):
                found = await self._lost_call(key, live.session_id)
                await self._index.note(key, live.session_id, self._now)
                return await self._greet(live, *found) if found is not None else None
        except (Unavailable, UnknownContact, TimeoutError) as error:
            log.warning("not looked up who calls again", session_id=live.session_id, reason=str(error))
            return None

    async def in_touch(self, number: str | None, since: float) -> str | None:
        """Whether the customer with this number was with a person after that time, or is here now.

        Gives `talked`, `here` or None. Raises `Unavailable`.
        """
        key = self._keys.of(number)
        if key is None:
            return None
        here = False
        for session_id in await self._index.sessions(key, since=since):
            async for event in events_of(self._store, session_id):
                if isinstance(event.fact, HandoffChanged) and event.fact.state == State.HUMAN_ACTIVE.value:
                    return "talked"
            here = here or self._is_busy(session_id)
        return "here" if here else None

    async def _lost_call(self, key: str, session_id: str) -> tuple[CutOff, list[Event]] | None:
        """The caller's newest call before this one, if it was cut off a moment ago."""
        known = await self._index.sessions(key, since=self._now - LONGEST_CALL_S)
        former = next((each for each in known if each != session_id), None)
        if former is None or self._is_busy(former):
            return None
        events = [event async for event in events_of(self._store, former)]
        lost = cut_off(events)
        if lost is None or lost.at < self._now - WITHIN_S:
            return None
        resolved = any(each.disposition == RESOLVED for each in await self._records.wrap_ups(former))
        return None if resolved else (lost, events)

    async def _greet(self, live: LiveSession, lost: CutOff, events: list[Event]) -> str:
        words, question = self._welcomes.welcome_back(lost.workflow, lost.skill)
        self._prefer(live.session_id)
        RETURNED.labels("person" if lost.skill is not None else "bot").inc()
        await live.log.emit(note_of("They call again after they were cut off.", events, self._make_fold))
        if question is not None:
            await live.log.emit(question)
        return words

    def _is_busy(self, session_id: str) -> bool:
        """Somebody else with this number, at a company's telephone system for instance, talks with us."""
        live = self._sessions.find(session_id)
        return live is not None and live.busy

    @property
    def _now(self) -> float:
        return self._sessions.surroundings.now()


def note_of(why: str, events: list[Event], make_fold: MakeFold) -> Fact:
    """For our own people: what the former session was about, and that nobody has proven who this is."""
    lines = (why, "Nobody has checked yet that it is the same customer.", *summary_of(events, make_fold))
    return NoteAdded(purpose="private", agent_id="bot", agent="Bot", pii=Words(text="\n".join(lines)))
