"""The agent as the advisor of a person who talks with a customer (`pipelines/advisor.py`).

A suggestion is the answer that the bot would have begun, made on a copy of the conversation: it may look
things up, and at the first call that does more it ends. What a colleague asks is answered by quoting.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from knowledge.embedding import EmbeddingUnavailable
from pipelines.advisor import Advice as Answered
from pipelines.advisor import DeskTool, ToolRequest
from pipelines.agent.actions import Actions
from pipelines.agent.definition import Phrases
from pipelines.agent.glossary import glossary_of
from pipelines.agent.grounded import Finding, Grounded
from pipelines.agent.recall import recall
from pipelines.agent.retelling import Retelling
from pipelines.agent.rules import is_question
from pipelines.agent.turn import Parts, TurnAnswer
from pipelines.agent.wording import render
from pipelines.answer import Basis, Filler, Say
from pipelines.briefing import Briefing
from pipelines.conversation import Conversation
from pipelines.facts import (
    Channel,
    Cited,
    Fact,
    HandoffRequested,
    Suggestion,
    ToolCalled,
    Trouble,
    Unavailable,
    Words,
)
from tools.tool import Outcome, ToolResult

SUGGEST_S = 3.0
"A suggestion that takes longer comes too late."
ASK_S = 12.0
_LONGEST = 600
"Characters of a question that are looked for."


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the bot would have said."""

    text: str
    basis: Basis


class Advice:
    """Suggests, answers colleagues, runs tools for them. `quick` is the same agent without a model."""

    def __init__(self, parts: Parts, quick: Parts, retelling: Retelling | None) -> None:
        self.glossary = glossary_of(parts.definition)
        self._parts = parts
        self._quick = quick
        self._retelling = retelling

    async def suggest(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncGenerator[Suggestion, None]:
        """See `Advisor.suggest`."""
        made: list[Suggestion] = []
        try:
            async with asyncio.timeout(SUGGEST_S):
                made += await self._suggestions(conversation, turn_id, channel)
        except (TimeoutError, Unavailable, EmbeddingUnavailable):
            pass
        for suggestion in made:
            yield suggestion

    async def ask(self, conversation: Conversation, briefing: Briefing, question: str) -> Answered:
        """See `Advisor.ask`."""
        question = question[:_LONGEST]
        recalled = recall(briefing, conversation.turns, question)
        looked_up = await self._looked_up(question)
        texts = [*recalled.lines, *([looked_up.text] if looked_up else [])]
        if not texts:
            phrase = self._parts.definition.phrases.not_covered
            return Answered(render(phrase, {}, "chat"), known=False)
        return Answered("\n".join(texts), looked_up.basis.citations if looked_up else (), recalled.turns)

    def tools(self, role: str) -> tuple[DeskTool, ...]:
        """See `Advisor.tools`."""
        toolbox = self._parts.tools
        found = []
        for schema in toolbox.schemas(toolbox.at_desk(role)):
            function, effect = schema["function"], toolbox.effect(schema["function"]["name"])
            assert effect is not None  # the toolbox has just named it
            found.append(
                DeskTool(function["name"], function["description"], effect.value, function["parameters"])
            )
        return tuple(found)

    async def run_tool(
        self, conversation: Conversation, request: ToolRequest
    ) -> AsyncGenerator[Fact | ToolResult, None]:
        """See `Advisor.run_tool`."""
        toolbox, colleague = self._parts.tools, request.colleague
        turn_id = f"{colleague.agent_id}.{request.request_id}"
        if (
            toolbox.effect(request.tool) is None
        ):  # its name is anything that somebody sent: state no fact of it
            yield ToolResult(
                turn_id,
                request.tool,
                Outcome.FAILED,
                error="There is no such tool.",
                error_code="unknown_tool",
            )
            return
        actions = Actions(toolbox, self._parts.clock, conversation, turn_id, colleague)
        use = actions.use(request.tool, request.arguments, confirmed=request.confirmed)
        async with aclosing(use) as items:
            async for item in items:
                yield item

    async def summarize(self, briefing: Briefing) -> str | None:
        """See `Advisor.summarize`."""
        return await self._retelling.of(briefing) if self._retelling is not None else None

    # --- suggestions -------------------------------------------------------------------------------

    async def _suggestions(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> list[Suggestion]:
        draft = await self._draft(conversation.copy(), turn_id, channel)
        made = [_suggestion(turn_id, draft)] if draft else []
        said = next(turn.text for turn in conversation.turns if turn.turn_id == turn_id)
        if is_question(said) and not any(each.kind == "answer" for each in made):
            finding = await self._quick.grounded.find(said[:_LONGEST])
            if finding.certain:
                made.append(_suggestion(turn_id, await _told(self._quick.grounded, finding, channel)))
        return made

    async def _draft(self, conversation: Conversation, turn_id: str, channel: Channel) -> _Draft | None:
        """What the bot would say, as far as that has no effect; None if it is nothing of substance."""
        unfit = _fixed(self._parts.definition.phrases, channel)
        said: list[str] = []
        basis = Basis("fixed")
        answer = TurnAnswer(self._quick, conversation, turn_id, channel).pieces()
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                match piece:
                    case Basis():
                        basis = piece
                    case Say(text=text):
                        if basis.source != "fixed" and text.strip() not in unfit:
                            said.append(text)
                    case HandoffRequested() | Trouble():
                        return None  # a person is here already
                    case ToolCalled(effect=effect) if effect != "read":
                        break
                    case Filler():
                        pass
                    case fact:
                        conversation.apply(fact)
        text = "".join(said).strip()
        return _Draft(text, basis) if text else None

    async def _looked_up(self, question: str) -> _Draft | None:
        """What the articles have; in the model's words if it has time."""
        try:
            async with asyncio.timeout(ASK_S):
                finding = await self._parts.grounded.find(question)
                return await _told(self._parts.grounded, finding, "chat") if finding.covered else None
        except (TimeoutError, Unavailable, EmbeddingUnavailable):
            return None


async def _told(grounded: Grounded, finding: Finding, channel: Channel) -> _Draft:
    text, basis = "", Basis("fixed")
    async with aclosing(grounded.answer(finding, channel)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Basis):
                basis = piece
            elif isinstance(piece, Say):
                text += piece.text if not text or piece.text[:1] == " " else f" {piece.text}"
    return _Draft(text.strip(), basis)


def _suggestion(turn_id: str, draft: _Draft) -> Suggestion:
    citations: list[Cited] = list(draft.basis.citations)
    kind = "answer" if draft.basis.source == "knowledge" else "reply"
    return Suggestion(turn_id=turn_id, kind=kind, citations=citations, pii=Words(text=draft.text))  # type: ignore[arg-type]


def _fixed(phrases: Phrases, channel: Channel) -> frozenset[str]:
    """What only a bot says: that it did not understand, that it could get somebody."""
    return frozenset(render(line, {}, channel) for _, line in phrases.lines() if not line.names())
