"""The agent, and what changes in its answers where people can be brought in.

Without anybody there a wish for a person is answered as the agent answers it: it writes a note and says so.
With somebody there the note is not needed, and the handoff says what happens next. While a customer waits, or
is told what else there is, words like "never mind" or "call me back" are their choice and nothing else.

Nothing is begun here: a handoff begins when the fact is in the session's log. So an answer may be drafted and
dropped as ever.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from gateway.handoff.choice import choice_of
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.machine import LINED_UP
from gateway.handoff.states import State
from pipelines.answer import Answerer, Basis, Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel, HandoffChosen, HandoffRequested


class HandoffAnswerer:
    """An `Answerer` around another."""

    def __init__(self, inner: Answerer, handoffs: Handoffs) -> None:
        self._inner = inner
        self._handoffs = handoffs

    async def respond(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncIterator[Piece]:
        """See `Answerer`."""
        state = self._handoffs.waits(conversation.session_id)
        text = next((turn.text for turn in conversation.turns if turn.turn_id == turn_id), "")
        if choice := choice_of(text, offered=state is State.ALTERNATIVES, waiting=state in LINED_UP):
            yield Basis("fixed")
            yield HandoffChosen(choice=choice)
            yield Say(self._handoffs.house.phrases.understood, complete=True)
            return
        pieces = self._inner.respond(conversation, turn_id, channel)
        assert isinstance(pieces, AsyncGenerator)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
                if isinstance(piece, HandoffRequested) and self._handoffs.somebody_there(piece.skill):
                    yield Basis("fixed")
                    yield Say(self._handoffs.house.phrases.looking, complete=True)
                    return

    def greeting(self, channel: Channel) -> str:
        """See `Answerer`."""
        return self._inner.greeting(channel)

    def sayings(self) -> Sequence[str]:
        """See `Answerer`."""
        return self._inner.sayings()

    async def warm(self) -> None:
        """See `Answerer`."""
        await self._inner.warm()

    async def listen(self, conversation: Conversation, words: str) -> None:
        """See `Answerer`."""
        await self._inner.listen(conversation, words)

    def forget(self, session_id: str) -> None:
        """See `Answerer`."""
        self._inner.forget(session_id)
