"""From a customer's words to commands: rules, then the classifier, then the model, then a question back.

Each stage answers only if it is sure; the next costs more. Values never come from a model: whatever stage
names the intent, slots are filled by `values` from the words themselves. Without a model, or while it is
down, the cascade ends one stage earlier and nothing else changes.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.agent import rules
from pipelines.agent.classifier import SURE, Classifier, Guess
from pipelines.agent.commands import (
    Affirm,
    Ask,
    Cancel,
    Chat,
    Clarify,
    Command,
    Correct,
    Courtesy,
    Deny,
    Fill,
    HandOff,
    Start,
    Unclear,
    Understanding,
)
from pipelines.agent.definition import Definition, SlotKind
from pipelines.agent.model import LanguageModel, Limits, ModelUnavailable
from pipelines.agent.offload import Offload
from pipelines.agent.position import CONFIRMATION, PERSON, Position
from pipelines.agent.prompt_texts import UNDERSTAND
from pipelines.agent.values import Known, find_values

LIMITS = Limits(first_token_s=1.2, total_s=1.8, tokens=24)
"What a guess of the model may cost; a turn is answered within three seconds, come what may."
_SURE_IN_WORKFLOW = 0.85
"While a question of ours is open, what came is more likely an answer to it than something new."
_POSSIBLE = 0.3
_LONGEST = 600
"Characters that are classified; values are looked for in all of it."


@dataclass(frozen=True, slots=True)
class Heard:
    """What there is to understand."""

    text: str
    position: Position
    verified: bool


class Understander:
    """The cascade. `covered` tells how likely an article answers a question, 0 to 1."""

    def __init__(
        self,
        definition: Definition,
        classifier: Classifier,
        offload: Offload,
        covered: Callable[[str], Awaitable[float]],
        model: LanguageModel | None = None,
    ) -> None:
        self._definition = definition
        self._classifier = classifier
        self._offload = offload
        self._covered = covered
        self._model = model

    async def understand(self, heard: Heard) -> Understanding:
        """What the turn asks of us. Never fails for the model's sake.

        Raises:
            Unavailable: the classifier's queue is full.
        """
        by_rules = self._by_rules(heard)
        if by_rules is not None:
            return by_rules
        parts = rules.clauses(heard.text)[:4]
        texts = [heard.text[:_LONGEST], *parts] if len(parts) > 1 else [heard.text[:_LONGEST]]
        ranked = await self._offload(self._classifier.classify, texts)
        return await self._by_meaning(heard, texts, ranked)

    # --- rules -------------------------------------------------------------------------------------

    def _by_rules(self, heard: Heard) -> Understanding | None:
        text, position = heard.text, heard.position
        if not rules.plain(text) and not self._values(heard, position.workflow):
            return _certain(self._unanswered(position))
        if rules.wants_person(text):
            return _certain(HandOff())
        if kind := rules.courtesy(text):
            return _certain(Courtesy(kind))
        if position.awaiting in (CONFIRMATION, PERSON):
            return self._answer_to_question(heard)
        if position.workflow is None:
            return None
        if rules.leaves(text):
            return _certain(Cancel())
        return self._bare_values(heard)

    def _answer_to_question(self, heard: Heard) -> Understanding | None:
        """Yes or no; None if more was said than that, or something else."""
        position = heard.position
        also = self._definition.workflows[position.workflow].also_yes if position.workflow else ()
        answer = rules.yes_or_no(heard.text, also)
        values = self._filled(heard)
        if rules.rest_after_answer(heard.text):
            return None
        if answer == "yes":
            return _certain(Affirm(), *values)
        if answer == "no":
            return _certain(*values) if values else _certain(Deny())
        if rules.leaves(heard.text):
            return _certain(Cancel())
        return _certain(*values) if values and len(heard.text.split()) <= 6 else None

    def _bare_values(self, heard: Heard) -> Understanding | None:
        """An answer that is little more than the value we asked for."""
        values = self._filled(heard)
        awaiting = heard.position.awaiting
        if not any(command.slot == awaiting for command in values):
            if rules.yes_or_no(heard.text) and len(heard.text.split()) <= 4:
                return _certain(self._unanswered(heard.position))
            return None
        kind = self._kind(heard.position)
        if kind == "words":
            return None if rules.is_question(heard.text) else _certain(*values)
        if kind == "address" or not rules.rest_after_answer(heard.text):
            return _certain(*values)
        return None

    # --- meaning -----------------------------------------------------------------------------------

    async def _by_meaning(
        self, heard: Heard, texts: Sequence[str], ranked: Sequence[Sequence[Guess]]
    ) -> Understanding:
        several = self._several(heard, texts[1:], ranked[1:])
        if several is not None:
            return several
        best = ranked[0][0]
        threshold = _SURE_IN_WORKFLOW if heard.position.awaiting else SURE
        if best.confidence >= threshold:
            return Understanding(
                self._commands(heard, [(heard.text, best.name)]), "classifier", best.confidence
            )
        extra = self._answered_anyway(heard)
        if extra:
            return Understanding(tuple(extra), "rules", 0.9)
        coverage = await self._covered(heard.text[:_LONGEST])
        if coverage >= threshold and rules.is_question(heard.text):
            return Understanding((Ask(heard.text),), "classifier", coverage)
        return await self._by_model(heard, ranked[0])

    def _several(
        self, heard: Heard, parts: Sequence[str], ranked: Sequence[Sequence[Guess]]
    ) -> Understanding | None:
        """Different wishes in one message; None if the parts do not each say what they want."""
        wishes = [
            (part, guesses[0].name)
            for part, guesses in zip(parts, ranked, strict=True)
            if guesses[0].confidence >= SURE and guesses[0].name != "chat"
        ]
        if len({name for _, name in wishes}) < 2 and sum(name == "ask" for _, name in wishes) < 2:
            return None
        confidence = min(g[0].confidence for g in ranked if g[0].confidence >= SURE)
        return Understanding(self._commands(heard, wishes), "classifier", confidence)

    def _answered_anyway(self, heard: Heard) -> list[Command]:
        """A yes, a no or a value for the open question, in a sentence whose rest we do not understand."""
        if heard.position.awaiting in (CONFIRMATION, PERSON):
            answer = rules.yes_or_no(heard.text)
            return [Affirm()] if answer == "yes" else [Deny()] if answer == "no" else []
        return list(self._filled(heard)) if heard.position.workflow or heard.position.last else []

    async def _by_model(self, heard: Heard, guesses: Sequence[Guess]) -> Understanding:
        """The model's choice among the classes; without it, a question back."""
        unclear = Understanding(
            (self._question_back(heard.position, guesses),), "classifier", guesses[0].confidence
        )
        if self._model is None or heard.position.awaiting:
            return unclear
        names = [*self._definition.workflows, "ask", "chat"]
        schema = {
            "type": "object",
            "properties": {"intent": {"type": "string", "enum": names}},
            "required": ["intent"],
            "additionalProperties": False,
        }
        messages = [
            {"role": "system", "content": understand_prompt(self._definition)},
            {"role": "user", "content": heard.text[:_LONGEST]},
        ]
        try:
            chosen = str((await self._model.choose(messages, schema, limits=LIMITS)).get("intent"))
        except ModelUnavailable:
            return unclear
        # A small model always chooses; only what the classifier finds possible too is believed.
        likely = {guess.name for guess in guesses[:3] if guess.confidence >= _POSSIBLE / 2}
        if chosen not in names or (chosen not in likely and chosen not in ("ask", "chat")):
            return unclear
        return Understanding(self._commands(heard, [(heard.text, chosen)]), "model", 0.6)

    def _question_back(self, position: Position, guesses: Sequence[Guess]) -> Command:
        if position.awaiting:
            return self._unanswered(position)
        workflows = [g.name for g in guesses[:2] if g.name in self._definition.workflows]
        possible = len(workflows) == 2 and guesses[0].confidence >= _POSSIBLE / 2 and guesses[0].score >= 0.45
        return Clarify(tuple(workflows) if possible else ())

    # --- commands ----------------------------------------------------------------------------------

    def _commands(self, heard: Heard, wishes: Sequence[tuple[str, str]]) -> tuple[Command, ...]:
        """The wishes as commands, each with the values of its own words; the first start gets the rest."""
        commands: list[Command] = []
        for part, name in wishes:
            match name:
                case "ask":
                    commands.append(Ask(part))
                case "chat":
                    commands.append(Chat(part))
                case "hand_off":
                    return (HandOff(),)
                case _:
                    commands.append(self._start(replace(heard, text=part), name))
        return (*self._with_the_rest(heard, commands), *self._answers_beside(heard, commands))

    def _start(self, heard: Heard, workflow: str) -> Start:
        values = self._values(heard, workflow)
        slots = self._definition.workflows[workflow].slots
        needs_order = any(
            getattr(step, "verify", None) == "order_id" for step in self._definition.workflows[workflow].steps
        )
        before = self._before(heard.position)
        if (
            needs_order
            and "order_id" not in values
            and "order_id" in before
            and rules.refers_back(heard.text)
        ):
            values["order_id"] = before["order_id"]
        wanted = {*slots, *self._definition.identity.slots}
        return Start(workflow, tuple((slot, value) for slot, value in values.items() if slot in wanted))

    def _with_the_rest(self, heard: Heard, commands: Sequence[Command]) -> list[Command]:
        """Values that stand in no part of their own ("… my ZIP is 60614") go to the first start."""
        result = list(commands)
        first = next((place for place, each in enumerate(result) if isinstance(each, Start)), None)
        if first is None:
            return result
        start = result[first]
        assert isinstance(start, Start)
        given = dict(start.slots)
        for slot, value in self._values(heard, start.workflow).items():
            taken = any(
                value == other for each in result if isinstance(each, Start) for _, other in each.slots
            )
            if slot not in given and not taken:
                given[slot] = value
        result[first] = Start(start.workflow, tuple(given.items()))
        return result

    def _answers_beside(self, heard: Heard, commands: Sequence[Command]) -> list[Command]:
        """The answer to our open question that came along with a question or a new wish."""
        if any(isinstance(each, Start) for each in commands) or not heard.position.awaiting:
            return []
        if heard.position.awaiting in (CONFIRMATION, PERSON):
            answer = rules.yes_or_no(rules.clauses(heard.text)[0])
            yes = answer == "yes" and any(isinstance(each, Ask) for each in commands)
            return [Affirm()] if yes else [Deny()] if answer == "no" else []
        return list(self._filled(heard))

    def _filled(self, heard: Heard) -> list[Fill | Correct]:
        """Values for the workflow under way or the one that ended last."""
        position = heard.position
        workflow = position.workflow or (position.last.workflow if position.last else None)
        if workflow is None:
            return []
        before = self._before(position)
        corrects = rules.corrects(heard.text)
        return [
            Correct(slot, value) if corrects and slot in before else Fill(slot, value)
            for slot, value in self._values(heard, workflow).items()
        ]

    def _values(self, heard: Heard, workflow: str | None) -> dict[str, str]:
        slots = self._definition.slots_of(workflow) if workflow else self._definition.identity.slots
        known = Known(self._kind(heard.position), "order_id" in self._before(heard.position), heard.verified)
        found = find_values(heard.text, slots, known)
        kind_words = {name for name, slot in slots.items() if slot.kind == "words"}
        return {n: v for n, v in found.items() if n not in kind_words or n == heard.position.awaiting}

    def _before(self, position: Position) -> dict[str, str]:
        """Slots given earlier."""
        return {
            **(position.last.slots if position.last else {}),
            **(position.slots if position.workflow else {}),
        }

    def _kind(self, position: Position) -> SlotKind | None:
        if position.workflow is None or position.awaiting in (None, CONFIRMATION, PERSON):
            return None
        slot = self._definition.slots_of(position.workflow).get(str(position.awaiting))
        return slot.kind if slot else None

    def _unanswered(self, position: Position) -> Command:
        return Unclear(position.awaiting) if position.awaiting else Clarify()


def understand_prompt(definition: Definition) -> str:
    """What the model is told when it has to choose an intent."""
    workflows = "\n".join(f"{name}: {each.about}" for name, each in definition.workflows.items())
    return UNDERSTAND.format(workflows=workflows)


def _certain(*commands: Command) -> Understanding:
    by: Literal["rules"] = "rules"
    return Understanding(commands, by, 1.0)
