"""The agent: one `Answerer` for voice and chat, for all sessions of a process.

It keeps nothing between turns: where things stand is read from the conversation, which is a fold of facts.
The answer itself is made by `turn.py`; here it gets its limits in time.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from pipelines.agent.patience import Patience, with_patience
from pipelines.agent.turn import Parts, TurnAnswer
from pipelines.agent.wording import render
from pipelines.answer import Piece
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Trouble


class Agent:
    """Answers customers. `prefill` has the models read what every answer begins with, and never raises."""

    def __init__(
        self,
        parts: Parts,
        patience: Patience,
        prefill: Callable[[], Awaitable[None]],
        shut: Callable[[], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._patience = patience
        self._prefill = prefill
        self._shut = shut

    async def respond(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncGenerator[Piece, None]:
        """See `Answerer.respond`."""
        turn = TurnAnswer(self._parts, conversation, turn_id, channel)

        async def notice() -> AsyncIterator[Piece]:
            yield Trouble(code="answer_slow", message="The answer takes longer than usual.")
            for piece in turn.say(self._parts.definition.phrases.slow):
                yield piece

        async def last_words() -> AsyncIterator[Piece]:
            yield Trouble(code="answer_late", message="The answer did not come in time.", retry=True)
            for piece in turn.give_up():
                yield piece

        answer = with_patience(turn.pieces(), self._patience, notice, last_words)
        async with aclosing(answer):
            async for piece in answer:
                yield piece

    def greeting(self, channel: Channel) -> str:
        """See `Answerer.greeting`."""
        return render(self._parts.definition.greeting, {}, channel)

    async def warm(self) -> None:
        """See `Answerer.warm`."""
        await self._prefill()

    async def close(self) -> None:
        """Close model connections and threads; answers under way end with an honest sentence."""
        await self._shut()
