"""An `Answerer` that plays what a test tells it, piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from pipelines.answer import Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for a while."""

    seconds: float


Step = Piece | Pause | Exception
Script = Callable[[str], list[Step]]
"What to play for a customer's words."


def echo(words: str) -> list[Step]:
    return [Say("You said: "), Say(words)]


class ScriptedAnswerer:
    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.asked: list[str] = []
        "The customer's words of each turn, in the order they were asked."
        self.closed_early = 0
        self.prepared_for: list[str] = []
        "Words so far of turns under way; none between turns."
        self.forgotten: list[str] = []
        self.seen: list[Conversation] = []

    async def respond(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncIterator[Piece]:
        words = next(t.text for t in conversation.turns if t.turn_id == turn_id)
        self.asked.append(words)
        self.seen.append(conversation)
        try:
            for step in self.script(words):
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        except (asyncio.CancelledError, GeneratorExit):
            self.closed_early += 1
            raise

    def greeting(self, channel: Channel) -> str:
        return "Hello."

    def sayings(self) -> Sequence[str]:
        return ()

    async def warm(self) -> None:
        pass

    async def listen(self, conversation: Conversation, words: str) -> None:
        self.prepared_for.append(words)

    def forget(self, session_id: str) -> None:
        self.forgotten.append(session_id)
