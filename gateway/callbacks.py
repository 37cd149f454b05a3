"""Calls customers back: what is due is dialled once somebody of ours is free to talk with them.

Every node looks; the claim in the store makes one of them dial. A person who answers hears who calls and why,
and a handoff begins at once, so an agent comes who has read what the former session was about. A machine, a
busy line or no answer: tried again, three times in all, when the queue is open. Where there is no telephone,
or we may not call the number any more, the callback becomes a task that agents see.
"""

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from prometheus_client import Counter, Histogram

from gateway.events import CallPickedUp, Event, HandoffChanged
from gateway.former_session import MakeFold, events_of
from gateway.handoff.said_number import InFull
from gateway.handoff.states import State
from gateway.live import LiveSession, LiveSessions
from gateway.placed_call import Wish
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue
from gateway.queue.hours import is_open
from gateway.queue.settings import Queues
from gateway.returning import note_of
from gateway.store.desk_records import DeskRecords, FollowUp
from gateway.subscription import Subscription
from gateway.switchboard import Switchboard
from pipelines.facts import HandoffRequested, ReplyStarted, Unavailable

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
CLAIM_S = 300.0
"Longer than it rings and somebody says who they are; what a node that died has claimed is free again then."
AGAIN_S = (900.0, 3_600.0)
"After the first try that came to nothing, and after the second; later where the queue is closed then."
TRIES = len(AGAIN_S) + 1
BUSY_S = 60.0
"Too many calls of ours are under way: that is no try."
HERE_S = 900.0
"The customer is with us at this moment."
REASON = "callback"
IN_LINE = frozenset((State.SCREEN.value, State.QUEUED.value))

Outcome = Literal["reached", "not_reached", "called_in", "put_off", "left_to_people"]
CALLBACKS = Counter(
    "warmline_callbacks_total", "Callbacks that were due, by what came of each try", ["outcome"]
)
DELAY = Histogram(
    "warmline_callback_delay_seconds",
    "From the time that was promised to the customer's hello",
    buckets=(10, 30, 60, 120, 300, 600, 1_200, 3_600, 7_200, 14_400, 86_400),
)

InTouch = Callable[[str | None, float], Awaitable[str | None]]
"Whether a number was with a person since then (`talked`), or is with us now (`here`)."


@dataclass(frozen=True, slots=True)
class CallbackParts:
    """What calling back takes."""

    records: DeskRecords
    queue: ContactQueue
    settings: Queues
    sessions: LiveSessions
    switchboard: Callable[[], Switchboard | None]
    "None while the telephone is not up."
    dials: bool
    "A telephone is configured."
    in_full: InFull
    in_touch: InTouch
    make_fold: MakeFold
    opening: str
    "What a person hears first: who calls, and why."
    language: str = "en"


@dataclass(slots=True)
class _Call:
    """One callback under way."""

    follow_up: FollowUp
    reached: bool = False
    agent_found: bool = False
    "It needs no free agent any more."


class Callbacks:
    """Of one process; `run` must run beside the sessions and the telephone."""

    def __init__(self, parts: CallbackParts) -> None:
        self._parts = parts
        self._calls: dict[str, _Call] = {}
        "By follow-up."

    async def run(self) -> None:
        """Look for what is due, until cancelled; calls that a person has answered end with the telephone."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                try:
                    await self._look(tasks)
                except Unavailable as error:
                    log.warning("callbacks not looked at", reason=str(error))

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        parts = self._parts
        if parts.sessions.draining:
            return
        due = await parts.records.due_follow_ups(self._now, kind="callback")
        switchboard = parts.switchboard()
        if parts.dials and (switchboard is None or switchboard.lines is None):
            return
        for follow_up in due:
            if not parts.dials or parts.in_full(follow_up.number or "") is None:
                await parts.records.leave_to_people(follow_up.follow_up_id)
                _count(follow_up, "left_to_people")
            elif follow_up.follow_up_id not in self._calls and await self._somebody_free(follow_up.queue):
                assert switchboard is not None
                call = self._calls[follow_up.follow_up_id] = _Call(follow_up)
                tasks.create_task(self._carry_out(call, switchboard), name="callback")

    async def _somebody_free(self, queue: str) -> bool:
        """Whether somebody has time for one more than we are bringing to them already."""
        parts = self._parts
        if not is_open(parts.settings.schedule(queue), self._now):
            return False
        there = await parts.queue.availability(queue, frozenset(), parts.language, "voice")
        coming = Tally(call.follow_up.queue for call in self._calls.values() if not call.agent_found)
        return there.free > coming[queue]

    async def _carry_out(self, call: _Call, switchboard: Switchboard) -> None:
        try:
            await self._claimed(call, switchboard)
        except Unavailable as error:  # the claim ends by itself, and somebody tries again
            log.warning("callback", follow_up=call.follow_up.follow_up_id, reason=str(error))
        except Exception:
            # The outermost loop of a callback: our bug ends this one, and the others go on.
            log.exception("callback failed", follow_up=call.follow_up.follow_up_id)
        finally:
            del self._calls[call.follow_up.follow_up_id]

    async def _claimed(self, call: _Call, switchboard: Switchboard) -> None:
        parts, follow_up = self._parts, call.follow_up
        now = self._now
        if not await parts.records.claim_follow_up(follow_up.follow_up_id, until=now + CLAIM_S, now=now):
            return  # another node has it
        if follow_up.attempts >= TRIES:
            await self._close(follow_up, "not_reached")
            return
        match await parts.in_touch(follow_up.number, follow_up.created_at):
            case "talked":
                await self._close(follow_up, "called_in")
            case "here":
                await self._put_off(follow_up, HERE_S, tried=False)
            case _:
                await self._dial(call, switchboard)

    async def _dial(self, call: _Call, switchboard: Switchboard) -> None:
        follow_up, number = call.follow_up, self._parts.in_full(call.follow_up.number or "")
        assert number is not None
        try:
            placed, _ = await switchboard.place(Wish(number, opening=self._parts.opening))
        except (Unavailable, ProtocolError) as error:
            log.warning("callback not placed", follow_up=follow_up.follow_up_id, reason=str(error))
            await self._put_off(follow_up, BUSY_S, tried=False)
            return
        live = self._parts.sessions.find(placed.session_id)
        if live is not None and placed.task is not None:
            await self._accompany(call, live, placed.task)
        if call.reached:
            return
        if placed.code in (429, 487):  # too many at once, or we were told to stop
            await self._put_off(follow_up, BUSY_S, tried=False)
        elif follow_up.attempts + 1 < TRIES:
            await self._put_off(follow_up, AGAIN_S[follow_up.attempts], tried=True)
        else:
            await self._close(follow_up, "not_reached")

    async def _accompany(self, call: _Call, live: LiveSession, placed: "asyncio.Task[None]") -> None:
        """Until the call is over."""
        subscription = live.log.subscribe()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(call, live, subscription), name="callback's session")
            try:
                await asyncio.wait([placed])
            finally:
                live.log.unsubscribe(subscription)
                listening.cancel()

    async def _listen(self, call: _Call, live: LiveSession, subscription: Subscription) -> None:
        """Once the bot speaks with a person, bring one of ours."""
        answered = False
        async for event in subscription:
            match event.fact:
                case CallPickedUp(answerer="person" | "unknown"):
                    answered = True
                case ReplyStarted() if answered and not call.reached:
                    call.reached = True
                    await self._bring_agent(call, live)
                case HandoffChanged(state=state) if state not in IN_LINE:
                    call.agent_found = True

    async def _bring_agent(self, call: _Call, live: LiveSession) -> None:
        follow_up = call.follow_up
        try:
            former = await self._former(follow_up.session_id)
            await live.log.emit(note_of("They had asked to be called back.", former, self._parts.make_fold))
        except Unavailable as error:
            log.warning("callback without a briefing", follow_up=follow_up.follow_up_id, reason=str(error))
        await live.log.emit(HandoffRequested(reason=REASON, skill=follow_up.queue))
        DELAY.observe(max(0.0, self._now - follow_up.due_at))
        await self._close(follow_up, "reached")

    async def _former(self, session_id: str) -> list[Event]:
        store = self._parts.sessions.surroundings.store
        return [event async for event in events_of(store, session_id)]

    async def _close(self, follow_up: FollowUp, outcome: Outcome) -> None:
        await self._parts.records.close_follow_up(follow_up.follow_up_id, outcome, self._now)
        _count(follow_up, outcome)

    async def _put_off(self, follow_up: FollowUp, seconds: float, *, tried: bool) -> None:
        due_at = self._now + seconds
        await self._parts.records.put_off_follow_up(follow_up.follow_up_id, due_at, tried=tried)
        _count(follow_up, "put_off")

    @property
    def _now(self) -> float:
        return self._parts.sessions.surroundings.now()


def _count(follow_up: FollowUp, outcome: Outcome) -> None:
    """To those who watch from outside; a log has no numbers of customers."""
    CALLBACKS.labels(outcome).inc()
    log.info("callback", follow_up=follow_up.follow_up_id, queue=follow_up.queue, outcome=outcome)
