"""Keeps a library current while people edit its folder: an edit is live within five seconds, no restart.

Relies on looking at the files' stamps once a second, which works on every kind of disk, network and container
mount; notifications of the operating system do not. Looking and rebuilding happen in worker threads.
"""

import asyncio
from typing import Final

import structlog

from knowledge.article import Problem, Severity
from knowledge.ingest import Stamp, stamp_folder
from knowledge.library import Library

LOOK_EVERY_S: Final = 1.0
PATIENCE: Final = 2
"""Looks to wait for a folder that changes at every look, as during a copy, before reading it as it is."""
RETRY_AFTER_S: Final = 30.0
"""The wait after a refresh that failed, so that a broken model does not fill the log."""

_log = structlog.get_logger(__name__)


async def keep_current(library: Library) -> None:
    """Refresh `library` at once and then after every change of its folder, until cancelled.

    A change is taken up when two looks see the same, so that a half-written file is seldom read. Every new
    problem is logged once; `library.problems()` holds those of the moment. A failure keeps the index as it is.
    """
    taken: Stamp | None = None
    seen: Stamp | None = None
    restless = 0
    while True:
        stamp = await asyncio.to_thread(stamp_folder, library.folder)
        restless = restless + 1 if stamp != taken else 0
        if stamp != taken and (taken is None or stamp == seen or restless > PATIENCE):
            taken = stamp if await _refreshed(library) else None
            restless = 0
        seen = stamp
        await asyncio.sleep(RETRY_AFTER_S if taken is None else LOOK_EVERY_S)


async def _refreshed(library: Library) -> bool:
    known = frozenset(library.problems())
    try:
        await asyncio.to_thread(library.refresh)
    except Exception:  # the worker's outermost loop: the edition that we have is better than none
        _log.exception("knowledge_refresh_failed", folder=str(library.folder))
        return False
    _log.info(
        "knowledge_refreshed",
        articles=len(library.articles()),
        passages=len(library.index),
        problems=len(library.problems()),
    )
    for problem in library.problems():
        if problem not in known:
            _report(problem)
    return True


def _report(problem: Problem) -> None:
    log = _log.error if problem.severity is Severity.ERROR else _log.warning
    log("knowledge_article_problem", path=problem.path, line=problem.line, problem=problem.message)
