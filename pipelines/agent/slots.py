"""Turns the values in a customer's words into commands for the workflow they belong to. [core]

Relies on `values` to find them. What was said before counts too: "cancel it" means the order just spoken of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.agent import rules
from pipelines.agent.commands import Affirm, Ask, Command, Correct, Deny, Fill, Start
from pipelines.agent.definition import Definition, SlotKind, VerifyStep
from pipelines.agent.position import YES_NO, Position
from pipelines.agent.values import Known, find_values

_ANYTHING: tuple[SlotKind, ...] = ("words", "digits")
"Kinds that do not tell what a value is for."


@dataclass(frozen=True, slots=True)
class Heard:
    """What there is to understand."""

    text: str
    position: Position
    verified: bool


class Slots:
    """The slots of a definition's workflows."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition

    def filled(self, heard: Heard) -> list[Fill | Correct]:
        """Values for the workflow under way, or the one that ended last, or any."""
        position = heard.position
        workflow = position.workflow or (position.last.workflow if position.last else None)
        before, corrects = _before(position), rules.corrects(heard.text)
        return [
            Correct(slot, value) if corrects and slot in before else Fill(slot, value)
            for slot, value in self.values(heard, workflow).items()
        ]

    def start(self, heard: Heard, workflow: str) -> Start:
        """The beginning of a workflow with the values said along with it or pointed at."""
        values = self.values(heard, workflow)
        steps = self._definition.workflows[workflow].steps
        keys = {step.verify for step in steps if isinstance(step, VerifyStep)}
        if rules.refers_back(heard.text):
            before = _before(heard.position)
            values |= {key: before[key] for key in keys if key in before and key not in values}
        return Start(workflow, tuple(values.items()))

    def with_the_rest(self, heard: Heard, commands: Sequence[Command]) -> list[Command]:
        """The commands; values in no part of their own ("… my ZIP is 60614") go to the first start."""
        starts = [command for command in commands if isinstance(command, Start)]
        if not starts:
            return list(commands)
        taken = {value for start in starts for _, value in start.slots}
        given = dict(starts[0].slots)
        for slot, value in self.values(heard, starts[0].workflow).items():
            if slot not in given and value not in taken:
                given[slot] = value
        first = Start(starts[0].workflow, tuple(given.items()))
        return [first if command is starts[0] else command for command in commands]

    def beside(self, heard: Heard, commands: Sequence[Command]) -> list[Command]:
        """The answer to our open question that came along with a question of the customer's."""
        if any(isinstance(command, Start) for command in commands) or not heard.position.awaiting:
            return []
        if heard.position.awaiting not in YES_NO:
            return list(self.filled(heard))
        answer = rules.answer_in_front(heard.text)
        if answer == "yes" and any(isinstance(command, Ask) for command in commands):
            return [Affirm()]
        return [Deny()] if answer == "no" else []

    def values(self, heard: Heard, workflow: str | None) -> dict[str, str]:
        """The values in the words, by slot. Free words and bare digits fill one only if we asked for it."""
        definition, position = self._definition, heard.position
        slots = definition.slots_of(workflow) if workflow else definition.identity.slots
        before = _before(position)
        known = Known(
            awaiting=self.awaited(position),
            order_given="order_id" in before,
            proof_tried=definition.identity.proof in before or position.attempts > 0,
            corrects=rules.takes_back(heard.text),
            verified=heard.verified,
        )
        found = find_values(heard.text, slots, known)
        return {n: v for n, v in found.items() if slots[n].kind not in _ANYTHING or n == position.awaiting}

    def awaited(self, position: Position) -> SlotKind | None:
        """The kind of value we asked for."""
        if position.workflow is None or position.awaiting in (None, *YES_NO):
            return None
        slot = self._definition.slots_of(position.workflow).get(str(position.awaiting))
        return slot.kind if slot else None


def part_of(heard: Heard, text: str) -> Heard:
    """The same for a part of the words."""
    return replace(heard, text=text)


def _before(position: Position) -> dict[str, str]:
    """Values given earlier."""
    last = dict(position.last.slots) if position.last else {}
    return {**last, **(position.slots if position.workflow else {})}
