"""The model's free hand, on a short leash: what neither a workflow nor an article covers.

The model talks and may ask for tools, a bounded number of times. A tool that changes something is never
called from here: the wish becomes the start of the workflow that does it, which asks and confirms as always.
Every call goes through the same gate. Each sentence is checked before it is said: one that claims
a deed without a receipt is replaced, and so is one with a figure that nobody gave.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pipelines.agent.actions import Actions, Tools, values_of
from pipelines.agent.claims import unproven
from pipelines.agent.clauses import Part, spoken_parts
from pipelines.agent.commands import HandOff, Start
from pipelines.agent.definition import Definition, Spoken
from pipelines.agent.figures import unsupported
from pipelines.agent.language_model import LanguageModel, Limits, Message
from pipelines.agent.model_answer import Asked
from pipelines.agent.prompt_texts import CHAT, TOOLS
from pipelines.agent.tool_calls import Wanted
from pipelines.agent.wording import render
from pipelines.answer import Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel
from tools.tool import Effect, Outcome, ToolResult

LIMITS = Limits(first_token_s=6.0, total_s=10.0, tokens=90)
_SENTENCES = {"voice": 2, "chat": 5}
_TURNS = 4
"Earlier turns leave by so many at once: until then each prompt only adds to the one before, which is kept."
_FREE = (Effect.READ, Effect.ATTEMPT)
"Effects that the model may have by itself, past the gate."
_LONGEST = 300
"Characters of an earlier turn that the model is shown."


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How free the model's hand is."""

    tools: tuple[str, ...] = ()
    "Tools the model may ask for. None for a small model: their descriptions alone cost it seconds."
    rounds: int = 3
    calls_a_round: int = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What the model wants done and code decides on."""

    command: Start | HandOff


class ToolLoop:
    """Lets the model answer a turn."""

    def __init__(
        self, definition: Definition, model: LanguageModel, tools: Tools, settings: LoopSettings
    ) -> None:
        self._definition = definition
        self._model = model
        self._tools = tools
        self._settings = settings
        self._schemas = tools.schemas(settings.tools) if settings.tools else []

    async def answer(
        self, conversation: Conversation, actions: Actions, channel: Channel
    ) -> AsyncGenerator[Piece | Wish, None]:
        """What to say and what happened; a `Wish` at the end is for the decider.

        Raises:
            ModelUnavailable: perhaps after some words.
        """
        messages = self._messages(conversation)
        said = 0
        for _ in range(self._settings.rounds):
            wanted: list[Wanted] = []
            async with aclosing(self._parts(messages, wanted, conversation.session_id)) as spoken:
                async for part in spoken:
                    instead = self._instead(part.sentence, messages, conversation)
                    said += part.ends
                    yield Say(part.text if instead is None else render(instead, {}, channel))
                    if instead is not None or said >= _SENTENCES[channel]:
                        return
            if not wanted:
                return
            for call in wanted[: self._settings.calls_a_round]:
                command = self._for_the_decider(call)
                if command is not None:
                    yield Wish(command)
                    return
            async with aclosing(self._call_all(wanted, actions, messages)) as pieces:
                async for piece in pieces:
                    yield piece

    def _instead(
        self, sentence: str, messages: Sequence[Message], conversation: Conversation
    ) -> Spoken | None:
        """What is said in place of a sentence that nothing backs; None if it may be said."""
        if unproven(sentence, _receipts(conversation)):
            return self._definition.phrases.no_receipt
        told = [str(each.get("content")) for each in messages[1:]]
        return self._definition.phrases.not_covered if unsupported(sentence, told) else None

    def opening(self) -> tuple[Message, Sequence[Mapping[str, Any]]]:
        """The first message of every prompt, and the tools that come with it."""
        prompt = TOOLS if self._schemas else CHAT
        return {"role": "system", "content": prompt.format(persona=self._definition.persona)}, self._schemas

    def _messages(self, conversation: Conversation) -> list[Message]:
        roles = {"customer": "user", "bot": "assistant", "human": "assistant"}
        system, _ = self.opening()
        turns = conversation.turns[_begins(len(conversation.turns)) :]
        return [system, *({"role": roles[t.party], "content": self._shown(t.text)} for t in turns)]

    def _shown(self, text: str) -> str:
        """A turn as the model sees it: without the filler it began with, or the model learns to say it."""
        for filler in self._definition.phrases.thinking:
            text = text.removeprefix(f"{filler.voice} ")
        return text[:_LONGEST]

    async def read_ahead(self, conversation: Conversation, words: str) -> None:
        """Have the model read what its next answer will begin with, up to the customer's words so far."""
        # A customer's message closes the chat even if it is empty: servers go on with an assistant's.
        messages = [*self._messages(conversation), {"role": "user", "content": words[:_LONGEST]}]
        await self._model.read_ahead(messages, tools=self._schemas, session_id=conversation.session_id)

    def forget(self, session_id: str) -> None:
        """The session is over."""
        self._model.forget(session_id)

    async def _parts(
        self, messages: Sequence[Message], wanted: list[Wanted], session_id: str
    ) -> AsyncGenerator[Part, None]:
        """The model's words; the tools it asks for are put into `wanted`."""

        async def words() -> AsyncGenerator[str | Asked, None]:
            made = self._model.stream(messages, tools=self._schemas, limits=LIMITS, session_id=session_id)
            async with aclosing(made) as stream:
                async for piece in stream:
                    if isinstance(piece, Asked):
                        wanted.extend(piece.calls)
                    yield piece

        async with aclosing(words()) as stream, aclosing(spoken_parts(stream)) as parts:
            async for part in parts:
                yield part

    def _for_the_decider(self, call: Wanted) -> Start | HandOff | None:
        """The command that a wish for a tool amounts to, where code decides and not the model."""
        if call.tool == "ask_for_person":
            return HandOff()
        for name, workflow in self._definition.workflows.items():
            if call.tool in workflow.write_tools():
                return Start(name)
        return None

    async def _call_all(
        self, wanted: Sequence[Wanted], actions: Actions, messages: list[Message]
    ) -> AsyncGenerator[Piece, None]:
        """Call the tools in order and add what came to the messages."""
        wanted = wanted[: self._settings.calls_a_round]
        ids = [f"call_{len(messages)}_{place}" for place in range(len(wanted))]
        messages.append({"role": "assistant", "content": "", "tool_calls": list(map(_written, ids, wanted))})
        for call_id, call in zip(ids, wanted, strict=True):
            content: Mapping[str, Any] = {"error": "There is no such tool."}
            if call.tool in self._settings.tools and self._tools.effect(call.tool) in _FREE:
                async with aclosing(actions.use(call.tool, call.arguments)) as facts:
                    async for fact in facts:
                        if isinstance(fact, ToolResult):
                            content = _for_the_model(fact)
                        else:
                            yield fact
            messages.append(
                {"role": "tool", "tool_call_id": call_id, "content": json.dumps(content, default=str)}
            )


def _begins(turns: int) -> int:
    """The first of so many turns that the model is shown: it sees the last 5 to 8."""
    return max(0, (turns - 1) // _TURNS - 1) * _TURNS


def _receipts(conversation: Conversation) -> set[str]:
    return {use.tool for use in conversation.tools.values() if use.receipt_id is not None}


def _written(call_id: str, call: Wanted) -> Message:
    function = {"name": call.tool, "arguments": json.dumps(dict(call.arguments), default=str)}
    return {"id": call_id, "type": "function", "function": function}


def _for_the_model(result: ToolResult) -> Mapping[str, Any]:
    match result.outcome:
        case Outcome.DONE:
            return values_of(result)
        case Outcome.REFUSED:
            return {"refused": result.refusal.sentence if result.refusal else "Policy does not allow it."}
        case _:
            return {"error": result.error or "The service could not do it."}
