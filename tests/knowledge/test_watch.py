import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs

from knowledge.library import Library
from knowledge.watch import LOOK_EVERY_S, RETRY_AFTER_S, keep_current
from tests import virtual_time
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.knowledge.shelf import fill

T = TypeVar("T")
LIVE_WITHIN_S = 5.0
"""The promise: an edit is live within this time."""


async def at_once(work: Callable[..., T], /, *arguments: Any) -> T:
    """In virtual time a real thread would lose against the jumping clock."""
    return work(*arguments)


class Watched:
    """A library under watch, and what a customer would hear."""

    def __init__(self, folder: Path) -> None:
        self.folder = fill(folder / "shelf", returns="## How long?\n\nThirty days.")
        self.library = Library(self.folder, HashedEmbedder())

    def during(self, story: Callable[["Watched"], Any]) -> None:
        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(keep_current(self.library, at_once), name="knowledge watch")
                await asyncio.sleep(0.1)
                await story(self)
                watching.cancel()

        virtual_time.run(main())

    def answer(self) -> str | None:
        matches = self.library.index.search("how long")
        return matches[0].passage.text if matches else None


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_first_look_fills_the_library(watched: Watched) -> None:
    async def story(watched: Watched) -> None:
        assert watched.answer() == "Thirty days."

    watched.during(story)


def test_an_edit_is_live_in_time(watched: Watched) -> None:
    async def story(watched: Watched) -> None:
        fill(watched.folder, returns="## How long?\n\nForty-five days.")
        await asyncio.sleep(LIVE_WITHIN_S)
        assert watched.answer() == "Forty-five days."

    watched.during(story)


def test_a_new_file_and_a_removed_one_are_noticed_in_time(watched: Watched) -> None:
    async def story(watched: Watched) -> None:
        fill(watched.folder, tents="## How long?\n\nThree nights.")
        (watched.folder / "returns.md").unlink()
        await asyncio.sleep(LIVE_WITHIN_S)
        assert watched.answer() == "Three nights."
        (watched.folder / "tents.md").unlink()
        await asyncio.sleep(LIVE_WITHIN_S)
        assert watched.answer() is None

    watched.during(story)


def test_a_file_that_is_still_being_written_is_not_read(watched: Watched) -> None:
    async def story(watched: Watched) -> None:
        refreshes = len(logs)
        (watched.folder / "returns.md").write_text("---\ntitle: half")
        await asyncio.sleep(LOOK_EVERY_S)
        fill(watched.folder, returns="## How long?\n\nForty-five days.")
        await asyncio.sleep(LIVE_WITHIN_S)
        assert watched.answer() == "Forty-five days."
        assert [entry["event"] for entry in logs[refreshes:]] == ["knowledge_refreshed"]

    with capture_logs() as logs:
        watched.during(story)


def test_a_folder_that_never_rests_is_read_all_the_same(watched: Watched) -> None:
    async def story(watched: Watched) -> None:
        for number in range(12):
            fill(watched.folder, returns=f"## How long?\n\n{'Many ' * (number + 1)}days.")
            await asyncio.sleep(LOOK_EVERY_S)
            if number == LIVE_WITHIN_S:
                assert watched.answer() != "Thirty days."

    watched.during(story)


def test_a_broken_article_is_logged_once_and_its_last_version_stays(watched: Watched) -> None:
    async def story(watched: Watched) -> None:
        (watched.folder / "returns.md").write_text("---\ntitle: Returns\ntopics: none\n---\nNo.")
        await asyncio.sleep(LIVE_WITHIN_S)
        assert watched.answer() == "Thirty days."
        assert [problem.path for problem in watched.library.problems()] == ["returns.md"]
        fill(watched.folder, tents="## Rent?\n\nYes.")
        await asyncio.sleep(LIVE_WITHIN_S)

    with capture_logs() as logs:
        watched.during(story)
    errors = [entry for entry in logs if entry["log_level"] == "error"]
    assert errors == [
        {
            "event": "knowledge_article_problem",
            "log_level": "error",
            "path": "returns.md",
            "line": 3,
            "problem": "`topics` must be a list of words, such as [returns, refunds]",
        }
    ]


def test_a_problem_known_before_the_watch_began_is_logged_too(watched: Watched) -> None:
    async def story(_: Watched) -> None:
        pass

    (watched.folder / "bad.md").write_text("bad")
    watched.library.refresh()
    with capture_logs() as logs:
        watched.during(story)
    assert [entry["path"] for entry in logs if entry["log_level"] == "error"] == ["bad.md"]


def test_a_refresh_that_fails_is_tried_again_and_does_not_end_the_watch(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh, calls = watched.library.refresh, list[int]()

    def failing() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise MemoryError
        refresh()

    async def story(watched: Watched) -> None:
        await asyncio.sleep(LIVE_WITHIN_S)
        assert len(calls) == 1
        await asyncio.sleep(2 * RETRY_AFTER_S)
        assert watched.answer() == "Thirty days."

    monkeypatch.setattr(watched.library, "refresh", failing)
    with capture_logs() as logs:
        watched.during(story)
    assert [entry["event"] for entry in logs] == [
        "knowledge_refresh_failed",
        "knowledge_refresh_failed",
        "knowledge_refreshed",
    ]


def test_nothing_is_done_while_nothing_changes(watched: Watched) -> None:
    async def story(_: Watched) -> None:
        await asyncio.sleep(3600)

    with capture_logs() as logs:
        watched.during(story)
    assert len(logs) == 1


def test_cancelling_in_the_middle_of_a_refresh_ends_the_watch_at_once(watched: Watched) -> None:
    async def never(work: Callable[..., T], /, *arguments: Any) -> T:
        await asyncio.sleep(1e9)
        return work(*arguments)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(keep_current(watched.library, never), name="knowledge watch")
            await asyncio.sleep(1)
            watching.cancel()

    virtual_time.run(main())
    assert watched.answer() is None


def test_works_in_real_threads_too(watched: Watched) -> None:
    refreshed = asyncio.Event()

    async def in_thread(work: Callable[..., T], /, *arguments: Any) -> T:
        result = await asyncio.to_thread(work, *arguments)
        if work == watched.library.refresh:
            refreshed.set()
        return result

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(keep_current(watched.library, in_thread), name="knowledge watch")
            await refreshed.wait()
            watching.cancel()

    asyncio.run(main())
    assert watched.answer() == "Thirty days."
