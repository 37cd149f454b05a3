"""Shared model workers: one instance of each model does the work of all calls, in threads of its own.

Models release the interpreter lock while they compute, so threads serve; the event loop only hands over
work and takes back results. The queue is bounded. Finals go before eager finals before partials before
what is only anticipated; what runs already is never broken off, so nothing waits for more than one job
that is less urgent, and who can do without asks only while the workers are `idle`. When the queue is
full, the least urgent job is dropped first, the oldest of those. Every job names the call it is for; a
call that ends takes its jobs with it. Relies on threading and prometheus-client.
"""

import asyncio
import os
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import structlog
from prometheus_client import Counter, Gauge, Histogram

T = TypeVar("T")

DEPTH = Gauge("warmline_model_queue_depth", "Jobs waiting for a shared model", ["model"])
WAIT = Histogram("warmline_model_wait_seconds", "Time a job waited for its model", ["model", "priority"])
WORK = Histogram("warmline_model_work_seconds", "Time a model worked on a job", ["model", "priority"])
DROPPED = Counter(
    "warmline_model_dropped_total", "Jobs dropped before they were begun", ["model", "priority"]
)

log = structlog.get_logger(__name__)


class Priority(IntEnum):
    """What goes first."""

    FINAL = 0
    "A turn waits for it."
    EAGER = 1
    "A turn will probably wait for it."
    PARTIAL = 2
    "Nice to have."
    ANTICIPATED = 3
    "A turn may wait for it soon, if the customer really falls silent: only done while nothing else waits."


@dataclass(frozen=True, slots=True)
class Load:
    """How it went lately with jobs that a turn waits for (finals and eager finals), in seconds.

    Medians, so that one odd job does not count.
    """

    waited_s: float = 0.0
    "For the model; at least as long as the oldest one waits that still does."
    worked_s: float = 0.0
    "How long the model worked on one."


@dataclass(frozen=True, slots=True)
class Dropped:
    """The job was never done: the queue was full."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The model raised this."""

    error: Exception


@dataclass(eq=False)
class Job(Generic[T]):
    """Some work for a model, on behalf of one call."""

    call_id: str
    priority: Priority
    work: Callable[[], T]
    "Blocking; runs in a worker thread."
    done: Callable[[T | Dropped | Failed], None]
    "Runs on the event loop that submitted the job; not called once it or all of the call's were withdrawn."
    _submitted: float = field(default_factory=time.perf_counter)
    _withdrawn: bool = False

    @property
    def wanted(self) -> bool:
        """Whether its result interests anybody still: long work may look now and then, and give up."""
        return not self._withdrawn


class Workers(Protocol):
    """Who does jobs; `ModelWorkers` in production."""

    @property
    def idle(self) -> bool:
        """Whether a job would be begun at once."""

    def submit(self, job: Job[T]) -> None:
        """Queue a job; its `done` is called on the event loop, unless it is withdrawn."""

    def promote(self, job: Job[T], priority: Priority) -> None:
        """Make a job more urgent, if it still waits."""

    def withdraw(self, job: Job[T]) -> None:
        """Forget a job: its result interests nobody any more."""

    def drop_call(self, call_id: str) -> None:
        """Forget everything that was asked for on behalf of a call."""


LATELY_S = 20.0
"Jobs that were begun longer ago than this say nothing about now."
LATELY = 9
"So many of the newest do at most,"
ENOUGH = 3
"and at least: the very first may have met a cold model."


BEHIND_LOOP = 5
"Niceness of a worker's thread: on a busy core its result may be late, the event loop may not."


class ModelWorkers:
    """Threads that serve one model. `async with` starts them and waits for their end."""

    def __init__(self, model: str, threads: int = 1, bound: int = 64) -> None:
        self._model = model
        self._bound = bound
        self._queue: list[Job[Any]] = []
        self._running: set[Job[Any]] = set()
        self._lately: deque[tuple[float, Load]] = deque(maxlen=LATELY)
        "The newest, with the time each was begun."
        # Guards the collections above between the event loop and the worker threads.
        self._changed = threading.Condition()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads = [
            threading.Thread(target=self._serve, name=f"{model}-{n}", daemon=True) for n in range(threads)
        ]

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    @property
    def load(self) -> Load:
        """How long jobs that a turn waits for waited and took lately."""
        now = time.perf_counter()
        with self._changed:
            waiting = [now - job._submitted for job in self._queue if job.priority < Priority.PARTIAL]
            lately = [load for begun, load in self._lately if now - begun <= LATELY_S]
        if len(lately) < ENOUGH:
            lately = [Load()]
        waited = statistics.median(load.waited_s for load in lately)
        return Load(max([waited, *waiting]), statistics.median(load.worked_s for load in lately))

    @property
    def idle(self) -> bool:
        """Whether a job would be begun at once."""
        with self._changed:
            return len(self._queue) + len(self._running) < len(self._threads)

    def submit(self, job: Job[T]) -> None:
        """Queue a job. A full queue drops its least urgent one, perhaps this one (`done(Dropped())`)."""
        with self._changed:
            self._queue.append(job)
            victim = self._least_urgent() if len(self._queue) > self._bound else None
            if victim is not None:
                self._queue.remove(victim)
            self._changed.notify()
            DEPTH.labels(self._model).set(len(self._queue))
        if victim is not None:
            DROPPED.labels(self._model, victim.priority.name.lower()).inc()
            self._report(victim, Dropped())

    def promote(self, job: Job[T], priority: Priority) -> None:
        """Make a job more urgent, if it still waits."""
        with self._changed:
            job.priority = min(job.priority, priority)

    def withdraw(self, job: Job[T]) -> None:
        """Forget a job: its result interests nobody any more."""
        with self._changed:
            job._withdrawn = True
            if job in self._queue:
                self._queue.remove(job)
            DEPTH.labels(self._model).set(len(self._queue))

    def drop_call(self, call_id: str) -> None:
        """Forget everything that was asked for on behalf of a call."""
        with self._changed:
            for job in [*self._queue, *self._running]:
                job._withdrawn = job._withdrawn or job.call_id == call_id
            self._queue = [job for job in self._queue if not job._withdrawn]
            DEPTH.labels(self._model).set(len(self._queue))

    def _least_urgent(self) -> Job[Any]:
        return max(self._queue, key=lambda job: (job.priority, -self._queue.index(job)))

    def _serve(self) -> None:
        if sys.platform == "linux":  # elsewhere threads have no niceness of their own
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.nice(0) + BEHIND_LOOP)
        while (job := self._next()) is not None:
            begun = time.perf_counter()
            priority = job.priority.name.lower()
            WAIT.labels(self._model, priority).observe(begun - job._submitted)
            result: object
            try:
                result = job.work()
            except Exception as error:  # the outermost loop of a worker: one bad job must not end it
                log.exception("model job failed", model=self._model)
                result = Failed(error)
            worked = time.perf_counter() - begun
            WORK.labels(self._model, priority).observe(worked)
            if job.priority < Priority.PARTIAL:
                self._note(begun, Load(begun - job._submitted, worked))
            self._hand_back(job, result)

    def _note(self, begun: float, load: Load) -> None:
        with self._changed:
            self._lately.append((begun, load))

    def _next(self) -> Job[Any] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if self._closing:
                return None
            job = min(self._queue, key=lambda job: job.priority)
            self._queue.remove(job)
            self._running.add(job)
            DEPTH.labels(self._model).set(len(self._queue))
            return job

    def _hand_back(self, job: Job[Any], result: object) -> None:
        with self._changed:
            self._running.discard(job)
            if self._closing or self._loop is None:
                return
        self._loop.call_soon_threadsafe(self._report, job, result)

    def _report(self, job: Job[Any], result: object) -> None:
        if not job._withdrawn:
            job.done(result)
