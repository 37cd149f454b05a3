"""Finds in a contact what a colleague asks about: by the words of the question, in the briefing and the
turns. [core]

Lexical on purpose: what comes back is quoted as it is, with where it stands, and nothing has to be
believed.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.briefing import Briefing
from pipelines.briefing_lines import shown, words
from pipelines.conversation import Turn

_WORD = re.compile(r"[^\W_]+")
_STEM = 5
"Letters: `refunded` and `refund` are the same to us."
_SAYS_NOTHING = frozenset(
    "the and for was were has have had did does what when where who why how that this they them their there "
    "customer any with about from you your our are is can could would will shall should not yet been his her "
    "she him its it all tell me know anything something please which already".split()
)
_ENOUGH = 0.5
"Of the question's words, so many must be in what is quoted."
_MOST = 3
_LIKE = {
    "verif": "ident",
    "promi": "told",
    "price": "total",
    "cost": "total",
    "mood": "feel",
}
"What people call it, and what it is called here."
_QUOTED = 240


@dataclass(frozen=True, slots=True)
class Recalled:
    """Lines that answer, best first, and the turns they quote."""

    lines: tuple[str, ...]
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    turn: str
    also: str = ""
    "Words by which it is asked for, besides its own."


def recall(briefing: Briefing, turns: Sequence[Turn], question: str) -> Recalled:
    """What the contact has on the question."""
    wanted = _stems(question)
    if not wanted:
        return Recalled((), ())
    lines = [*_of_briefing(briefing), *_of_turns(turns)]
    stems = [_stems(f"{line.text} {line.also}") for line in lines]
    frequency = Counter(stem for each in stems for stem in each)
    found: list[tuple[float, int]] = []
    for place, each in enumerate(stems):
        common = wanted & each
        if len(common) >= max(1.0, _ENOUGH * len(wanted)):
            # A rare word tells more; what is known counts before what was said of it.
            found.append((sum(1 / frequency[stem] for stem in common) - place / 1000, place))
    best = [lines[place] for _, place in sorted(found, reverse=True)[:_MOST]]
    return Recalled(
        tuple(line.text for line in best), tuple(dict.fromkeys(line.turn for line in best if line.turn))
    )


def _of_briefing(briefing: Briefing) -> Iterator[_Line]:
    who = briefing.who
    name = who.name or "The customer"
    yield _Line(
        f"{name} is verified by {who.method}." if who.verified else f"{name} is not verified.",
        "",
        "identity proof name",
    )
    for fact in briefing.facts:
        about = f" of {fact.about}" if fact.about else ""
        doubt = "" if fact.confirmed else " (not confirmed)"
        yield _Line(
            f"{words(fact.key).capitalize()}{about}: {shown(fact.value)}{doubt}.", fact.source_turn, "order"
        )
    for deed in briefing.done:
        yield _Line(f"Done: {deed.text}.", deed.source_turn, "happened made")
    for failure in briefing.failed:
        yield _Line(f"Failed: {failure.text}.", failure.source_turn, "failed tried wrong")
    for limit in briefing.policy_limits:
        yield _Line(f"{limit.text}.", limit.source_turn, "limit allowed policy")
    for promise in briefing.promised:
        yield _Line(f"The {promise.by} said: “{promise.text}”", promise.source_turn, "promised told")
    yield _Line(f"They seem {briefing.sentiment.label}.", "", "mood feel angry sentiment")


def _of_turns(turns: Sequence[Turn]) -> Iterator[_Line]:
    for turn in reversed(turns):
        if turn.party != "bot":
            by = "The customer" if turn.party == "customer" else "A colleague"
            yield _Line(f"{by}: “{turn.text[:_QUOTED]}”", turn.turn_id, "said say")


def _stems(text: str) -> frozenset[str]:
    stems = {
        word[:_STEM]
        for word in _WORD.findall(text.lower())
        if word not in _SAYS_NOTHING and (len(word) > 2 or word.isdigit())
    }
    return frozenset(_LIKE.get(stem, stem) for stem in stems)
