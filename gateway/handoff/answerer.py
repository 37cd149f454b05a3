"""The agent, and what changes in its answers where people can be brought in.

Without anybody there a wish for a person is answered as the agent answers it: it writes a note and says so.
With somebody there the note is not needed, and the handoff says what happens next. While a customer waits, or
is told what else there is, words like "never mind" or "call me back" are their choice and nothing else. Who
wants to be called and whose number we do not know is asked for one first.

Nothing is begun here: a handoff begins when the fact is in the session's log. So an answer may be drafted and
dropped as ever.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing

from gateway.handoff.choice import choice_of
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.machine import LINED_UP
from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.states import State
from pipelines.answer import Answerer, Basis, Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Fact, HandoffChosen, HandoffRequested, Values

HEARD = 8
"Characters of a question that was cut off, from which on it counts as asked."


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
        choice = choice_of(text, offered=state is State.ALTERNATIVES, waiting=state in LINED_UP)
        before = self._asked_for_number(conversation, turn_id) if state is State.ALTERNATIVES else None
        if choice == "callback" or (before is not None and choice is None):
            for piece in self._call_back(conversation.session_id, text, before):
                yield piece
                if isinstance(piece, Say):
                    return
        elif choice is not None:
            yield Basis("fixed")
            yield HandoffChosen(choice=choice)
            yield Say(self._phrases.understood, complete=True)
            return
        pieces = self._inner.respond(conversation, turn_id, channel)
        assert isinstance(pieces, AsyncGenerator)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
                if isinstance(piece, HandoffRequested) and self._handoffs.somebody_there(piece.skill):
                    yield Basis("fixed")
                    yield Say(self._phrases.looking, complete=True)
                    return

    @property
    def _phrases(self) -> HandoffPhrases:
        return self._handoffs.house.phrases

    def _call_back(self, session_id: str, text: str, before: str | None) -> Iterator[Basis | Fact | Say]:
        """A call that the customer wants, or the question for a number; nothing if it is something else.

        `before`: what they had said when they were asked for a number; None: they were not.
        """
        house, contact = self._handoffs.house, self._handoffs.of(session_id)
        assert contact is not None, "they are offered it"
        known = self._handoffs.briefing(session_id).who.claims.get("caller") if before is None else None
        wanted = house.arranges.wanted_call(f"{before or ''} {text}", contact.queue, known)
        if wanted.number is not None:
            yield Basis("fixed")
            yield HandoffChosen(choice="callback", pii=Values(values=wanted.values()))
            yield Say(self._phrases.understood, complete=True)
        elif wanted.said_another or before is None:
            yield Basis("fixed")
            question = self._phrases.other_number if wanted.said_another else self._phrases.ask_number
            yield Say(question, complete=True)

    def _asked_for_number(self, conversation: Conversation, turn_id: str) -> str | None:
        """What the customer had said before, if our last words were the question for a number."""
        turns = conversation.turns
        place = next((n for n, turn in enumerate(turns) if turn.turn_id == turn_id), 0)
        question = next((n for n in range(place - 1, -1, -1) if turns[n].party == "bot"), None)
        if question is None or not self._is_question(turns[question].text):
            return None
        said = [turn.text for turn in turns[:question] if turn.party == "customer"]
        return said[-1] if said else ""

    def _is_question(self, text: str) -> bool:
        questions = (self._phrases.ask_number, self._phrases.other_number)
        return len(text) >= HEARD and any(question.startswith(text) for question in questions)

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
