"""The agent: one `Answerer` for voice and chat, for all sessions of a process.

It keeps nothing between turns: where things stand is read from the conversation, which is a fold of facts.
The answer itself is made by `turn.py`; here it gets its limits in time.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from pipelines.agent.advice import Advice
from pipelines.agent.listening import listen
from pipelines.agent.patience import Patience, with_patience
from pipelines.agent.position import RESUMPTION, Position
from pipelines.agent.sayings import sayings
from pipelines.agent.turn import Parts, TurnAnswer
from pipelines.agent.wording import render
from pipelines.answer import Piece
from pipelines.conversation import Conversation
from pipelines.facts import Channel, ToolCalled, Trouble, WorkflowChanged


class Agent:
    """Answers customers. `prefill` has the models read what every answer begins with, and never raises."""

    def __init__(
        self,
        parts: Parts,
        patience: Patience,
        prefill: Callable[[], Awaitable[None]],
        shut: Callable[[], Awaitable[None]],
        advisor: Advice,
    ) -> None:
        self.advisor = advisor
        "What the same agent does for a person who talks with a customer."
        self._parts = parts
        self._patience = patience
        self._prefill = prefill
        self._shut = shut

    async def respond(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncGenerator[Piece, None]:
        """See `Answerer.respond`."""
        turn = TurnAnswer(self._parts, conversation, turn_id, channel)

        phrases = self._parts.definition.phrases

        async def announce(tool: ToolCalled | None) -> AsyncIterator[Piece]:
            if tool is None:
                yield Trouble(code="answer_slow", message="The answer takes longer than usual.")
                line = phrases.slow
            elif tool.effect == "read":
                line = phrases.looking_up
            else:
                line = phrases.changing if turn.confirmed else phrases.checking
            for piece in turn.say(line):
                yield piece

        async def last_words() -> AsyncIterator[Piece]:
            yield Trouble(code="answer_late", message="The answer did not come in time.", retry=True)
            for piece in turn.give_up():
                yield piece

        patience = self._patience
        if channel == "chat":  # which shows a tool at work by itself
            patience = replace(patience, tool_s=patience.notice_s)
        answer = with_patience(turn.pieces(), patience, announce, last_words)
        async with aclosing(answer):
            async for piece in answer:
                yield piece

    def greeting(self, channel: Channel) -> str:
        """See `Answerer.greeting`."""
        return render(self._parts.definition.greeting, {}, channel)

    def calling_back(self) -> str:
        """What is said first in a call that the customer asked for."""
        return render(self._parts.definition.phrases.calling_back, {}, "voice")

    def welcome_back(self, workflow: str | None, skill: str | None) -> tuple[str, WorkflowChanged | None]:
        """The greeting of somebody whose call was lost, and the fact of the question in it, if there is one.

        `workflow` was under way; `skill`: a person with it was wanted or there. Nothing personal is said:
        who calls is not known yet.
        """
        definition = self._parts.definition
        phrases, known = definition.phrases, definition.workflows
        if skill is not None:
            words, slots = render(phrases.go_on_person, {}, "voice"), {"skill": skill}
        elif workflow is not None and workflow in known:
            words = render(phrases.go_on, {"title": known[workflow].title}, "voice")
            slots = {"workflow": workflow}
        else:
            return render(phrases.cut_off, {}, "voice"), None
        return words, Position(awaiting=RESUMPTION, slots=slots).changed("active")

    def sayings(self) -> Sequence[str]:
        """See `Answerer.sayings`."""
        return [*sayings(self._parts.definition), *self._parts.grounded.quotes("voice")]

    async def warm(self) -> None:
        """See `Answerer.warm`."""
        await self._prefill()

    async def listen(self, conversation: Conversation, words: str) -> None:
        """See `Answerer.listen`."""
        await listen(self._parts, conversation, words)

    def forget(self, session_id: str) -> None:
        """See `Answerer.forget`."""
        if self._parts.tool_loop is not None:
            self._parts.tool_loop.forget(session_id)

    async def close(self) -> None:
        """Close model connections and threads; answers under way end with an honest sentence."""
        await self._shut()
