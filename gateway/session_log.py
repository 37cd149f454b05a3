"""The log of one session while it is in memory: numbers, stores, folds and publishes its facts.

This is the only way a fact gets into a session. Whatever else is known of a session is a fold of the log:
the conversation, which messages were taken, what is still owed an answer.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from gateway import metrics
from gateway.events import Event, HandoffChanged
from gateway.store.store import SecondWriter, Store
from gateway.subscription import BOUND, Subscription
from pipelines.conversation import Conversation
from pipelines.facts import (
    CustomerTurn,
    Fact,
    HumanTurn,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    Unavailable,
)

PAGE = 200
"Events read from the store at once."


class Watcher(Protocol):
    """Sees what happens in all sessions of the process; `tracing.SessionTraces`."""

    def see(self, session_id: str, event: Event) -> None:
        """An event, the moment it is published."""

    def recall(self, session_id: str, event: Event) -> None:
        """An event of a session that was read from the store, in order, before anything new happens in it."""

    def forget(self, session_id: str) -> None:
        """The session left memory."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a log needs of the process it lives in."""

    store: Store
    tasks: asyncio.TaskGroup
    "Runs appends to their end, whatever becomes of those who wanted them."
    now: Callable[[], float]
    "Unix time, seconds."
    watchers: tuple[Watcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact that has its place in the log."""

    seq: int
    "0 when it is not stored."
    duplicate: bool = False
    "It was a message that the log had already; nothing was done."


class SessionLog:
    """The facts of one session, from its first to the next one."""

    def __init__(self, session_id: str, surroundings: Surroundings) -> None:
        self.session_id = session_id
        self.conversation = Conversation(session_id)
        self.seq = 0
        "The newest stored event."
        self.taken: dict[str, int] = {}
        "The `seq` of each message, by the client's own id."
        self.owed: dict[str, None] = {}
        "Typed turns without an answer, oldest first. The bot owes none while a person has the customer."
        self.handoff: HandoffChanged | None = None
        "Where the newest handoff stands."
        self.stale = False
        "Another process wrote to this session: what we hold is out of date, read it again."
        self._around = surroundings
        self._order = asyncio.Lock()
        self._subscriptions: set[Subscription] = set()
        self._newest_id = 0
        self._so_far: ReplyDelta | None = None

    @property
    def with_person(self) -> bool:
        """Whether a person of ours has the customer: the bot says and writes nothing then."""
        return self.handoff is not None and self.handoff.floor == "human"

    @property
    def handing_over(self) -> bool:
        """Whether a handoff is under way, a person's talk with the customer included."""
        return self.handoff is not None and self.handoff.outcome is None

    @property
    def quiet(self) -> bool:
        """Nobody listens and nothing is being written."""
        return not self._subscriptions and not self._order.locked()

    def new_id(self, prefix: str) -> str:
        """An id that no turn of this session has had, e.g. `c7`."""
        self._newest_id += 1
        return f"{prefix}{self._newest_id}"

    async def read(self) -> None:
        """Fold in what the store has."""
        while page := await self._around.store.events(self.session_id, after=self.seq, limit=PAGE):
            for event in page:
                self._fold(event)
                for watcher in self._around.watchers:
                    watcher.recall(self.session_id, event)

    async def history(self, after: int, until: int) -> AsyncIterator[Event]:
        """Stored events with `after` < seq <= `until`, read page by page."""
        while after < until:
            page = await self._around.store.events(self.session_id, after=after, limit=PAGE)
            for event in page:
                if event.seq > until:
                    return
                yield event
            if not page:
                return
            after = page[-1].seq

    async def emit(self, fact: Fact) -> None:
        """Store a durable fact, apply it, show it to listeners; returns when that is done.

        Raises `Unavailable`. Cancelled, it is done all the same: there are no half-stored facts.
        """
        await self.record(fact)

    async def record(self, fact: Fact) -> Recorded:
        """Like `emit`, and say where the fact stands."""
        if not fact.durable:
            self.show(fact)
            await asyncio.sleep(0)  # a burst of words must not keep listeners from reading them
            return Recorded(0)
        task = self._around.tasks.create_task(self._append(fact), name=f"append {self.session_id}")
        outcome = await asyncio.shield(task)
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    def show(self, fact: Fact) -> None:
        """Send a fact to listeners without storing it."""
        if isinstance(fact, ReplyDelta) and self.with_person:
            return
        if isinstance(fact, ReplyDelta) and self._so_far is not None:
            text = self._so_far.text[: fact.offset] + fact.text
            self._so_far = ReplyDelta(turn_id=fact.turn_id, offset=0, text=text)
        self._publish(Event(0, self._around.now(), fact))

    def subscribe(self, bound: int = BOUND) -> Subscription:
        """Everything from now on. What came before is in the store, up to the subscription's `seq`."""
        so_far = None if self._so_far is None else Event(0, self._around.now(), self._so_far)
        subscription = Subscription(self.seq, so_far, bound)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop listening. Safe to call twice."""
        subscription.close()
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription; listeners come back and find the session in the store."""
        for subscription in list(self._subscriptions):
            self.unsubscribe(subscription)

    def assume(self, fact: HandoffChanged) -> None:
        """Let who has the floor hold from now on, whether it is stored already or not."""
        self.handoff = fact
        if self.with_person:
            self.owed.clear()

    async def _append(self, fact: Fact) -> Recorded | Unavailable:
        """Give the fact its number and store it. Errors are values: this may outlive whoever wanted it."""
        # Speech, typed text and the reply of one session write at the same time: the lock keeps two of
        # them from taking the same number, and publishes in the order of the numbers.
        async with self._order:
            if isinstance(fact, CustomerTurn) and (seq := self.taken.get(fact.client_id or "")):
                return Recorded(seq, duplicate=True)
            event = Event(self.seq + 1, self._around.now(), fact)
            try:
                await self._around.store.append(self.session_id, event)
            except SecondWriter as error:
                self.stale = True
                self.close()
                return error
            except Unavailable as error:
                return error
            self._fold(event)
            self._publish(event)
            return Recorded(event.seq)

    def _fold(self, event: Event) -> None:
        fact = event.fact
        self.seq = event.seq
        self.conversation.apply(fact)
        if (number := re.search(r"\d+$", getattr(fact, "turn_id", ""))) is not None:
            self._newest_id = max(self._newest_id, int(number[0]))
        match fact:
            case CustomerTurn(turn_id=turn_id, channel=channel, client_id=client_id):
                if channel == "chat" and not self.with_person:
                    self.owed[turn_id] = None
                if client_id is not None:
                    self.taken[client_id] = event.seq
            case HumanTurn(agent_id=agent_id, client_id=client_id) if client_id is not None:
                self.taken[f"{agent_id} {client_id}"] = event.seq
            case HandoffChanged():
                self.assume(fact)
            case ReplyStarted(turn_id=turn_id):
                self._so_far = ReplyDelta(turn_id=turn_id, offset=0, text="")
            case ReplyDone(answers=answers):
                self.owed.pop(answers or "", None)
                self._so_far = None

    def _publish(self, event: Event) -> None:
        metrics.observe(event.fact)
        for watcher in self._around.watchers:
            watcher.see(self.session_id, event)
        for subscription in list(self._subscriptions):
            subscription.put(event)
