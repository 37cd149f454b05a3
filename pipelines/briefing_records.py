"""What is known of a matter and what was done about it, each with where it comes from. [core]

A value that occurs in no turn and in no tool's result is not taken, whoever states it. What proves an
identity is never kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.agent.position import OFFERS
from pipelines.briefing_lines import deed_text, failure_text, limit_text
from pipelines.briefing_parts import Deed, Failure, Glossary, Known, Limit, Scalar, scalars
from pipelines.disclosure import without_numbers
from pipelines.facts import (
    CustomerTurn,
    Fact,
    HandoffRequested,
    IdentityVerified,
    ToolCalled,
    ToolFinished,
    Understood,
    WorkflowChanged,
)
from pipelines.secret import PLACEHOLDER
from tools.evidence import occurs
from tools.tool import Evidence

MOST_FACTS = 40
_MAY_CHANGE = frozenset({"status", "ship_to"})
"Of what was read, this and every number may be different once something was done."
_FLOW = frozenset(
    {"not_confirmed", "not_verified", "invented_argument", "not_allowed", "verification_failed"}
)
"Refusals that are part of how things go, and no limit that a person could lift."
_NOT_THEIRS = frozenset({"not_yours", "not_verified", "invented_argument", "not_allowed"})
"Refusals after which nothing is known of what the call was on."
_OURS = frozenset({"bad_arguments", "unknown_tool", "too_many_calls"})
"Errors of whoever made the call: a model tries again."
_ABOUT_IDENTITY = frozenset(
    {"name", "first_name", "email", "method", "verified", "tries_left", "count", "limit"}
)
"Fields of results that are no facts of a matter."


@dataclass(slots=True)
class _Call:
    arguments: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None


class Records:
    """A fold of facts: values, deeds, failures and limits."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self._said: dict[str, str] = {}
        self._turn = ""
        "The customer's turn that is being answered."
        self._facts: dict[tuple[str, str | None], Known] = {}
        "By key, and by what it is about: of a thing's own number, that number."
        self._calls: dict[str, _Call] = {}
        self._results: list[Mapping[str, Any]] = []
        self._done: dict[str, Deed] = {}
        "By receipt."
        self._failed: dict[tuple[str | None, str | None], Failure] = {}
        "By tool and what it was about."
        self._limits: dict[tuple[str, str, str | None], Limit] = {}
        self._proofs: dict[str, set[str]] = {}
        "By field."
        self._without: dict[str, str] = {}
        "Texts, and the same without proofs."
        self._handed_off = ""
        "The turn for which a person was asked for."
        self.failed_tries = 0
        "Of proving who they are."

    @property
    def done(self) -> tuple[Deed, ...]:
        """Everything with a receipt, in order."""
        return tuple(self._done.values())

    @property
    def failed(self) -> tuple[Failure, ...]:
        """What did not work and has not worked since."""
        return tuple(self._failed.values())

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Where policy said no."""
        return tuple(self._limits.values())

    @property
    def proofs(self) -> tuple[str, ...]:
        """Fields that no reader gets."""
        return tuple(self._proofs)

    def facts(self) -> tuple[Known, ...]:
        """What is known, the customer's own words first; proofs are left out, also of other values."""
        shown = [known for each in self._facts.values() if (known := self._shown(each)) is not None]
        return tuple(sorted(shown, key=lambda each: each.source != "customer")[:MOST_FACTS])

    def _shown(self, known: Known) -> Known | None:
        """Without what proves an identity; None if nothing is left."""
        if not isinstance(known.value, str) or known.key.endswith("_id"):
            return known
        kept = self.without_proofs(known.value)
        if kept == known.value:
            return known
        return known.model_copy(update={"value": kept}) if any(map(str.isalnum, kept)) else None

    def without_proofs(self, text: str) -> str:
        """The text without what proves an identity."""
        if text not in self._without:
            withheld = frozenset().union(*self._proofs.values()) if self._proofs else frozenset()
            self._without[text] = without_numbers(text, withheld)
        return self._without[text]

    def apply(self, fact: Fact) -> None:
        """Fold one fact in."""
        match fact:
            case CustomerTurn(turn_id=turn_id, pii=pii):
                self._said[turn_id], self._turn = pii.text, turn_id
            case Understood(turn_id=turn_id):
                self._turn = turn_id
            case WorkflowChanged(workflow=workflow, pii=values) if workflow not in OFFERS:
                for key, value in scalars(values.values).items():
                    self._slot(key, value)
            case IdentityVerified(pii=values):
                for key in self._glossary.proofs:
                    self._prove(key, values.values.get(key))
            case ToolCalled(call_id=call_id, pii=values):
                self._calls[call_id] = _Call(values.values, _subject(values.values))
            case HandoffRequested():
                self._handed_off = self._turn
            case ToolFinished():
                self._finished(fact, self._calls.pop(fact.call_id, _Call()))

    # --- values ------------------------------------------------------------------------------------

    def _prove(self, key: str, value: object) -> None:
        digits = "".join(filter(str.isdigit, str(value or "")))
        if digits and digits not in self._proofs.setdefault(f"facts.{key}", set()):
            self._proofs[f"facts.{key}"].add(digits)
            self._without.clear()

    def _slot(self, key: str, value: Scalar) -> None:
        """A value that the customer gave for something."""
        if key in self._glossary.proofs:
            self._prove(key, value)
            return
        if isinstance(value, str) and PLACEHOLDER.search(value):
            return
        place = (key, str(value) if key.endswith("_id") else None)
        known = self._facts.get(place)
        if known is not None and known.value == value:
            return
        source = self._source(value)
        if source is None:
            return
        turn, said = source
        if place[1] is not None:  # another number for the same thing takes the place of one nobody confirmed
            for other in [each for each in self._facts if each[0] == key]:
                if not self._facts[other].confirmed:
                    del self._facts[other]
        self._facts[place] = Known(
            key=key,
            value=value,
            source_turn=turn,
            confirmed=not said,
            source="customer" if said else "tool",
        )

    def _source(self, value: Scalar) -> tuple[str, bool] | None:
        """The turn in which the customer gave the value, or for which a tool found it; None: nobody did."""
        newest_first = [self._turn, *reversed([turn for turn in self._said if turn != self._turn])]
        for turn in newest_first:
            if turn in self._said and occurs(value, Evidence(said=(self._said[turn],))):
                return turn, True
        if occurs(value, Evidence(said=tuple(self._said.values()))):
            return self._turn, True  # begun in one turn and ended in this one
        if occurs(value, Evidence(results=self._results)):
            return self._turn, False
        return None

    def _found(self, values: Mapping[str, Any], about: str | None, turn: str) -> None:
        """What a tool has found out."""
        for key, value in scalars(values).items():
            if key in _ABOUT_IDENTITY or key in self._glossary.proofs:
                continue
            if str(value) == about:
                continue  # the thing's own number, which is known already
            place = (key, about)
            self._facts.pop(place, None)
            self._facts[place] = Known(
                key=key, value=value, source_turn=turn, confirmed=True, source="tool", about=about
            )

    def _confirm(self, arguments: Mapping[str, Any], *, ids_only: bool) -> None:
        """A service has taken these values for its own."""
        for key, value in arguments.items():
            for place, known in self._facts.items():
                is_it = known.key == key and str(known.value) == str(value)
                if is_it and (key.endswith("_id") or not ids_only):
                    self._facts[place] = known.model_copy(update={"confirmed": True})

    # --- tools -------------------------------------------------------------------------------------

    def _finished(self, fact: ToolFinished, call: _Call) -> None:
        if fact.tool == self._glossary.identity_tool:
            self._identity_tried(fact, call)
        elif fact.outcome == "done":
            self._failed.pop((fact.tool, call.about), None)
            self._confirm(call.arguments, ids_only=fact.receipt_id is None)
            if fact.receipt_id is None:
                self._found(fact.pii.values, call.about, fact.turn_id)
            else:
                self._deed(fact, fact.receipt_id, call)
        elif fact.outcome == "refused":
            self._refused(fact, call)
        elif fact.code not in _OURS:
            self._failure(fact, call)
        if fact.outcome != "failed":
            self._results.append(fact.pii.values)

    def _identity_tried(self, fact: ToolFinished, call: _Call) -> None:
        if fact.outcome == "done":
            self.failed_tries = 0
            self._confirm(call.arguments, ids_only=False)
        elif fact.code in ("verification_failed", "verification_locked"):
            self.failed_tries += 1
            if fact.code == "verification_locked":
                self._limit(fact, call)
        elif fact.outcome == "failed" and fact.code not in _OURS:
            self._failure(fact, call)

    def _deed(self, fact: ToolFinished, receipt: str, call: _Call) -> None:
        result = {
            key: value for key, value in scalars(fact.pii.values).items() if key not in self._glossary.proofs
        }
        self._done[receipt] = Deed(
            tool=fact.tool,
            receipt=receipt,
            result=result,
            text=deed_text(fact.tool, receipt, result),
            source_turn=fact.turn_id,
            by="human" if fact.agent_id else "bot",
            note=fact.tool == self._glossary.note_tool and fact.turn_id == self._handed_off,
        )
        for limit in [each for each in self._limits if (each[0], each[2]) == (fact.tool, call.about)]:
            del self._limits[limit]
        for place, known in self._facts.items():  # what was read before may not be so any more
            changes = known.key in _MAY_CHANGE or not isinstance(known.value, str)
            if known.source == "tool" and changes and known.about is not None and known.about == call.about:
                self._facts[place] = known.model_copy(update={"confirmed": False})

    def _refused(self, fact: ToolFinished, call: _Call) -> None:
        if fact.code not in _NOT_THEIRS:
            self._confirm(call.arguments, ids_only=True)
            self._found(
                {k: v for k, v in fact.pii.values.items() if k not in call.arguments},
                call.about,
                fact.turn_id,
            )
        if fact.code not in _FLOW:
            self._limit(fact, call)

    def _limit(self, fact: ToolFinished, call: _Call) -> None:
        values = fact.pii.values
        held = values.get("limit")
        limit = scalars(held) if isinstance(held, Mapping) else {}
        asked = {k: v for k, v in scalars(call.arguments).items() if k not in self._glossary.proofs}
        asked = {**scalars({"amount": values.get("amount")}), **asked}
        code = fact.code or "refused"
        self._limits[(fact.tool, code, call.about)] = Limit(
            tool=fact.tool,
            code=code,
            text=limit_text(fact.tool, code, limit, asked),
            limit=limit,
            asked=asked,
            source_turn=fact.turn_id,
        )

    def _failure(self, fact: ToolFinished, call: _Call) -> None:
        before = self._failed.pop((fact.tool, call.about), None)
        code = fact.code or "failed"
        self._failed[(fact.tool, call.about)] = Failure(
            tool=fact.tool,
            code=code,
            text=failure_text(fact.tool, code, ""),
            source_turn=fact.turn_id,
            times=before.times + 1 if before else 1,
        )


def _subject(arguments: Mapping[str, Any]) -> str | None:
    """What a call is on: its first argument that is a number of something."""
    return next(_ids(arguments), None)


def _ids(arguments: Mapping[str, Any]) -> Iterator[str]:
    for key, value in arguments.items():
        if key.endswith("_id") and isinstance(value, str | int):
            yield str(value)
