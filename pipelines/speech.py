"""Shared model workers: one instance of each model does the work of all calls, in threads of its own.

Models release the interpreter lock while they compute, so threads serve; the event loop only hands over
work and takes back results. The queue is bounded. Finals go before eager finals before partials; when
it is full, the least urgent job is dropped first, the oldest of those. Every job names the call it is
for; a call that ends takes its jobs with it. Relies on threading and prometheus-client.
"""

import asyncio
import threading
import time
from collections.abc import Callable
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
    "Runs on the event loop that submitted the job; not called once the call's jobs were dropped."
    _submitted: float = field(default_factory=time.perf_counter)
    _withdrawn: bool = False


class Workers(Protocol):
    """Who does jobs; `ModelWorkers` in production."""

    def submit(self, job: Job[T]) -> None:
        """Queue a job; its `done` is called on the event loop, unless it is withdrawn."""

    def promote(self, job: Job[T], priority: Priority) -> None:
        """Make a job more urgent, if it still waits."""

    def withdraw(self, job: Job[T]) -> None:
        """Forget a job: its result interests nobody any more."""

    def drop_call(self, call_id: str) -> None:
        """Forget everything that was asked for on behalf of a call."""


class ModelWorkers:
    """Threads that serve one model. `async with` starts them and waits for their end."""

    def __init__(self, model: str, threads: int = 1, bound: int = 64) -> None:
        self._model = model
        self._bound = bound
        self._queue: list[Job[Any]] = []
        self._running: set[Job[Any]] = set()
        # Guards the two collections above between the event loop and the worker threads.
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
            WORK.labels(self._model, priority).observe(time.perf_counter() - begun)
            self._hand_back(job, result)

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
