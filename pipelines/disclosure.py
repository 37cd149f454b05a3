"""Which personal data a reader of a briefing gets, by role. [core]

An agent needs to know whom they talk with, not how to reach them elsewhere. A supervisor answers complaints
and sees that too. An admin looks after accounts and serves nobody. Someone on a telephone hears as little
as will do, since others may listen. What proves an identity is in no briefing at all: the fold leaves it
out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pipelines.briefing_parts import Packet, Redaction, Scalar
from tools.numerals import fold, number_runs

Role = Literal["agent", "supervisor", "admin", "phone"]
Kind = Literal["name", "contact", "address", "words", "values"]
"`words`: whatever people said or wrote; `values`: what else is known of the matter."
How = Literal["shown", "masked", "withheld"]

_DISCLOSED: Mapping[Role, Mapping[Kind, How]] = {
    "agent": {"contact": "masked"},
    "supervisor": {},
    "admin": dict.fromkeys(("name", "contact", "address", "words", "values"), "withheld"),
    "phone": {"name": "masked", "contact": "withheld", "address": "withheld", "words": "withheld"},
}
"What is not named is shown."
_KINDS: Mapping[str, Kind] = {
    "name": "name",
    "first_name": "name",
    "email": "contact",
    "sent_to": "contact",
    "phone": "contact",
    "caller": "contact",
    "ship_to": "address",
    "new_address": "address",
    "address": "address",
    "subject": "words",
    "message": "words",
}
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d(?:[\s()./-]?\d){7,14}")
WITHHELD = "…"


class Disclosure:
    """What one role gets, and what it did not get so far."""

    def __init__(self, role: Role) -> None:
        self._rules = _DISCLOSED[role]
        self._redacted: dict[str, Literal["masked", "withheld"]] = {}

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """In the order they were met, each field once."""
        return tuple(Redaction(field=field, how=how) for field, how in self._redacted.items())

    def value(self, kind: Kind, field: str, value: str | None) -> str | None:
        """The value as this reader gets it; None: not at all."""
        how = self._rules.get(kind, "shown")
        if value is None or value == "" or how == "shown":
            return value
        self._redacted[field] = how
        return _MASKS[kind](value) if how == "masked" else None

    def words(self, field: str, text: str) -> str:
        """People's words; contact data in them is masked where it is masked elsewhere."""
        if self._rules.get("words") == "withheld":
            return self.value("words", field, text) or ""
        return self._without_contacts(field, text)

    def _without_contacts(self, field: str, text: str) -> str:
        if self._rules.get("contact", "shown") == "shown":
            return text
        masked = _PHONE.sub(WITHHELD, _EMAIL.sub(lambda match: _email(match.group()), text))
        if masked != text:
            self._redacted[field] = "masked"
        return masked

    def values(self, field: str, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Named values; those that this reader does not get are not there."""
        kept: dict[str, Scalar] = {}
        for key, value in values.items():
            shown = self.named(f"{field}.{key}", key, value)
            if shown is not None:
                kept[key] = shown
        return kept

    def named(self, field: str, key: str, value: Scalar) -> Scalar | None:
        """One value by its key."""
        kind = _KINDS.get(key, "values")
        if self._rules.get(kind, "shown") == "shown" and not isinstance(value, str):
            return value
        text = self.value(kind, field, str(value))
        return self._without_contacts(field, text) if text is not None and kind == "values" else text


def _email(address: str) -> str:
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def _contact(value: str) -> str:
    return _email(value) if "@" in value else f"{WITHHELD}{value[-3:]}"


def _first(name: str) -> str:
    return name.split()[0] if name.split() else ""


_MASKS: Mapping[Kind, Callable[[str], str]] = {
    "name": _first,
    "contact": _contact,
    "address": lambda value: WITHHELD,
    "words": lambda value: WITHHELD,
    "values": lambda value: WITHHELD,
}


def disclosed(packet: Packet, role: Role) -> dict[str, Any]:
    """The parts of a packet as this role gets them, as fields for another one; without its sentences."""
    to = Disclosure(role)
    who, why = packet.who, packet.why
    fields: dict[str, Any] = {
        "who": who.model_copy(
            update={
                "name": to.value("name", "who.name", who.name),
                "email": to.value("contact", "who.email", who.email),
                "claims": to.values("who.claims", who.claims),
            }
        ),
        "why": why.model_copy(
            update={
                "words": to.words("why.words", why.words),
                "earlier": tuple(
                    each.model_copy(update={"words": to.words("why.earlier", each.words)})
                    for each in why.earlier
                ),
            }
        ),
        "facts": tuple(
            each.model_copy(update={"value": value})
            for each in packet.facts
            if (value := to.named(f"facts.{each.key}", each.key, each.value)) is not None
        ),
        "done": tuple(
            each.model_copy(update={"result": to.values("done", each.result)}) for each in packet.done
        ),
        "policy_limits": tuple(
            each.model_copy(update={"asked": to.values("policy_limits", each.asked)})
            for each in packet.policy_limits
        ),
    }
    for name in ("promised", "notes"):
        parts = [(each, to.words(name, each.text)) for each in getattr(packet, name)]
        fields[name] = tuple(each.model_copy(update={"text": text}) for each, text in parts if text)
    question = packet.open_question
    text = to.words("open_question", question.text) if question else ""
    fields["open_question"] = question.model_copy(update={"text": text}) if question and text else None
    fields["redactions"] = (*packet.redactions, *to.redactions)
    return fields


def without_numbers(text: str, withheld: frozenset[str]) -> str:
    """The text with `…` for each number that is one of these digits, however it was said or written."""
    if not withheld or not text:
        return text
    folded = fold(text)
    spans = []
    for run in number_runs(folded):
        place = 0
        while place < len(run):
            digits, following = "", place
            while following < len(run) and len(digits) < max(map(len, withheld)):
                digits, following = digits + run[following].digits, following + 1
                if digits in withheld:
                    spans.append((run[place].start, run[following - 1].end))
                    place = following - 1
                    break
            place += 1
    # Offsets are those of the folded text; where folding changed its length, that is what is kept.
    kept = text if not spans or len(folded) == len(text) else folded
    for start, end in reversed(spans):
        kept = f"{kept[:start]}{WITHHELD}{kept[end:]}"
    return kept
