"""Where a conversation stands in its workflows: a value, written as a fact and read back from it. [core]"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pipelines.agent.definition import AskStep, ConfirmStep, Definition, Slot, VerifyStep
from pipelines.conversation import WorkflowState
from pipelines.facts import Values, WorkflowChanged

OFFER = "offer_person"
"The workflow's name in facts while we wait for an answer to the offer of a person."
GO_ON = "go_on"
"The same while we wait for an answer to whether what a cut-off call was about shall go on."
OFFERS = frozenset((OFFER, GO_ON))
"No workflows of the definition."
PERSON = "person"
RESUMPTION = "resumption"
CONFIRMATION = "confirmation"
YES_NO = frozenset((CONFIRMATION, PERSON, RESUMPTION))
"What is awaited is a yes or a no."
_THEN = "then"
"Key of the values where the things still to do stand."


@dataclass(frozen=True, slots=True)
class Pending:
    """Something asked for that comes later, or that ended last."""

    workflow: str
    slots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Position:
    """Where we stand. What a fact does not keep lives for one turn only."""

    workflow: str | None = None
    awaiting: str | None = None
    "A slot, or one of `YES_NO`."
    attempts: int = 0
    slots: Mapping[str, str] = field(default_factory=dict)
    then: tuple[Pending, ...] = ()
    last: Pending | None = None
    "The workflow that ended last, so that a late correction can mend it."
    step: int = 0
    "Index of the workflow's step we stand at."
    confirmed: bool = False
    "This very turn said yes to the question directly before it. Never read from a fact."
    question_heard: bool = True
    "Our last words were not cut off, so a yes can be one to our question."
    results: Mapping[str, Any] = field(default_factory=dict)
    "Fields of this turn's tool results, for sentences."

    @classmethod
    def begin(cls, workflow: str, slots: Mapping[str, str], then: tuple[Pending, ...] = ()) -> "Position":
        """At the first step of a workflow."""
        return cls(workflow, slots=dict(slots), then=then)

    @classmethod
    def of(
        cls,
        state: WorkflowState | None,
        definition: Definition,
        *,
        question_heard: bool = True,
        results: Mapping[str, Any] | None = None,
    ) -> "Position":
        """As the conversation's newest workflow fact says. A workflow the definition lost has ended."""
        if state is None:
            return cls()
        slots = {key: str(value) for key, value in state.slots.items() if key != _THEN}
        if state.workflow in OFFERS:
            awaiting = PERSON if state.workflow == OFFER else RESUMPTION
            return cls(awaiting=awaiting, slots=slots) if state.state == "active" else cls()
        if state.workflow not in definition.workflows:
            return cls()
        if state.state != "active":
            return cls(last=Pending(state.workflow, slots))
        return cls(
            state.workflow,
            state.awaiting,
            state.attempts,
            slots,
            _then(state, definition),
            step=_step(definition, state.workflow, state.awaiting),
            question_heard=question_heard,
            results=dict(results or {}),
        )

    def changed(
        self, state: Literal["active", "done", "cancelled", "failed", "refused"], asked: Slot | None = None
    ) -> WorkflowChanged:
        """This position as a fact; `asked`: the slot that is awaited."""
        values: dict[str, Any] = dict(self.slots)
        if self.then:
            values[_THEN] = [{"workflow": each.workflow, "slots": dict(each.slots)} for each in self.then]
        return WorkflowChanged(
            workflow=self.workflow or (GO_ON if self.awaiting == RESUMPTION else OFFER),
            state=state,
            awaiting=self.awaiting if state == "active" else None,
            digits=asked.length if asked else None,
            secret=asked is not None and asked.secret,
            attempts=self.attempts,
            pii=Values(values=values),
        )

    def without(self, lost: Callable[[str], bool]) -> "Position":
        """Without values that are lost: back at the first step, which asks for them again."""
        kept, last = _kept(self.slots, lost), self.last
        then = tuple(Pending(each.workflow, _kept(each.slots, lost)) for each in self.then)
        last = Pending(last.workflow, _kept(last.slots, lost)) if last else None
        if len(kept) == len(self.slots):
            return replace(self, then=then, last=last)
        return replace(self, slots=kept, then=then, last=last, step=0, awaiting=None)

    def ended(self) -> "Position":
        """Nothing is under way any more; what comes later still does."""
        last = Pending(self.workflow, self.slots) if self.workflow else self.last
        return Position(then=self.then, last=last)

    def differs(self, other: "Position") -> bool:
        """Whether a fact of this position would say something else."""
        if self.workflow is None and self.awaiting is None:
            return False
        return self._kept() != other._kept()

    def _kept(self) -> tuple[Any, ...]:
        """What a fact keeps."""
        return self.workflow, self.awaiting, self.attempts, self.slots, self.then


def _kept(slots: Mapping[str, str], lost: Callable[[str], bool]) -> dict[str, str]:
    return {slot: value for slot, value in slots.items() if not lost(value)}


def _then(state: WorkflowState, definition: Definition) -> tuple[Pending, ...]:
    found = state.slots.get(_THEN)
    return tuple(
        Pending(each["workflow"], each["slots"])
        for each in (found if isinstance(found, list) else ())
        if each["workflow"] in definition.workflows
    )


def _step(definition: Definition, workflow: str, awaiting: str | None) -> int:
    """The step whose question is open; the first one if none is."""
    for place, step in enumerate(definition.workflows[workflow].steps):
        match step:
            case AskStep(ask=slot) if slot == awaiting:
                return place
            case VerifyStep(verify=key) if awaiting in (key, definition.identity.proof):
                return place
            case ConfirmStep() if awaiting == CONFIRMATION:
                return place
    return 0
