"""The board of several nodes: a copy in each, made one by the log in Redis.

One task writes: it works out the waiting commands on a copy of the board, all of them at once, and commits
what changed; when another node was first it reads on and begins again. One task follows what others commit,
one says that we live and looks whether the others do. While Redis is away commands wait for it, for as long
as their callers do.

An offer that ran out while Redis was away could not have been accepted: it is withdrawn, and no agent is
away for it.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from gateway.queue import counts, recovery
from gateway.queue.board import Board
from gateway.queue.feed import NewsFeed
from gateway.queue.jobs import Jobs
from gateway.queue.ledger import Command, T
from gateway.queue.records import SHARED
from gateway.queue.settings import Queues
from gateway.queue.shared_log import FAILURES, NOTHING, Logged, SharedLog, order
from pipelines.facts import Unavailable

log = structlog.get_logger()

GRACE_S = 1.0
"Offers that run out so shortly after Redis came back are nobody's fault either."
FAREWELL_S = 1.0
FAREWELLS = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, and how long."""

    beat_s: float = 1.5
    "A node says so often that it lives,"
    lives_ms: int = 5_000
    "is heard of for so long after each time, and is gone when it is missing at two looks in a row."
    retry_s: float = 0.2
    "Between attempts to reach Redis."
    patience_s: float = 5.0
    "A command waits so long for Redis."


class _Gap(Exception):
    """What was read does not follow what we have."""


class RedisLedger:
    """A `Ledger` that shares its board with other nodes."""

    def __init__(self, shared: SharedLog, queues: Queues, pace: Pace | None = None) -> None:
        self.feed = NewsFeed()
        self.node = secrets.token_urlsafe(6)
        self._shared = shared
        self._queues = queues
        self._pace = pace or Pace()
        self._board = self._empty()
        self._version = NOTHING
        self._loaded = False
        self._jobs = Jobs()
        # The writer and the heartbeat both read on: the lock keeps one from taking the other's newer version
        # for a sign that Redis has lost something.
        self._order = asyncio.Lock()
        self._missing: frozenset[str] = frozenset()
        self._ahead_s = time.time() - time.monotonic()
        "Of Redis' clock, before the monotonic one."
        self._down = False
        self._excused_until = 0.0
        self._over = False

    @property
    def board(self) -> Board:
        """See `Ledger`."""
        return self._board

    def now(self) -> float:
        """See `Ledger`; it is Redis' clock."""
        return time.monotonic() + self._ahead_s

    async def carry_out(self, command: Command[T], *, surely: bool = False) -> T:
        """See `Ledger`."""
        if self._over:
            raise Unavailable("this node has left the queue")
        done = self._jobs.add(command, surely=surely)
        try:
            async with asyncio.timeout(self._pace.patience_s):
                outcome: T = await done
        except TimeoutError:
            raise Unavailable("the shared queue cannot be reached; try again later") from None
        return outcome

    async def check(self) -> None:
        """See `Ledger`."""
        if self._down or not self._loaded:
            raise Unavailable("the shared queue cannot be reached: is Redis there?")

    async def run(self) -> None:
        """See `Ledger`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(), name="queue writer")
                tasks.create_task(self._follow(), name="queue follower")
                tasks.create_task(self._live(), name="queue heartbeat")
        finally:
            self._over = True
            await self._leave()
            self.feed.close()
            self._jobs.give_up(Unavailable("this node has left the queue"))

    # --- writing ---

    async def _write(self) -> None:
        while True:
            due = self._board.due(self.now())
            await self._jobs.wait(None if due is None else due - self.now())
            try:
                async with self._order:
                    await self._settle()
            except FAILURES as error:
                await self._failed(error)

    async def _settle(self) -> None:
        """Carry out some of what waits, and what is due."""
        if self._down or not self._loaded:
            await self._read_on()
            self._reached()
        while True:
            batch = self._jobs.batch()
            now, version, draft = self.now(), self._version, self._board.copy()
            draft.expire(now, self._excused_until)
            outcomes = [job.attempt(draft, now) for job in batch]
            draft.assign(now)
            change = draft.take_change()
            if change:
                committed = await self._shared.commit(version, change)
                if committed is None:
                    counts.REDONE.inc()
                    await self._read_on()
                    continue
                counts.observe(change, self._queues)
                self._take([Logged(committed, version, change)])
            break
        self._jobs.settle(batch, outcomes)

    # --- reading ---

    async def _follow(self) -> None:
        while True:
            try:
                if self._down or not self._loaded:
                    async with self._order:
                        await self._read_on()
                    self._reached()
                await self._follow_once()
            except FAILURES as error:
                await self._failed(error)

    async def _follow_once(self) -> None:
        try:
            self._take(await self._shared.follow(self._version))
        except _Gap:
            async with self._order:
                await self._read_on()

    async def _read_on(self) -> None:
        """Take what others committed; everything, when that does not follow what we have."""
        if not self._loaded:
            await self._reload()
            return
        before = self._version
        newest, entries = await self._shared.since(before)
        if newest == before:
            return
        try:
            self._take(entries)
        except _Gap:
            entries = []
        if not entries:
            await self._reload()

    def _take(self, entries: Iterable[Logged]) -> None:
        """Apply changes that follow what we have; raises `_Gap` at the first that does not."""
        for entry in entries:
            if order(entry.version) <= order(self._version):
                continue
            if entry.after != self._version:
                raise _Gap
            if self.node in entry.change.buried and not self._over:
                self._put_back(self._board.copy())
            self._board.apply(entry.change.records)
            self._version = entry.version
            self.feed.tell(entry.change.news)
            self._jobs.stir()

    async def _reload(self) -> None:
        whole = await self._shared.whole()
        former, self._board = self._board, self._empty()
        self._board.apply(whole.records)
        self._version = whole.version
        self._ahead_s = whole.now - time.monotonic()
        counts.RELOADED.inc()
        if self._loaded:
            log.warning("the shared queue had lost something, ours is put back")
        self._loaded = True
        self.feed.tell(recovery.difference(former, self._board))
        self._put_back(former)

    def _put_back(self, former: Board) -> None:
        """Before any other command, see to it that what is ours is there."""

        def restore(board: Board, now: float) -> None:
            recovery.restore(board, former, self.node, now)
            recovery.install_phones(board, now)

        self._jobs.note(restore, first=True)

    # --- living ---

    async def _live(self) -> None:
        while True:
            try:
                await self._beat()
            except FAILURES as error:
                await self._failed(error)
            else:
                await asyncio.sleep(self._pace.beat_s)

    async def _beat(self) -> None:
        beat = await self._shared.beat(self.node, self._others(), self._pace.lives_ms)
        self._ahead_s = beat.now - time.monotonic()
        for node in beat.missing & self._missing:
            log.warning("a node is gone, and its agents and contacts with it", node=node)
            self._jobs.note(_burial(node))
        self._missing = beat.missing - self._missing
        if self._loaded and beat.version != self._version:
            async with self._order:
                await self._read_on()

    def _others(self) -> set[str]:
        board = self._board
        owners = {seat.node for seat in board.seats.values()}
        owners |= {entry.node for entry in board.entries.values()}
        owners |= {place.node for place in board.places.values()}
        return owners - {self.node, SHARED}

    async def _leave(self) -> None:
        """Tell the others that we go, rather than let them find out."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                for _ in range(FAREWELLS):
                    draft = self._board.copy()
                    recovery.bury(draft, self.node, self.now())
                    draft.assign(self.now())
                    change = draft.take_change()
                    committed = await self._shared.commit(self._version, change) if self._loaded else "none"
                    if committed is not None:
                        break
                    await self._read_on()
                await self._shared.silence(self.node)
        except FAILURES as error:
            log.warning("could not say goodbye to the shared queue", reason=type(error).__name__)

    # --- failing ---

    def _empty(self) -> Board:
        return Board(self._queues, lambda: secrets.token_urlsafe(9))

    async def _failed(self, error: Exception) -> None:
        if not self._down:
            log.warning("the shared queue is not reached", reason=type(error).__name__)
            self.feed.tell(())
        self._down = True
        counts.SHARED_UP.set(0)
        await asyncio.sleep(self._pace.retry_s)

    def _reached(self) -> None:
        if self._down:
            self._excused_until = self.now() + GRACE_S
            log.info("the shared queue is reached")
        self._down = False
        counts.SHARED_UP.set(1)


def _burial(node: str) -> Command[None]:
    return lambda board, now: recovery.bury(board, node, now)
