"""What was said and done in one conversation: a fold of facts, and nothing else.

The agent reads a `Conversation`; whoever runs the agent applies each fact to it. Because it is a pure
fold, a conversation rebuilt from the session log equals the one that was lost with the process. [core]
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.facts import (
    CustomerTurn,
    Fact,
    HandoffRequested,
    HumanTurn,
    IdentityVerified,
    NoteAdded,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Understood,
    WorkflowChanged,
)
from pipelines.secret import Secrets, without_numbers
from tools.tool import Evidence, Identity


@dataclass(frozen=True, slots=True)
class Turn:
    """One party's contribution."""

    turn_id: str
    party: Literal["customer", "bot", "human"]
    text: str
    "For the bot: what was heard or could be read. For a human: also the note with which they handed back."
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """Where a workflow stands."""

    workflow: str
    state: str
    awaiting: str | None
    attempts: int
    slots: Mapping[str, Any]
    digits: int | None = None
    "What is awaited is a number of so many digits."
    secret: bool = False
    "And one that no fact may hold."


@dataclass(frozen=True, slots=True)
class Standing:
    """What a turn is understood and decided by."""

    workflow: WorkflowState | None
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call of this conversation and what came of it."""

    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    outcome: str | None = None
    code: str | None = None
    receipt_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Conversation:
    """Everything the agent may know about one session."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.turns: list[Turn] = []
        self.workflow: WorkflowState | None = None
        "The newest workflow, whatever its state."
        self.identity: Identity | None = None
        self.tools: dict[str, ToolUse] = {}
        "By call id, in order."
        self.handoff: HandoffRequested | None = None
        self.secrets = Secrets()
        "In no fact, so nothing of it survives the process; forgotten when the workflow ends."
        self._answered: set[str] = set()
        self._begun: dict[str, Standing] = {}
        "By turn id: where things stood when its answer began, until that is done."

    def apply(self, fact: Fact) -> None:
        """Fold one fact in; facts that say nothing about state are ignored."""
        match fact:
            case CustomerTurn() | ReplyDone() | HumanTurn() | NoteAdded():
                self._add_turn(fact)
            case Understood():
                self._begun.setdefault(fact.turn_id, Standing(self.workflow, self.identity))
            case WorkflowChanged():
                self._change_workflow(fact)
            case IdentityVerified():
                values = {key: str(value) for key, value in fact.pii.values.items()}
                self.identity = Identity(fact.customer_id, fact.method, values)
            case ToolCalled():
                self.tools[fact.call_id] = ToolUse(fact.call_id, fact.tool, dict(fact.pii.values))
            case ToolFinished():
                asked = self.tools.get(fact.call_id)
                self.tools[fact.call_id] = ToolUse(
                    fact.call_id,
                    fact.tool,
                    asked.arguments if asked else {},
                    fact.outcome,
                    fact.code,
                    fact.receipt_id,
                    dict(fact.pii.values),
                )
            case HandoffRequested():
                self.handoff = fact

    def _add_turn(self, fact: CustomerTurn | ReplyDone | HumanTurn | NoteAdded) -> None:
        match fact:
            case CustomerTurn():
                self.turns.append(Turn(fact.turn_id, "customer", fact.pii.text))
            case ReplyDone():
                self.turns.append(Turn(fact.turn_id, "bot", fact.pii.text, fact.interrupted))
                if fact.answers is not None:
                    self._answered.add(fact.answers)
                    self._begun.pop(fact.answers, None)
            case HumanTurn():
                self._answered.update(turn.turn_id for turn in self.unanswered())
                self.turns.append(Turn(fact.turn_id, "human", fact.pii.text))
            case NoteAdded(purpose="hand_back"):
                self.turns.append(Turn("", "human", fact.pii.text))

    def _change_workflow(self, fact: WorkflowChanged) -> None:
        self.workflow = WorkflowState(
            fact.workflow,
            fact.state,
            fact.awaiting,
            fact.attempts,
            dict(fact.pii.values),
            fact.digits,
            fact.secret,
        )
        if fact.state != "active":
            self.secrets.forget()

    def copy(self) -> "Conversation":
        """Another of its own, equal to this one now: for an answer that may have to be forgotten."""
        other = Conversation(self.session_id)
        other.turns, other.tools = list(self.turns), dict(self.tools)
        other.workflow, other.identity, other.handoff = self.workflow, self.identity, self.handoff
        other.secrets = self.secrets.copy()
        other._answered, other._begun = set(self._answered), dict(self._begun)
        return other

    @classmethod
    def fold(cls, session_id: str, facts: Iterable[Fact]) -> "Conversation":
        """The conversation that these facts, in order, amount to."""
        conversation = cls(session_id)
        for fact in facts:
            conversation.apply(fact)
        return conversation

    def standing(self, turn_id: str) -> Standing:
        """Where things stood before the answer to this turn: now, unless one was begun and never done.

        A restarted server answers such a turn again. It has to read "yes" or "60614" as it did the first
        time, and not as words that follow upon their own effect.
        """
        return self._begun.get(turn_id) or Standing(self.workflow, self.identity)

    @property
    def secret_digits(self) -> int | None:
        """How many digits the secret has that we have asked for; None: we did not."""
        workflow = self.workflow
        return workflow.digits if workflow and workflow.state == "active" and workflow.secret else None

    def withhold(self, text: str) -> str:
        """The customer's new words as they may be told, kept and thought about."""
        return self.secrets.withhold(text, self.secret_digits) if self.secret_digits else text

    def caption(self, text: str) -> str:
        """The words of a turn that is not over, as they may be shown."""
        return without_numbers(text) if self.secret_digits else text

    def unanswered(self) -> list[Turn]:
        """Customer turns without a reply, oldest first: what a restarted server still owes."""
        return [t for t in self.turns if t.party == "customer" and t.turn_id not in self._answered]

    def evidence(self) -> Evidence:
        """What tool arguments may come from."""
        return Evidence(
            said=tuple(t.text for t in self.turns if t.party == "customer"),
            results=tuple(use.data for use in self.tools.values() if use.outcome == "done"),
        )
