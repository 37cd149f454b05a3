"""Keeps a library current while people edit its folder: an edit is live within five seconds, no restart.

Relies on looking at the files' stamps once a second, which works on every kind of disk, network and container
mount; notifications of the operating system do not. Looking and rebuilding happen in worker threads.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

import structlog

from knowledge.ingest import Stamp, stamp_folder
from knowledge.library import Library
from knowledge.problem import Problem, Severity

LOOK_EVERY_S: Final = 1.0
PATIENCE: Final = 2
"""Looks to wait for a folder that changes at every look, as during a copy, before reading it as it is."""
RETRY_AFTER_S: Final = 30.0
"""The wait after a refresh that failed, so that a broken model does not fill the log."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class InThread(Protocol):
    """Runs a blocking function where it holds nobody up, as `asyncio.to_thread` does."""

    async def __call__(self, work: Callable[..., T], /, *arguments: Any) -> T:
        """What `work` returns or raises."""
        ...


async def keep_current(library: Library, in_thread: InThread = asyncio.to_thread) -> None:
    """Refresh `library` at once and then after every change of its folder, until cancelled.

    A change is taken up when two looks see the same, so that a half-written file is seldom read. Every new
    problem is logged once; `library.problems()` holds those of the moment. A failure keeps the index.
    """
    taken: Stamp | None = None
    seen: Stamp | None = None
    reported: frozenset[Problem] = frozenset()
    restless = 0
    while True:
        stamp = await in_thread(stamp_folder, library.folder)
        restless = restless + 1 if stamp != taken else 0
        if stamp != taken and (taken is None or stamp == seen or restless > PATIENCE):
            taken = stamp if await _refreshed(library, in_thread) else None
            reported = _reported(library.problems(), reported)
            restless = 0
        seen = stamp
        await asyncio.sleep(RETRY_AFTER_S if taken is None else LOOK_EVERY_S)


async def _refreshed(library: Library, in_thread: InThread) -> bool:
    try:
        await in_thread(library.refresh)
    except Exception:  # the worker's outermost loop: the edition that we have is better than none
        _log.exception("knowledge_refresh_failed", folder=str(library.folder))
        return False
    _log.info(
        "knowledge_refreshed",
        articles=len(library.articles()),
        passages=len(library.index),
        problems=len(library.problems()),
    )
    return True


def _reported(problems: tuple[Problem, ...], before: frozenset[Problem]) -> frozenset[Problem]:
    """Log the problems that are new, and give what need not be logged again."""
    for problem in problems:
        if problem not in before:
            log = _log.error if problem.severity is Severity.ERROR else _log.warning
            log("knowledge_article_problem", path=problem.path, line=problem.line, problem=problem.message)
    return frozenset(problems)
