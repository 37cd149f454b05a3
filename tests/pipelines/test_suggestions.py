import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import cast

from pipelines.advisor import Advisor
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Fact, Suggestion, Unavailable, Words
from pipelines.suggestions import SUGGESTED, Suggestions
from tests import virtual_time
from tests.pipelines.told import customer


class Thinker:
    """An advisor that only suggests, after some thought."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.closed: list[str] = []
        self.read: list[list[str]] = []

    async def suggest(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncGenerator[Suggestion, None]:
        self.read.append([turn.text for turn in conversation.turns])
        try:
            await asyncio.sleep(self.seconds)
            yield Suggestion(turn_id=turn_id, kind="reply", pii=Words(text=f"{channel} {turn_id}"))
        finally:
            self.closed.append(turn_id)


Scene = Callable[[Suggestions, list[Fact], Conversation], Awaitable[None]]


def play(thinker: Thinker, scene: Scene, fails: bool = False) -> list[Fact]:
    emitted: list[Fact] = []

    async def emit(fact: Fact) -> None:
        if fails:
            raise Unavailable("the store is down")
        emitted.append(fact)

    async def main() -> None:
        suggestions = Suggestions(cast(Advisor, thinker), emit)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(suggestions.run(), name="suggestions")
            await scene(suggestions, emitted, Conversation("s"))
            running.cancel()

    virtual_time.run(main())
    return emitted


def count(end: str) -> float:
    return float(SUGGESTED.labels(end)._value.get())


def said(conversation: Conversation, turn_id: str) -> Conversation:
    conversation.apply(customer(turn_id, f"words of {turn_id}"))
    return conversation


def test_each_turn_gets_its_suggestions() -> None:
    async def scene(suggestions: Suggestions, emitted: list[Fact], conversation: Conversation) -> None:
        for turn_id in ("c1", "c2"):
            suggestions.turn_finished(said(conversation, turn_id), turn_id, "voice")
            await asyncio.sleep(1)

    before = count("made")
    emitted = play(Thinker(), scene)
    assert [fact.pii.text for fact in emitted if isinstance(fact, Suggestion)] == ["voice c1", "voice c2"]
    assert count("made") == before + 2


def test_a_newer_turn_takes_the_place_of_one_that_is_thought_about_and_of_those_that_wait() -> None:
    async def scene(suggestions: Suggestions, emitted: list[Fact], conversation: Conversation) -> None:
        suggestions.turn_finished(said(conversation, "c1"), "c1", "chat")
        await asyncio.sleep(1)
        for number in range(2, 50):
            suggestions.turn_finished(said(conversation, f"c{number}"), f"c{number}", "chat")
        await asyncio.sleep(10)

    before, thinker = count("superseded"), Thinker(2.0)
    emitted = play(thinker, scene)
    assert [fact.turn_id for fact in emitted if isinstance(fact, Suggestion)] == ["c49"]
    assert thinker.closed == ["c1", "c49"] and count("superseded") == before + 48


def test_it_reads_the_conversation_as_it_was_at_that_turn() -> None:
    async def scene(suggestions: Suggestions, emitted: list[Fact], conversation: Conversation) -> None:
        suggestions.turn_finished(said(conversation, "c1"), "c1", "chat")
        said(conversation, "c2")
        await asyncio.sleep(1)

    thinker = Thinker()
    play(thinker, scene)
    assert thinker.read == [["words of c1"]]


def test_a_desk_that_cannot_be_told_ends_nothing() -> None:
    async def scene(suggestions: Suggestions, emitted: list[Fact], conversation: Conversation) -> None:
        for turn_id in ("c1", "c2"):
            suggestions.turn_finished(said(conversation, turn_id), turn_id, "chat")
            await asyncio.sleep(1)

    thinker = Thinker()
    assert play(thinker, scene, fails=True) == [] and thinker.closed == ["c1", "c2"]


def test_ending_the_contact_ends_what_is_thought_about() -> None:
    async def scene(suggestions: Suggestions, emitted: list[Fact], conversation: Conversation) -> None:
        suggestions.turn_finished(said(conversation, "c1"), "c1", "chat")
        await asyncio.sleep(1)

    thinker = Thinker(60.0)
    assert play(thinker, scene) == [] and thinker.closed == ["c1"]
