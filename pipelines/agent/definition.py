"""The agent as data: who it is, what it does for whom, and every sentence it says of its own.

Strict: an unknown key, a step that names no slot, a placeholder that nothing fills is refused when the file
is read, not when a customer is on the line. `definition_file.py` reads the YAML and gives errors their lines.
"""

import re
import string
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pipelines.keypad import OPERATOR, KeyChoices
from pipelines.secret import FEWEST

SlotKind = Literal["order_id", "zip", "digits", "email", "address", "words"]
FIVE = 5
"Digits of an order's number and of a ZIP code, as `tools.evidence` reads them."
FORMATS = ("", "id", "money", "date")
"What may follow the colon of a placeholder; `wording.py` renders them for eye and ear."
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_MARKDOWN = re.compile(r"[*#`]|^\s*[-•]\s|\n", re.MULTILINE)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _one_for_both(value: Any) -> Any:
    return {"voice": value, "chat": value} if isinstance(value, str) else value


class Spoken(_Strict):
    """One sentence in its two forms."""

    voice: str = Field(min_length=1)
    "Heard: short, no markdown, no lists."
    chat: str = Field(min_length=1)
    "Read."

    @field_validator("voice")
    @classmethod
    def _speakable(cls, text: str) -> str:
        if _MARKDOWN.search(text):
            raise ValueError("what is spoken has no markdown, no lists and no line breaks")
        return text

    @field_validator("voice", "chat")
    @classmethod
    def _well_formed(cls, text: str) -> str:
        for _, how in placeholders(text):
            if how not in FORMATS:
                raise ValueError(f"a placeholder ends in {':' + how!r}; known are :id, :money and :date")
        return text

    def names(self) -> set[str]:
        """The placeholders in either form."""
        return {name for text in (self.voice, self.chat) for name, _ in placeholders(text)}


Line = Annotated[Spoken, BeforeValidator(_one_for_both)]
"In YAML one string for both channels, or `voice` and `chat`."


def _said(text: str) -> Spoken:
    """The usual words of a sentence that a definition need not have."""
    return Spoken(voice=text, chat=text)


def placeholders(text: str) -> Iterator[tuple[str, str]]:
    """Name and format of each placeholder; raises ValueError for a broken one."""
    for _, name, how, _ in string.Formatter().parse(text):
        if name is not None:
            if not _NAME.match(name):
                raise ValueError(f"{{{name}}} is no placeholder; write {{name}} or {{name:format}}")
            yield name, how or ""


def _simple_to_cases(value: Any) -> Any:
    return value if isinstance(value, dict) and "by" in value else {"otherwise": value}


class Cases(_Strict):
    """A sentence chosen by the value of one field of the result."""

    by: str | None = None
    cases: Mapping[str, Line] = {}
    otherwise: Line

    def lines(self) -> list[Spoken]:
        """Every form it may take."""
        return [*self.cases.values(), self.otherwise]


Outcome = Annotated[Cases, BeforeValidator(_simple_to_cases)]


class Slot(_Strict):
    """A value that the customer gives."""

    kind: SlotKind
    digits: int | None = Field(default=None, ge=FEWEST, le=32)
    "How many a number of kind `digits` has."
    secret: bool = False
    "A PIN or the like: it reaches the tool's argument and stands nowhere else."
    ask: Line
    again: Line
    "When what came was no such value."

    @model_validator(mode="after")
    def _number_has_a_length(self) -> Self:
        if (self.kind == "digits") != (self.digits is not None):
            raise ValueError("a slot of kind digits says how many `digits`, and no other does")
        if self.secret and self.kind != "digits":
            raise ValueError("only a slot of kind digits can be secret")
        return self

    @property
    def length(self) -> int | None:
        """How many digits the value has, if it is a number."""
        return FIVE if self.kind in ("order_id", "zip") else self.digits


class AskStep(_Strict):
    """Ask for a slot that is still empty."""

    ask: str


class VerifyStep(_Strict):
    """Have the customer prove who they are, once per session, by this slot and the proof slot."""

    verify: str


class UseStep(_Strict):
    """Call a tool."""

    use: str
    given: Mapping[str, str] = {}
    "Argument to slot."
    gives: tuple[str, ...] = ()
    "Fields of the result or the receipt that sentences may name."
    effect: Literal["read", "write"] = "read"


class ConfirmStep(_Strict):
    """Ask before the effect; nothing after it runs without a yes directly after this sentence."""

    confirm: Line


Step = AskStep | VerifyStep | UseStep | ConfirmStep


class Sentences(_Strict):
    """What a workflow says when it ends."""

    done: Outcome
    refused: Mapping[str, Line] = {}
    "By refusal code; without one, the refusal's own sentence is said."
    failed: Line
    declined: Line
    "The customer said no to the confirmation, or cancelled."


class Workflow(_Strict):
    """Something the agent does for a customer, step by step."""

    about: str
    "Fits into `Do you want to …?`."
    title: str
    "Fits into `Back to …`."
    kin: str | None = None
    "Workflows of the same kin are near enough that we do not ask back which one was meant."
    skill: str = "general"
    "Which people can take over."
    examples: tuple[str, ...] = Field(min_length=5)
    "Sentences that begin it."
    slots: Mapping[str, Slot] = {}
    steps: tuple[Step, ...] = Field(min_length=1)
    also_yes: tuple[str, ...] = ()
    "Words that say yes to this workflow's confirmation, besides the usual ones; lower case."
    say: Sentences

    @model_validator(mode="after")
    def _steps_make_sense(self) -> Self:
        verified, before = False, None
        for step in self.steps:
            verified |= isinstance(step, VerifyStep)
            writes = isinstance(step, UseStep) and step.effect == "write"
            if writes and not (verified and isinstance(before, ConfirmStep)):
                raise ValueError("a step that writes needs verify somewhere and confirm directly before it")
            if isinstance(before, ConfirmStep) and not writes:
                raise ValueError("confirm must stand directly before a step that writes")
            before = step
        if isinstance(before, ConfirmStep) or sum(isinstance(s, ConfirmStep) for s in self.steps) > 1:
            raise ValueError("a workflow confirms at most once, and its last step is none that confirms")
        return self

    def write_tools(self) -> frozenset[str]:
        """The tools of this workflow that change something."""
        return frozenset(s.use for s in self.steps if isinstance(s, UseStep) and s.effect == "write")


class Identity(_Strict):
    """How a customer proves who they are."""

    tool: str
    proof: str
    "The slot that only the customer knows, besides the one named in a `verify` step."
    given: Mapping[str, str]
    "Argument to slot; a call gets the proof and the slot of its `verify` step."
    slots: Mapping[str, Slot]
    mismatch: Line


class Phrases(_Strict):
    """What is said outside any one workflow."""

    greet: Line
    thanks: Line
    bye: Line
    nothing_more: Line
    "After a no to nothing in particular."
    handing_off: Line
    "With {reference} if a note for a colleague could be written (`note`)."
    offer_person: Line
    "A question."
    person_declined: Line
    too_many_tries: Line
    not_covered: Line
    "No article answers; followed by `offer_person`."
    clarify: Line
    clarify_between: Line
    "With {first} and {second}."
    resume: Line
    "With {title}; followed by the open question."
    leaving: Line
    "With {title}: the customer began something else."
    next: Line
    "With {title}: now the second thing that was asked for."
    which: Line
    "Nothing is going on and a bare value came."
    thinking: tuple[Line, ...] = (
        _said("Let me think."),
        _said("Let me see."),
        _said("One moment, let me think."),
    )
    "Said in turn while a slow model makes up its first words; none: silence."
    slow: Line
    "Nothing has been said for a while."
    looking_up: Line
    "A tool that reads takes its time."
    checking: Line
    "A tool that proves something, or judges a change, takes its time."
    changing: Line
    "A tool that makes the change takes its time: the customer has said yes to it."
    late: Line
    "Gave up; followed by `offer_person`."
    no_receipt: Line
    "In place of a sentence that claims what was not done; followed by `offer_person`."
    quote: Line
    "With {passage}: instead of an answer in own words."
    go_on: Line = _said(
        "Hello again. We were talking about {title} when we were cut off. Shall we go on with it?"
    )
    "With {title}: the greeting of somebody whose call was lost and who calls again. Name nothing personal."
    go_on_person: Line = _said("Hello again. We were cut off. Shall I get a colleague for you?")
    "The same for somebody who was in line or with a person."
    cut_off: Line = _said("Hello again. We were cut off. How can I help you?")
    "The same where nothing was going on."
    calling_back: Line = _said("Hello. You asked us to call you back, and that is why I am calling.")
    "What we say first in a call that a customer asked for: who calls, and why."

    def lines(self) -> Iterator[tuple[str, Spoken]]:
        """Each sentence, with the name that it has in a definition."""
        for name in type(self).model_fields:
            said: Spoken | tuple[Spoken, ...] = getattr(self, name)
            for line in said if isinstance(said, tuple) else (said,):
                yield name, line


_PHRASE_VALUES = {
    "handing_off": {"reference"},
    "clarify_between": {"first", "second"},
    "resume": {"title"},
    "leaving": {"title"},
    "next": {"title"},
    "quote": {"passage"},
    "go_on": {"title"},
}


class Note(_Strict):
    """What is written down for a colleague when the customer wants a person."""

    use: str
    "A tool that takes `subject` and `message` and gives a receipt."
    subject: str = Field(max_length=80)


class Examples(_Strict):
    """Sentences that begin no workflow."""

    ask: tuple[str, ...] = Field(min_length=5)
    "Questions that articles answer."
    hand_off: tuple[str, ...] = Field(min_length=5)
    "Wishes for a person."
    chat: tuple[str, ...] = Field(min_length=5)
    "Anything else."


Key = Annotated[str, Field(pattern="^[0-9]$")]
Utterance = Annotated[str, Field(min_length=1, max_length=200)]


class Keys(_Strict):
    """What a telephone key by itself says. `0` asks for a person, always."""

    menu: Mapping[Key, Utterance] = {}
    "While nothing is asked: words as a customer would say them, e.g. `Where is my order?`."
    yes: Key | None = None
    "While we ask yes or no; the confirmations may then say so."
    no: Key | None = None

    @model_validator(mode="after")
    def _keys_are_free(self) -> Self:
        if OPERATOR in (*self.menu, self.yes, self.no):
            raise ValueError(f"the key {OPERATOR} asks for a person")
        if self.yes is not None and self.yes == self.no:
            raise ValueError("yes and no are the same key")
        return self

    def choices(self) -> KeyChoices:
        """The same, for a call."""
        answers = {key: word for key, word in ((self.yes, "Yes."), (self.no, "No.")) if key is not None}
        return KeyChoices(self.menu, answers)


class Definition(_Strict):
    """One agent."""

    name: str
    persona: str = Field(max_length=400)
    "Begins every prompt; each word costs time."
    greeting: Line
    phrases: Phrases
    note: Note | None = None
    "None: a wish for a person is stated as a fact, and nothing is written down."
    identity: Identity
    keypad: Keys = Keys()
    examples: Examples
    workflows: Mapping[str, Workflow] = Field(min_length=1)

    @field_validator("phrases")
    @classmethod
    def _phrases_fill(cls, phrases: Phrases) -> Phrases:
        for name, line in phrases.lines():
            _demand_known(line, _PHRASE_VALUES.get(name, set()), f"phrases.{name}")
        return phrases

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        for name, workflow in self.workflows.items():
            if not _NAME.match(name):
                raise ValueError(f"{name!r} is no workflow name: lower case, digits, underscores")
            self._check_workflow(name, workflow)
        return self

    def slots_of(self, workflow: str) -> Mapping[str, Slot]:
        """A workflow's slots, those of identity included."""
        return {**self.identity.slots, **self.workflows[workflow].slots}

    def _check_workflow(self, name: str, workflow: Workflow) -> None:
        slots = self.slots_of(name)
        if self.identity.proof not in self.identity.slots:
            raise ValueError(f"identity.proof names {self.identity.proof!r}, which is none of its slots")
        known = {slot for slot, each in slots.items() if not each.secret}
        for place, step in enumerate(workflow.steps):
            where = f"workflows.{name}.steps.{place}"
            for slot in _slots_named(step):
                if slot not in slots:
                    raise ValueError(f"{where} names the slot {slot!r}, which is not defined")
            if isinstance(step, UseStep):
                known |= set(step.gives)
            elif isinstance(step, ConfirmStep):
                effect = workflow.steps[place + 1]
                # The gate previews the effect, so the question may name what it will give.
                preview = set(effect.gives) if isinstance(effect, UseStep) else set()
                _demand_known(step.confirm, known | preview, where)
        self._check_sentences(name, workflow, known)

    def _check_sentences(self, name: str, workflow: Workflow, known: set[str]) -> None:
        say, where = workflow.say, f"workflows.{name}.say"
        if say.done.by is not None and say.done.by not in known:
            raise ValueError(f"{where}.done goes by {say.done.by!r}, which nothing gives")
        for line in [*say.done.lines(), *say.refused.values(), say.failed, say.declined]:
            _demand_known(line, known, where)


def _slots_named(step: Step) -> Iterator[str]:
    match step:
        case AskStep(ask=slot) | VerifyStep(verify=slot):
            yield slot
        case UseStep(given=given):
            yield from given.values()


def _demand_known(line: Spoken, known: set[str], where: str) -> None:
    if unknown := line.names() - known:
        raise ValueError(f"{where} has the placeholder {{{min(unknown)}}}, which nothing fills")
