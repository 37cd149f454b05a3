"""What a customer's turn asks of us, as values: the only language between understanding and deciding. [core]

Commands carry values and so personal data; `label` gives the form without them, for facts and logs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a workflow, perhaps with slots that were given along with it."""

    workflow: str
    slots: tuple[tuple[str, str], ...] = ()
    "Values said in the same breath, in order."


@dataclass(frozen=True, slots=True)
class Fill:
    """A value for a slot of the workflow under way."""

    slot: str
    value: str


@dataclass(frozen=True, slots=True)
class Correct:
    """The customer takes back a value and gives another ("no, I meant 10523")."""

    slot: str
    value: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """We asked for a slot and what came is no value for it."""

    slot: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Leave the workflow under way."""


@dataclass(frozen=True, slots=True)
class Affirm:
    """Yes."""


@dataclass(frozen=True, slots=True)
class Deny:
    """No."""


@dataclass(frozen=True, slots=True)
class Clarify:
    """We did not understand: ask back, between these workflows where there is a guess."""

    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for the articles."""

    question: str


@dataclass(frozen=True, slots=True)
class Chat:
    """Something no workflow and no article covers: for the tool loop."""

    text: str


@dataclass(frozen=True, slots=True)
class HandOff:
    """The customer wants a person."""

    reason: str = "customer_asked"


@dataclass(frozen=True, slots=True)
class Courtesy:
    """A word that wants only a word back."""

    kind: Literal["greet", "thanks", "bye"]


Command = (
    Start | Fill | Correct | Unclear | Cancel | Affirm | Deny | Clarify | Ask | Chat | HandOff | Courtesy
)


@dataclass(frozen=True, slots=True)
class Understanding:
    """The commands of one turn, who found them, and how sure that is."""

    commands: tuple[Command, ...]
    by: Literal["rules", "classifier", "model"]
    confidence: float
    "0 to 1."


_NAMES = {HandOff: "hand_off", Courtesy: "courtesy"}


def label(command: Command) -> str:
    """`start(refund)`, `fill(order_id)`, `ask`: what it is, never a value."""
    name = _NAMES.get(type(command), type(command).__name__.lower())
    match command:
        case Start(workflow=detail) | Fill(slot=detail) | Correct(slot=detail) | Unclear(slot=detail):
            return f"{name}({detail})"
        case Courtesy(kind=kind):
            return kind
        case _:
            return name


def labels(commands: Sequence[Command]) -> list[str]:
    """`label` of each, in order."""
    return [label(command) for command in commands]
