"""What a decision is made of: the steps of a turn, and what comes back from a tool. [core]"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.agent.definition import Spoken
from pipelines.agent.position import Position
from pipelines.facts import WorkflowChanged


@dataclass(frozen=True, slots=True)
class Tell:
    """Say a sentence of the definition, filled with values."""

    line: Spoken
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a question from the articles."""

    question: str


@dataclass(frozen=True, slots=True)
class Converse:
    """Let the tool loop answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Use:
    """Call a tool; its result goes to `proceed`."""

    tool: str
    arguments: Mapping[str, str]
    effect: Literal["read", "write"] = "read"
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """Ask the gateway for a person."""

    reason: str
    skill: str


Step = Tell | Answer | Converse | Use | Transfer | WorkflowChanged


@dataclass(frozen=True, slots=True)
class Returned:
    """What came of a `Use`."""

    outcome: Literal["done", "refused", "failed"]
    values: Mapping[str, Any] = field(default_factory=dict)
    "Data and receipt, for sentences."
    code: str = ""
    sentence: str = ""
    "Of a refusal, for the customer."
    offer_person: bool = False
    reason: str = ""
    "For the handoff that a refusal suggests."
    skill: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, in order, and where that leaves us."""

    position: Position
    steps: tuple[Step, ...]

    @property
    def use(self) -> Use | None:
        """The tool call that this decision waits for."""
        last = self.steps[-1] if self.steps else None
        return last if isinstance(last, Use) else None
