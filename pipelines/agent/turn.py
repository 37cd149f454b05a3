"""The answer to one turn while it is made: understand, decide, act, say.

Relies on the runner's promise that each fact is stored and applied to the conversation before the next piece
is asked for, so a verified identity or a tool's result is in the conversation when the next step looks.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from knowledge.embedding import EmbeddingUnavailable
from pipelines.agent.actions import Actions, Tools, values_of
from pipelines.agent.commands import labels
from pipelines.agent.definition import Definition, Spoken
from pipelines.agent.grounded import Grounded
from pipelines.agent.language_model import ModelUnavailable
from pipelines.agent.pace import Pace
from pipelines.agent.position import Position
from pipelines.agent.slots import Heard
from pipelines.agent.steps import Answer, Converse, Decision, Returned, Step, Tell, Transfer, Use
from pipelines.agent.tool_loop import ToolLoop, Wish
from pipelines.agent.understand import Understander
from pipelines.agent.wording import render
from pipelines.agent.workflow import decide, offer_person, proceed
from pipelines.answer import Basis, Filler, Piece, Say
from pipelines.conversation import Conversation, WorkflowState
from pipelines.facts import Channel, Cited, HandoffRequested, Trouble, Unavailable, Understood
from pipelines.secret import PLACEHOLDER
from tools.tool import ToolResult

Source = Literal["workflow", "knowledge", "model", "fixed"]
NOTE_TURNS = 6
"A note for a colleague holds so many of the customer's last turns."
NOTE_CHARACTERS = 2000
UNKNOWN_PACE_S = 0.5
"A model whose pace is not known yet gets so long for its first words before a filler is said."
_RANK: tuple[Source, ...] = ("fixed", "model", "knowledge", "workflow")
"Of several makers of an answer, the last of these is named."


@dataclass(frozen=True, slots=True)
class Parts:
    """What every turn of an agent uses."""

    definition: Definition
    understander: Understander
    grounded: Grounded
    tools: Tools
    clock: Callable[[], float]
    "Unix time in seconds."
    tool_loop: ToolLoop | None
    "None without a model."
    pace: Pace = field(default_factory=Pace)
    "The model's."


class TurnAnswer:
    """Makes the pieces of one answer."""

    def __init__(self, parts: Parts, conversation: Conversation, turn_id: str, channel: Channel) -> None:
        self._parts = parts
        self._phrases = parts.definition.phrases
        self._conversation = conversation
        self._turn_id = turn_id
        self._channel: Channel = channel
        self._actions = Actions(parts.tools, parts.clock, conversation, turn_id)
        self._standing = conversation.standing(turn_id)
        self._position = _position(conversation, self._standing.workflow, parts.definition)
        self._basis = Basis("fixed")
        self._told: Basis | None = None
        self._spoken = False
        self._uncovered = False
        self.confirmed = False
        "Whether the customer said yes to the tool call under way: else a change is only being judged."
        self._reference: str | None = None
        "Of the note for a colleague, once it is written."

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The whole answer. Ends with an honest sentence if a part of us is not available."""
        try:
            verified = self._standing.identity is not None
            heard = Heard(self._text(), self._position, verified)
            understood = await self._parts.understander.understand(heard)
            yield Understood(
                turn_id=self._turn_id,
                commands=labels(understood.commands),
                by=understood.by,
                confidence=round(understood.confidence, 3),
            )
            definition = self._parts.definition
            decision = decide(definition, self._position, understood.commands, verified=verified)
            async with aclosing(self._carry_out(decision)) as pieces:
                async for piece in pieces:
                    yield piece
        except (EmbeddingUnavailable, Unavailable) as error:
            code = error.code if isinstance(error, ModelUnavailable) else "agent_unavailable"
            yield Trouble(code=code, message="A part of the agent is not available.", retry=True)
            for piece in self.give_up():
                yield piece

    def say(self, line: Spoken, **values: Any) -> Iterator[Piece]:
        """A sentence of the definition."""
        source: Source = "fixed" if any(line == known for _, known in self._phrases.lines()) else "workflow"
        yield from self._say(render(line, values, self._channel), source)

    def give_up(self) -> Iterator[Piece]:
        """Say that we cannot answer now, and offer a person if nothing else is open."""
        yield from self.say(self._phrases.late)
        yield from self._offer("agent_unavailable")

    # --- steps -------------------------------------------------------------------------------------

    async def _carry_out(self, decision: Decision) -> AsyncGenerator[Piece, None]:
        """Do the steps; what a tool or the model brings leads to further ones until none are left."""
        following: Decision | None = decision
        while following is not None:
            self._position = following.position
            steps, following = following.steps, None
            for step in steps:
                async with aclosing(self._do(step)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Decision):
                            following = piece
                        else:
                            yield piece
                if following is not None:
                    break
        if self._uncovered:
            for piece in self._offer("not_covered"):
                yield piece

    async def _do(self, step: Step) -> AsyncGenerator[Piece | Decision, None]:
        inner: AsyncGenerator[Piece | Decision, None] | None = None
        match step:
            case Tell(line, values):
                told = {**values, "reference": self._reference} if self._reference else values
                for piece in self.say(line, **told):
                    yield piece
            case Answer(question):
                inner = self._answer(question)
            case Converse():
                inner = self._converse()
            case Transfer(reason, skill):
                inner = self._transfer(reason, skill)
            case Use():
                inner = self._use(step)
            case fact:
                yield fact
        if inner is not None:
            async with aclosing(inner) as items:
                async for item in items:
                    yield item

    async def _answer(self, question: str) -> AsyncGenerator[Piece | Decision, None]:
        """Answer from the articles, or say that they do not have it."""
        finding = await self._parts.grounded.find(question)
        if not finding.covered:
            self._uncovered = True
            for piece in self.say(self._phrases.not_covered):
                yield piece
            return
        if self._parts.grounded.phrases(finding):
            for filler in self._filler():
                yield filler
        async with aclosing(
            self._parts.grounded.answer(finding, self._channel, self._conversation.session_id)
        ) as pieces:
            async for piece in pieces:
                if isinstance(piece, Basis):
                    self._cite(piece.citations)
                elif isinstance(piece, Say):
                    for said in self._say(piece.text, "knowledge"):
                        yield said
                else:
                    yield piece

    async def _converse(self) -> AsyncGenerator[Piece | Decision, None]:
        """Let the model answer; what it wants done is decided as if the customer had asked for it."""
        if self._parts.tool_loop is None:
            self._uncovered = True
            for piece in self.say(self._phrases.not_covered):
                yield piece
            return
        for filler in self._filler():
            yield filler
        clock = asyncio.get_running_loop().time
        asked: float | None = clock()
        answer = self._parts.tool_loop.answer(self._conversation, self._actions, self._channel)
        async with aclosing(answer) as pieces:
            async for each in pieces:
                if isinstance(each, Say):
                    if asked is not None:
                        self._parts.pace.began(clock() - asked)
                        asked = None
                    for said in self._say(each.text, "model"):
                        yield said
                elif isinstance(each, Wish):
                    definition, commands = self._parts.definition, [each.command]
                    yield decide(definition, self._position, commands, verified=self._verified)
                else:
                    yield each

    async def _use(self, step: Use) -> AsyncGenerator[Piece | Decision, None]:
        """Call a tool and decide on its result."""
        self.confirmed = step.confirmed
        secrets = self._conversation.secrets
        use = self._actions.use(step.tool, step.arguments, confirmed=step.confirmed, secrets=secrets)
        async with aclosing(use) as items:
            async for item in items:
                if isinstance(item, ToolResult):
                    yield proceed(
                        self._parts.definition, self._position, _returned(item), verified=self._verified
                    )
                else:
                    yield item

    async def _transfer(self, reason: str, skill: str) -> AsyncGenerator[Piece | Decision, None]:
        """Ask for a person, and write down for them what the customer wants: it outlives the session."""
        yield HandoffRequested(reason=reason, skill=skill)
        note = self._parts.definition.note
        if note is None:
            return
        said = [turn.text for turn in self._conversation.turns if turn.party == "customer"]
        message = "\n".join(said[-NOTE_TURNS:])[-NOTE_CHARACTERS:]
        # Asking for a person, or saying yes to one, is the customer's yes to this effect.
        self.confirmed = True
        use = self._actions.use(
            note.use, {"subject": f"{note.subject} ({reason})", "message": message}, confirmed=True
        )
        async with aclosing(use) as items:
            async for item in items:
                if not isinstance(item, ToolResult):
                    yield item
                elif item.receipt is not None:
                    self._reference = item.receipt.receipt_id

    # --- small parts -------------------------------------------------------------------------------

    @property
    def _verified(self) -> bool:
        return self._conversation.identity is not None

    def _text(self) -> str:
        return next(turn.text for turn in self._conversation.turns if turn.turn_id == self._turn_id)

    def _say(self, text: str, source: Source) -> Iterator[Piece]:
        if not text:
            return
        self._basis = Basis(max(self._basis.source, source, key=_RANK.index), self._basis.citations)
        if self._basis != self._told:
            self._told = self._basis
            yield self._basis
        yield Say(f" {text}" if self._spoken else text, complete=True)
        self._spoken = True

    def _filler(self) -> Iterator[Piece]:
        """What may be said until the model's first words come; another one than the last time."""
        lines, slow = self._phrases.thinking, self._parts.pace.is_slow
        if self._channel == "voice" and lines and not self._spoken and slow is not False:
            said = [turn.text for turn in reversed(self._conversation.turns) if turn.party == "bot"]
            began = [
                place for text in said for place, line in enumerate(lines) if text.startswith(line.voice)
            ]
            line = lines[(began[0] + 1) % len(lines) if began else 0]
            yield Filler(render(line, {}, "voice"), 0.0 if slow else UNKNOWN_PACE_S)

    def _cite(self, citations: tuple[Cited, ...]) -> None:
        """Keep the passages that the answer rests on, each once; the next words carry them."""
        known = {each.passage_id: each for each in (*self._basis.citations, *citations)}
        self._basis = Basis(self._basis.source, tuple(known.values()))

    def _offer(self, reason: str) -> Iterator[Piece]:
        """Ask whether a person shall take over, unless a question of ours is open already."""
        if self._position.workflow is not None or self._position.awaiting is not None:
            return
        decision = offer_person(self._parts.definition, self._position, reason, "general")
        self._position = decision.position
        for step in decision.steps:
            if isinstance(step, Tell):
                yield from self.say(step.line, **step.values)
            else:
                assert not isinstance(step, Answer | Converse | Use | Transfer)
                yield step


def _returned(result: ToolResult) -> Returned:
    refusal, wish = result.refusal, result.wish
    return Returned(
        outcome=result.outcome.value,
        values=values_of(result),
        code=refusal.code if refusal else "",
        sentence=refusal.sentence if refusal else "",
        offer_person=refusal.offer_person if refusal else False,
        reason=wish.reason if wish else "",
        skill=wish.skill if wish else "",
    )


def _position(conversation: Conversation, state: WorkflowState | None, definition: Definition) -> Position:
    """Where the conversation stands, as its facts say."""
    bot_turns = [turn for turn in conversation.turns if turn.party == "bot"]
    position = Position.of(
        state,
        definition,
        question_heard=not bot_turns or not bot_turns[-1].interrupted,
        results=_results(conversation, state),
    )
    secrets = conversation.secrets
    return position.without(lambda value: bool(PLACEHOLDER.fullmatch(value)) and value not in secrets)


def _results(conversation: Conversation, state: WorkflowState | None) -> dict[str, Any]:
    """What tools have told about the order that the workflow under way is about, for sentences."""
    order_id = state.slots.get("order_id") if state else None
    results: dict[str, Any] = {}
    for use in conversation.tools.values():
        if use.outcome != "failed" and use.arguments.get("order_id", order_id) == order_id:
            results |= use.data
    return results
