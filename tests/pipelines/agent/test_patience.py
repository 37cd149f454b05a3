import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import pytest

from pipelines.agent.patience import Patience, with_patience
from pipelines.answer import Filler, Piece, Say
from pipelines.facts import ToolCalled, ToolFinished
from tests import virtual_time

PATIENCE = Patience(tool_s=0.7, notice_s=2.4, give_up_s=12.0)
CALLED = ToolCalled(turn_id="t", call_id="t.1", tool="request_refund", effect="write")
FINISHED = ToolFinished(turn_id="t", call_id="t.1", tool="request_refund", outcome="done")
READS = ToolCalled(turn_id="t", call_id="t.2", tool="look_up_order", effect="read")
READ = ToolFinished(turn_id="t", call_id="t.2", tool="look_up_order", outcome="done")


async def announce(tool: ToolCalled | None) -> AsyncIterator[Piece]:
    yield Say("One moment." if tool is None else f"A {tool.effect}.")


async def last_words() -> AsyncIterator[Piece]:
    yield Say("Not now.")


def heard(answer: Callable[[], AsyncGenerator[Piece, None]]) -> list[tuple[float, str]]:
    """When what was said or happened, in virtual seconds."""

    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        pieces = with_patience(answer(), PATIENCE, announce, last_words)
        async with aclosing(pieces):
            return [
                (round(loop.time(), 1), piece.text if isinstance(piece, Say) else type(piece).__name__)
                async for piece in pieces
            ]

    return virtual_time.run(main())


def test_a_quick_answer_passes_unchanged() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield Say("a")
        await asyncio.sleep(5)
        yield Say("b")

    assert heard(answer) == [(0, "a"), (5, "b")]


def test_a_slow_answer_is_announced_in_time_and_goes_on() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        await asyncio.sleep(6)
        yield Say("a")

    assert heard(answer) == [(2.4, "One moment."), (6, "a")]


def test_behind_a_filler_a_notice_comes_later() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield Filler("Let me think.")
        await asyncio.sleep(6)
        yield Say("a")

    assert heard(answer) == [(0, "Filler"), (4.4, "One moment."), (6, "a")]


def test_what_an_answer_holds_is_let_go_before_the_last_words() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        try:
            await asyncio.sleep(60)
            yield Say("a")
        finally:
            await asyncio.sleep(0.5)

    assert heard(answer) == [(2.4, "One moment."), (12.5, "Not now.")]


def test_an_answer_that_never_comes_is_given_up_and_cancelled() -> None:
    closed: list[bool] = []

    async def answer() -> AsyncGenerator[Piece, None]:
        try:
            await asyncio.Event().wait()
            yield Say("never")
        finally:
            closed.append(True)

    assert heard(answer) == [(2.4, "One moment."), (12, "Not now.")]
    assert closed == [True]


def test_an_answer_that_stops_in_the_middle_is_given_up_too() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield Say("a")
        await asyncio.Event().wait()

    assert heard(answer) == [(0, "a"), (12, "Not now.")]


def test_a_change_under_way_is_awaited_however_long_it_takes() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield Say("a")
        yield CALLED
        await asyncio.sleep(60)
        yield FINISHED
        yield Say("b")

    assert heard(answer) == [
        (0, "a"),
        (0, "ToolCalled"),
        (0.7, "A write."),
        (60, "ToolFinished"),
        (60, "b"),
    ]


def test_a_tool_that_takes_its_time_is_announced_by_what_it_does() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        await asyncio.sleep(0.1)
        yield READS
        await asyncio.sleep(1)
        yield READ
        yield Say("a")

    assert heard(answer) == [(0.1, "ToolCalled"), (0.8, "A read."), (1.1, "ToolFinished"), (1.1, "a")]


def test_a_quick_tool_is_not_announced() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield READS
        await asyncio.sleep(0.6)
        yield READ
        await asyncio.sleep(1)
        yield Say("a")

    assert heard(answer) == [(0, "ToolCalled"), (0.6, "ToolFinished"), (1.6, "a")]


def test_two_slow_tools_are_announced_once_and_nothing_is_said_of_time_after_that() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield READS
        await asyncio.sleep(2)
        yield READ
        yield CALLED
        await asyncio.sleep(4)
        yield FINISHED
        yield Say("a")

    assert [words for _, words in heard(answer) if not words.startswith("Tool")] == ["A read.", "a"]


def test_after_a_notice_a_tool_is_not_announced() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        await asyncio.sleep(3)
        yield READS
        await asyncio.sleep(2)
        yield READ
        yield Say("a")

    assert [words for _, words in heard(answer) if not words.startswith("Tool")] == ["One moment.", "a"]


def test_words_that_are_still_being_spoken_are_not_spoken_into() -> None:
    sentence = "Sure, I can tell you where that is. " * 2  # some 4.7 s

    async def answer() -> AsyncGenerator[Piece, None]:
        yield Say(sentence)
        yield READS
        await asyncio.sleep(8)
        yield READ
        yield Say("a")

    assert heard(answer) == [
        (0, sentence),
        (0, "ToolCalled"),
        (4.7, "A read."),
        (8, "ToolFinished"),
        (8, "a"),
    ]


def test_a_tool_begins_when_its_call_is_stored() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield READS
        await asyncio.sleep(1)
        yield READ

    async def main() -> None:
        pieces = with_patience(answer(), PATIENCE, announce, last_words)
        async with aclosing(pieces):
            assert await anext(pieces) == READS
            await asyncio.sleep(2)  # the draft waits for the end of the customer's turn
            stored = asyncio.get_running_loop().time()
            assert await anext(pieces) == Say("A read.")
            assert asyncio.get_running_loop().time() - stored == pytest.approx(0.7)

    virtual_time.run(main())


def test_a_tool_that_never_ends_is_given_up_if_it_only_reads() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield READS
        await asyncio.Event().wait()

    assert heard(answer) == [(0, "ToolCalled"), (0.7, "A read."), (12, "Not now.")]


def test_the_next_piece_is_not_made_before_it_is_asked_for() -> None:
    made: list[int] = []

    async def answer() -> AsyncGenerator[Piece, None]:
        for number in range(3):
            made.append(number)
            yield Say(str(number))

    async def main() -> None:
        pieces = with_patience(answer(), PATIENCE, announce, last_words)
        async with aclosing(pieces):
            await anext(pieces)
            await asyncio.sleep(1)
            assert made == [0]

    virtual_time.run(main())


def test_after_a_notice_no_piece_is_made_ahead_either() -> None:
    made: list[str] = []

    async def answer() -> AsyncGenerator[Piece, None]:
        await asyncio.sleep(4)
        made.append("a")
        yield Say("a")
        made.append("b")
        yield Say("b")

    async def main() -> None:
        pieces = with_patience(answer(), PATIENCE, announce, last_words)
        async with aclosing(pieces):
            assert await anext(pieces) == Say("One moment.")
            assert await anext(pieces) == Say("a")
            await asyncio.sleep(1)
            assert made == ["a"]

    virtual_time.run(main())


def test_what_the_answer_raises_reaches_the_consumer_as_it_is() -> None:
    async def answer() -> AsyncGenerator[Piece, None]:
        yield Say("a")
        raise RuntimeError("our own bug")

    with pytest.raises(RuntimeError, match="our own bug"):
        heard(answer)


def test_closing_early_cancels_the_answer() -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def answer() -> AsyncGenerator[Piece, None]:
            try:
                yield Say("a")
                await asyncio.Event().wait()
            finally:
                gone.set()

        pieces = with_patience(answer(), PATIENCE, announce, last_words)
        await anext(pieces)
        await pieces.aclose()
        assert gone.is_set()
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_cancelling_the_consumer_cancels_the_answer_and_stays_a_cancellation() -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def answer() -> AsyncGenerator[Piece, None]:
            try:
                await asyncio.Event().wait()
                yield Say("never")
            finally:
                gone.set()

        async def consume() -> None:
            pieces = with_patience(answer(), PATIENCE, announce, last_words)
            async with aclosing(pieces):
                async for _ in pieces:
                    pass

        async with asyncio.TaskGroup() as tasks:
            consumer = tasks.create_task(consume(), name="consumer")
            await asyncio.sleep(1)
            consumer.cancel()
        assert consumer.cancelled() and gone.is_set()

    virtual_time.run(main())
