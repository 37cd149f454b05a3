"""What the bot does for the person who talks with a customer: the seam between the agent and the desk.

An advisor never speaks to the customer and changes nothing unless it is told to (`run_tool`), and then
through the same gate as ever. Whoever asks keeps each fact that it yields before asking for the next item,
as with an answer (`pipelines/answer.py`).
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pipelines.briefing import Briefing
from pipelines.briefing_parts import Glossary
from pipelines.conversation import Conversation
from pipelines.facts import Channel, Cited, Fact, Suggestion
from tools.tool import Colleague, ToolResult


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer to a colleague's question; no customer sees it."""

    text: str
    citations: tuple[Cited, ...] = ()
    "Articles that it rests on."
    turns: tuple[str, ...] = ()
    "Turns that it quotes."
    known: bool = True
    "False: neither the contact nor the articles have it, and `text` says so."


@dataclass(frozen=True, slots=True)
class DeskTool:
    """A tool that somebody at the desk may run."""

    tool: str
    description: str
    effect: Literal["read", "attempt", "write"]
    parameters: Mapping[str, Any]
    "JSON schema of the arguments."


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A colleague's wish to run a tool."""

    request_id: str
    "The same id again is the same wish: a change is made once."
    tool: str
    arguments: Mapping[str, Any]
    "Untrusted."
    colleague: Colleague
    confirmed: bool = True
    "False: only say what would be done (refused with `not_confirmed` if it could be)."


class Advisor(Protocol):
    """Whoever knows the articles, the workflows and the tools."""

    @property
    def glossary(self) -> Glossary:
        """The words that a briefing needs."""
        ...

    def suggest(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncIterator[Suggestion]:
        """What could be said to the customer's turn, which is in the conversation; often nothing.

        Changes nothing and states no fact. Ends within its own deadline; a dependency that is down means
        nothing is suggested.
        """
        ...

    async def ask(self, conversation: Conversation, briefing: Briefing, question: str) -> Advice:
        """Answer a colleague's own question from the contact and the articles.

        `briefing` as their role may see it. Never fails for a dependency's sake.
        """
        ...

    def tools(self, role: str) -> tuple[DeskTool, ...]:
        """What somebody of this role may run at the desk."""
        ...

    def run_tool(self, conversation: Conversation, request: ToolRequest) -> AsyncIterator[Fact | ToolResult]:
        """Run a tool for the customer: facts before and after, and the result as the last item.

        Between a `ToolCalled` with effect `write` and its `ToolFinished` it must not be closed.
        """
        ...

    async def summarize(self, briefing: Briefing) -> str | None:
        """The briefing in a model's words; None if there is no model, it is slow, or it says anything else.

        Takes seconds: nobody may wait for it.
        """
        ...
