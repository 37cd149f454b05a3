"""From a customer's words to commands: rules, then the classifier, then the model, then a question back.

Each stage answers only if it is sure; the next costs more. Values never come from a model: whatever stage
names the intent, slots are filled from the words themselves. Without a model, or while it is down, the
cascade ends one stage earlier and nothing else changes.
"""

from collections.abc import Awaitable, Callable, Sequence

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
    Unclear,
    Understanding,
)
from pipelines.agent.definition import Definition
from pipelines.agent.language_model import LanguageModel, Limits, ModelUnavailable
from pipelines.agent.offload import Offload
from pipelines.agent.position import YES_NO, Position
from pipelines.agent.prompt_texts import UNDERSTAND
from pipelines.agent.slots import Heard, Slots, part_of
from pipelines.agent.values import wish

LIMITS = Limits(first_token_s=1.5, total_s=2.0, tokens=24)
"What a guess of the model may cost; a turn is answered within three seconds, come what may."
_SURE_IN_WORKFLOW = 0.85
"While a question of ours is open, what came is more likely an answer to it than something new."
_POSSIBLE = 0.35
_PLAUSIBLE = 0.4
_LONGEST = 600
"Characters that are classified; values are looked for in all of it."
_FEW_WORDS = 6


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
        self._slots = Slots(definition)
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
        whole = heard.text[:_LONGEST]
        parts = [part for part in rules.clauses(whole)[:4] if wish(part)]
        texts = [whole, *parts] if len(parts) > 1 else [whole]
        ranked = await self._offload(self._classifier.classify, texts)
        return (
            self._several(heard, texts[1:], ranked[1:])
            or await self._rather_a_question(heard, ranked[0][0])
            or self._one(heard, texts, ranked)
            or self._answered_anyway(heard)
            or await self._by_articles(heard, ranked[0])
            or await self._by_model(heard, ranked[0])
            or Understanding(
                (self._question_back(heard.position, ranked[0]),), "classifier", ranked[0][0].confidence
            )
        )

    # --- rules -------------------------------------------------------------------------------------

    def _by_rules(self, heard: Heard) -> Understanding | None:
        text, position = heard.text, heard.position
        if not rules.plain(text):
            return _certain(self._unanswered(position))
        if rules.wants_person(text):
            return _certain(HandOff())
        asked = position.awaiting in YES_NO
        kind = rules.courtesy(text)
        if kind and not (asked and rules.yes_or_no(text)):
            return _certain(Courtesy(kind))
        if asked:
            return self._answer_to_question(heard)
        if position.workflow is None:
            return self._bare_words(heard)
        if rules.leaves(text):
            return _certain(Cancel())
        return self._bare_values(heard)

    def _answer_to_question(self, heard: Heard) -> Understanding | None:
        """Yes or no; None if more was said than that, or something else."""
        workflow = heard.position.workflow
        also_yes = self._definition.workflows[workflow].also_yes if workflow else ()
        answer = rules.yes_or_no(heard.text, also_yes)
        values = self._slots.filled(heard)
        if workflow is None and values and rules.says_more(wish(heard.text), 1):
            return None  # no slot is open, so the values belong to a wish
        rest = rules.rest_after_answer(heard.text)
        if rest and not values and rules.yes_or_no(rest, also_yes) is None:
            return None
        if answer == "yes":
            return _certain(Affirm(), *values)
        if answer == "no":
            return _certain(*values) if values else _certain(Deny())
        if rules.leaves(heard.text):
            return _certain(Cancel())
        # Another value sends us back to look again and to ask again, so taking it is safe.
        return _certain(*values) if values and not rules.is_question(heard.text) else None

    def _bare_words(self, heard: Heard) -> Understanding | None:
        """Nothing is under way: a yes or no to nothing, or a value that stands alone."""
        if _few(heard.text) and (answer := rules.yes_or_no(heard.text)) and not self._slots.filled(heard):
            return _certain(Affirm() if answer == "yes" else Deny())
        values = [] if rules.says_more(wish(heard.text), 1) else self._slots.filled(heard)
        return _certain(*values) if values else None

    def _bare_values(self, heard: Heard) -> Understanding | None:
        """An answer that is little more than the value we asked for."""
        values = self._slots.filled(heard)
        corrected = any(isinstance(command, Correct) for command in values)
        if not corrected and not any(command.slot == heard.position.awaiting for command in values):
            bare = rules.yes_or_no(heard.text) is not None and _few(heard.text)
            return _certain(self._unanswered(heard.position)) if bare else None
        kind = self._slots.awaited(heard.position)
        if kind == "words":
            return None if rules.is_question(heard.text) else _certain(*values)
        return None if kind != "address" and rules.says_more(wish(heard.text), 3) else _certain(*values)

    # --- meaning -----------------------------------------------------------------------------------

    def _several(
        self, heard: Heard, parts: Sequence[str], ranked: Sequence[Sequence[Guess]]
    ) -> Understanding | None:
        """Different wishes in one message; None if the parts do not each say what they want."""
        sure = [
            (part, guesses[0])
            for part, guesses in zip(parts, ranked, strict=True)
            if guesses[0].confidence >= SURE and guesses[0].name != "chat"
        ]
        names = [guess.name for _, guess in sure]
        if len(set(names)) < 2 and names.count("ask") < 2:
            return None
        commands = self._commands(heard, [(part, guess.name) for part, guess in sure])
        return Understanding(commands, "classifier", min(guess.confidence for _, guess in sure))

    def _one(
        self, heard: Heard, texts: Sequence[str], ranked: Sequence[Sequence[Guess]]
    ) -> Understanding | None:
        """One wish that the classifier is sure of: of the whole, or of one part of a long story."""
        whole, *parts = (guesses[0] for guesses in ranked)
        candidates = [(whole, texts[0]), *zip(parts, texts[1:], strict=True)]
        best, words = max(
            (each for each in candidates if each[0] is whole or each[0].name != "chat"),
            key=lambda each: each[0].confidence,
        )
        if best.confidence < (_SURE_IN_WORKFLOW if heard.position.awaiting else SURE):
            return None
        return Understanding(self._commands(heard, [(words, best.name)]), "classifier", best.confidence)

    async def _rather_a_question(self, heard: Heard, best: Guess) -> Understanding | None:
        """A question about what one may do ("can I bring it back if …"), and no wish to do it now."""
        doubtful = best.name in self._definition.workflows and best.confidence < _SURE_IN_WORKFLOW
        if not doubtful or not rules.is_question(heard.text) or self._slots.values(heard, best.name):
            return None
        coverage = await self._covered(heard.text[:_LONGEST])
        return Understanding((Ask(heard.text),), "classifier", coverage) if coverage >= SURE else None

    def _answered_anyway(self, heard: Heard) -> Understanding | None:
        """A yes, a no or a value for the open question, in a sentence whose rest we do not understand."""
        if heard.position.awaiting in YES_NO:
            answer = rules.yes_or_no(heard.text)
            commands: list[Command] = [Affirm()] if answer == "yes" else [Deny()] if answer == "no" else []
        else:
            commands = list(self._slots.filled(heard)) if heard.position.workflow else []
        return Understanding(tuple(commands), "rules", 0.9) if commands else None

    async def _by_articles(self, heard: Heard, guesses: Sequence[Guess]) -> Understanding | None:
        """A question that an article answers, or one that nothing else explains."""
        if not rules.is_question(heard.text):
            return None
        coverage = await self._covered(heard.text[:_LONGEST])
        best = guesses[0]
        # "Do you sell plane tickets?" is about us: the articles know, or nobody does.
        about_us = not rules.speaks_of_self(heard.text) and best.name != "chat"
        nothing_else = about_us or best.name == "ask" or best.confidence < _POSSIBLE
        if coverage >= SURE or (nothing_else and not heard.position.awaiting):
            return Understanding((Ask(heard.text),), "classifier", max(coverage, 1 - best.confidence))
        return None

    async def _by_model(self, heard: Heard, guesses: Sequence[Guess]) -> Understanding | None:
        """The model's choice among the classes; None without it, or if the classifier thinks it absurd."""
        if self._model is None or heard.position.awaiting:
            return None
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
            return None
        # A small model always chooses something; of the workflows only what is likely anyhow is believed.
        likely = {guess.name for guess in guesses[:3] if guess.confidence >= _POSSIBLE}
        if chosen not in {"ask", "chat"} | likely:
            return None
        return Understanding(self._commands(heard, [(heard.text, chosen)]), "model", 0.6)

    # --- commands ----------------------------------------------------------------------------------

    def _commands(self, heard: Heard, wishes: Sequence[tuple[str, str]]) -> tuple[Command, ...]:
        """The wishes as commands, each with the values of its own words."""
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
                    commands.append(self._slots.start(part_of(heard, part), name))
        return (*self._slots.with_the_rest(heard, commands), *self._slots.beside(heard, commands))

    def _question_back(self, position: Position, guesses: Sequence[Guess]) -> Command:
        if position.awaiting:
            return self._unanswered(position)
        workflows = [guess.name for guess in guesses[:2] if guess.name in self._definition.workflows]
        plausible = len(workflows) == 2 and guesses[0].confidence >= _PLAUSIBLE
        return Clarify(tuple(workflows) if plausible else ())

    def _unanswered(self, position: Position) -> Command:
        return Unclear(position.awaiting) if position.awaiting else Clarify()


def understand_prompt(definition: Definition) -> str:
    """What the model is told when it has to choose an intent."""
    workflows = "\n".join(f"{name}: {each.about}" for name, each in definition.workflows.items())
    return UNDERSTAND.format(workflows=workflows)


def _few(text: str) -> bool:
    return len(text.split()) <= _FEW_WORDS


def _certain(*commands: Command | Fill | Correct) -> Understanding:
    return Understanding(commands, "rules", 1.0)
