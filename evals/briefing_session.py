"""Scripted sessions with what their briefing must hold, how one is played, and how the briefing is judged."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipelines.advisor import ToolRequest
from pipelines.agent.agent import Agent
from pipelines.agent.figures import unsupported
from pipelines.answer import Basis, Filler, Say
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.conversation import Conversation
from pipelines.facts import (
    AnyFact,
    Channel,
    CustomerTurn,
    Fact,
    HandoffRequested,
    HumanTurn,
    IdentityVerified,
    NoteAdded,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Words,
)
from tools.evidence import occurs
from tools.numerals import fold
from tools.tool import Colleague, Evidence

FOLDER = Path(__file__).parent / "briefings"
_FACT: TypeAdapter[Fact] = TypeAdapter(AnyFact)
WITHHELD = "…"
_SPELLED = re.compile(r"\b\d(?: \d)+\b")
"A number as it is spoken."


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunTool(_Strict):
    """A colleague runs a tool."""

    tool: str
    arguments: Mapping[str, str] = {}
    role: Literal["agent", "supervisor"] = "agent"


class Step(_Strict):
    """One thing that happens; exactly one of these."""

    customer: str | None = None
    "The customer's words; the agent answers."
    heard: str | None = None
    "The customer's words while a person talks with them: the agent does not answer."
    human: str | None = None
    note: str | None = None
    "With which a person hands back."
    run: RunTool | None = None
    channel: Channel | None = None
    "They go on there."
    fact: Mapping[str, Any] | None = None
    "A fact as it stands in the log, for what the agent and the shop do not do on demand."


class Expected(_Strict):
    """Every leaf is one fact that must be right."""

    who: Mapping[str, Any] = {}
    why: Mapping[str, Any] = {}
    "`words` may be a part of them."
    facts: tuple[Mapping[str, Any], ...] = ()
    done: tuple[Mapping[str, Any], ...] = ()
    failed: tuple[Mapping[str, Any], ...] = ()
    policy_limits: tuple[Mapping[str, Any], ...] = ()
    promised: tuple[str, ...] = ()
    "A part of each."
    notes: tuple[str, ...] = ()
    sentiment: str | None = None
    language: str | None = None
    open_question: str | None = None
    "A part of it; empty: there is none."
    next_best_action: tuple[str, ...] = ()
    "Parts of it."
    only: tuple[Literal["done", "failed", "policy_limits", "promised", "notes"], ...] = ()
    "There is nothing in these but what is named above."
    not_facts: tuple[str, ...] = ()
    "Keys that no fact has."


class Script(_Strict):
    """One session."""

    name: str
    channel: Channel = "chat"
    steps: tuple[Step, ...] = Field(min_length=1)
    expect: Expected


@dataclass
class Session:
    """A session while it is played."""

    agent: Agent
    channel: Channel
    name: str = "eval"
    facts: list[Fact] = field(default_factory=list)
    watch: Callable[[Fact], None] = lambda fact: None
    "Told of each fact once it is in the log."

    def __post_init__(self) -> None:
        self.conversation = Conversation(self.name)
        self._turns = 0

    async def play(self, steps: Sequence[Step]) -> None:
        """Let it all happen."""
        for step in steps:
            if step.customer is not None:
                await self._answered(self._customer(step.customer))
            elif step.heard is not None:
                self._customer(step.heard)
            elif step.human is not None:
                turn_id, words = f"h{len(self.facts)}", Words(text=step.human)
                self._keep(
                    HumanTurn(turn_id=turn_id, channel=self.channel, agent_id="a_1", agent="Ada", pii=words)
                )
            elif step.note is not None:
                words = Words(text=step.note)
                self._keep(NoteAdded(purpose="hand_back", agent_id="a_1", agent="Ada", pii=words))
            elif step.run is not None:
                await self._run(step.run)
            elif step.channel is not None:
                self.channel = step.channel
            else:
                self._keep(_FACT.validate_python(step.fact))

    def briefing(self) -> Briefing:
        """What the whole log amounts to."""
        fold = BriefingFold(self.agent.advisor.glossary)
        return fold.apply_all(self.facts).briefing()

    def _customer(self, text: str) -> str:
        self._turns += 1
        turn_id = f"c{self._turns}"
        self._keep(CustomerTurn(turn_id=turn_id, channel=self.channel, pii=Words(text=text)))
        return turn_id

    async def _answered(self, turn_id: str) -> None:
        said, basis = "", Basis("fixed")
        async with aclosing(self.agent.respond(self.conversation, turn_id, self.channel)) as pieces:
            async for piece in pieces:
                match piece:
                    case Say(text=text):
                        said += text
                    case Basis():
                        basis = piece
                    case Filler():
                        pass  # nobody waits
                    case fact:
                        self._keep(fact)
        self._keep(
            ReplyDone(
                turn_id=f"r{turn_id[1:]}",
                answers=turn_id,
                source=basis.source,
                citations=list(basis.citations),
                pii=Words(text=said),
            )
        )

    async def _run(self, run: RunTool) -> None:
        colleague = Colleague("a_1", run.role)
        request = ToolRequest(f"q{len(self.facts)}", run.tool, run.arguments, colleague)
        async with aclosing(self.agent.advisor.run_tool(self.conversation, request)) as items:
            async for item in items:
                if isinstance(item, Fact):
                    self._keep(item)

    def _keep(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.conversation.apply(fact)
        self.watch(fact)


def load_scripts(folder: Path = FOLDER) -> list[Script]:
    """All sessions of a folder, in the order of files and lines; raises `pydantic.ValidationError`."""
    return [
        Script.model_validate(each)
        for path in sorted(folder.glob("*.yaml"))
        for each in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def judge(expected: Expected, briefing: Briefing) -> list[tuple[str, bool]]:
    """Every expected fact by name, and whether the briefing has it."""
    return [(name, bool(held)) for name, held in _judged(expected, briefing)]


def _judged(expected: Expected, briefing: Briefing) -> Iterator[tuple[str, Any]]:
    for key, value in expected.who.items():
        yield f"who.{key} is {value!r}", _plain(getattr(briefing.who, key)) == value
    for key, value in expected.why.items():
        found = _plain(getattr(briefing.why, key))
        yield f"why.{key} is {value!r}", value in (found or "") if key == "words" else _holds(found, value)
    yield from _judged_parts(expected, briefing)
    keys = {fact.key for fact in briefing.facts}
    yield from ((f"no fact {key}", key not in keys) for key in expected.not_facts)
    yield from _judged_texts(expected, briefing)
    yield from _judged_sentences(expected, briefing)


def _judged_parts(expected: Expected, briefing: Briefing) -> Iterator[tuple[str, Any]]:
    for group in ("facts", "done", "failed", "policy_limits"):
        parts = [part.model_dump(mode="json") for part in getattr(briefing, group)]
        for wanted in getattr(expected, group):
            # One leaf each: the part must be there, and every field of it counts by itself.
            name = {key: wanted[key] for key in ("key", "tool", "code", "about") if key in wanted}
            nearest = [part for part in parts if all(part.get(key) == value for key, value in name.items())]
            yield f"{group} has {name}", nearest
            for key, value in wanted.items():
                if key not in name:
                    said = f"{group} {name}: {key} is {value!r}"
                    yield said, any(_holds(part.get(key), value) for part in nearest)
        if group in expected.only:
            yield f"{group} has no more", len(parts) == len(getattr(expected, group))


def _judged_texts(expected: Expected, briefing: Briefing) -> Iterator[tuple[str, Any]]:
    for group in ("promised", "notes"):
        texts = [part.text for part in getattr(briefing, group)]
        for words in getattr(expected, group):
            yield f"{group} has {words!r}", any(words in text for text in texts)
        if group in expected.only:
            yield f"{group} has no more", len(texts) == len(getattr(expected, group))


def _judged_sentences(expected: Expected, briefing: Briefing) -> Iterator[tuple[str, Any]]:
    if expected.sentiment is not None:
        yield f"sentiment is {expected.sentiment}", briefing.sentiment.label == expected.sentiment
    if expected.language is not None:
        yield f"language is {expected.language}", briefing.language == expected.language
    if expected.open_question is not None:
        question = briefing.open_question.text if briefing.open_question else ""
        held = expected.open_question in question if expected.open_question else not question
        yield f"open question is {expected.open_question!r}", held
    for words in expected.next_best_action:
        yield f"next action has {words!r}", words.lower() in briefing.next_best_action.lower()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _holds(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            _holds(found.get(key), each) for key, each in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(_holds, map(_dump, found), wanted))
        )
    return bool(found == wanted)


def _dump(part: Any) -> Any:
    return part.model_dump(mode="json") if isinstance(part, BaseModel) else part


def invented(briefing: Briefing, facts: Sequence[Fact]) -> list[str]:
    """Every value of the briefing that no turn and no tool's result has; and deeds without their receipt."""
    turns = [fact for fact in facts if isinstance(fact, CustomerTurn | ReplyDone | HumanTurn | NoteAdded)]
    texts = [turn.pii.text for turn in turns]
    results = [fact.pii.values for fact in facts if isinstance(fact, ToolFinished | IdentityVerified)]
    arguments = [fact.pii.values for fact in facts if isinstance(fact, ToolCalled)]
    said = tuple(fact.pii.text for fact in facts if isinstance(fact, CustomerTurn))
    evidence = Evidence(said=said, results=results)
    receipts = {fact.receipt_id for fact in facts if isinstance(fact, ToolFinished)}

    def quoted(text: str) -> bool:
        return any(_kept_of(text, each) for each in texts)

    faults = [f"{part.key} {part.value}" for part in briefing.facts if not _found(part.value, evidence)]
    for deed in briefing.done:
        faults += [] if deed.receipt in receipts else [f"receipt {deed.receipt}"]
        faults += [f"{key} {value}" for key, value in deed.result.items() if not _found(value, evidence)]
    known = Evidence(said=said, results=[*results, *arguments])
    for limit in briefing.policy_limits:
        values = {**limit.limit, **limit.asked}
        faults += [f"{key} {value}" for key, value in values.items() if not _found(value, known)]
    quotes = [briefing.why.words, *(each.words for each in briefing.why.earlier)]
    quotes += [each.text for each in (*briefing.promised, *briefing.notes)]
    quotes += [briefing.open_question.text] if briefing.open_question else []
    faults += [f"quote {text!r}" for text in quotes if text and not quoted(text)]
    who = [briefing.who.name, briefing.who.email, *briefing.who.claims.values()]
    faults += [f"who {value}" for value in who if value and not _found(value, evidence)]
    counted = str(briefing.who.failed_tries)
    sources = [*texts, *_leaves([*results, *arguments]), counted, *map(str, receipts)]
    told = [*briefing.summary, briefing.spoken(), *(each.text for each in briefing.failed)]
    told = [_SPELLED.sub(lambda match: match.group().replace(" ", ""), text) for text in told]
    return faults + [f"figure {each}" for text in told for each in unsupported(text, sources)]


def _leaves(tree: Any) -> Iterator[str]:
    """Everything in nested mappings and lists, as text."""
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from _leaves(each)
    else:
        yield str(tree)


def _found(value: Any, evidence: Evidence) -> bool:
    if occurs(value, evidence):
        return True
    leaves = [leaf for result in evidence.results for leaf in result.values() if isinstance(leaf, str)]
    kept = isinstance(value, str) and WITHHELD in value
    return kept and any(_kept_of(value, text) for text in (*leaves, *evidence.said))


def _kept_of(kept: str, text: str) -> bool:
    """Whether `kept` is a stretch of `text` less what was withheld, and perhaps less accents and capitals."""
    text, place = fold(text), 0
    for piece in map(fold, kept.split(WITHHELD)):
        place = text.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


def triggered(facts: Sequence[Fact]) -> bool:
    """Whether a person was asked for."""
    return any(isinstance(fact, HandoffRequested) for fact in facts)
