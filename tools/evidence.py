"""Whether a value was said, found or proven before, or was invented. [core]

The gate asks `occurs` of every argument that must not be made up; slot filling uses the `find_…` functions on
the customer's words. Matching is made for speech: numbers in words and pieces, e-mail addresses said aloud,
abbreviations of streets and states, capitals, accents and punctuation make no difference.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

from tools.numerals import FILLERS, Group, fold, number_runs, parts
from tools.places import canonical
from tools.tool import Evidence

LONGEST = 20_000
"Characters of one text that are looked at; a chat message has at most 4,000."

_AMOUNT = re.compile(
    r"\$\s?(?P<signed>[0-9][0-9,]*(?:\.[0-9]{1,2})?)"
    r"|(?<![0-9.,])(?P<plain>[0-9]+(?:,[0-9]{3})*\.[0-9]{2})(?![0-9]|\.[0-9])"
)
_WRITTEN_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}")
_ATOM = re.compile(r"[a-z0-9]+(?:[._%+-]+[a-z0-9]+)*")
_SAID_MARKS = {
    "dot": ".",
    "period": ".",
    "point": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "plus": "+",
}
_ORDER_CUES = {"order", "orders", "number", "parcel", "package", "purchase", "shipment"}
_ZIP_CUES = {"zip", "zipcode", "postal", "postcode"}
_CUE = re.compile(rf"\b(?:{'|'.join(sorted(_ORDER_CUES | _ZIP_CUES))})\b")
_NAMED_AFTERWARDS = re.compile(r"\W*(?:is|was|would be|'s)\s+(?:my|the|our|that)\s+(?:\w+\s+)?(\w+)")


def spoken_digits(text: str) -> str:
    """Every number in the text as digits; numbers with nothing but pauses between them are written as one.

    >>> spoken_digits("order one zero four, three seven and zip 60614")
    '10437 60614'
    """
    return " ".join("".join(group.digits for group in run) for run in number_runs(_read(text)))


def find_order_ids(text: str) -> list[str]:
    """Five-digit numbers that may be order numbers, in order, each once.

    A number the customer called a ZIP code is left out; one called nothing is both. Prices are neither.
    """
    return _found(text, unless=_ZIP_CUES)


def find_zips(text: str) -> list[str]:
    """Five-digit numbers that may be ZIP codes, in order, each once; of ZIP+4 the first five digits."""
    return _found(text, unless=_ORDER_CUES)


def find_emails(text: str) -> list[str]:
    """E-mail addresses in lower case, written or said ("maya dot lopez at example dot com"), each once."""
    folded = fold(text[:LONGEST])
    written = (match.group().rstrip(".-") for match in _WRITTEN_EMAIL.finditer(folded))
    return list(dict.fromkeys([*written, *_said_emails(folded)]))


def occurs(value: Any, evidence: Evidence) -> bool:
    """Whether the customer said the value, or a tool result of this session holds it.

    A list occurs when each of its values does. An address may have been given in pieces: each part between
    commas must occur. Values without a letter or digit never occur.
    """
    if isinstance(value, list | tuple):
        return bool(value) and all(occurs(each, evidence) for each in value)
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float | Decimal):
        return _amount_occurs(value, evidence)
    # The customer's turns in one row: a number or an address may be begun in one and ended in the next.
    sources = [[piece for said in evidence.said for piece in _squeezed(said)]]
    sources += [_squeezed(leaf) for leaf in _leaves(evidence.results) if isinstance(leaf, str)]
    wanted = "".join(_squeezed(str(value)))
    if any(_holds(pieces, wanted) for pieces in sources):
        return True
    clauses = ["".join(_squeezed(clause)) for clause in str(value).split(",")]
    return len(clauses) > 1 and all(
        any(_holds(pieces, clause) for pieces in sources) for clause in clauses if clause
    )


def _read(text: str) -> str:
    """The text ready for `number_runs`, with amounts of money blanked out: a price is no order number."""
    return _AMOUNT.sub(lambda match: "$" * len(match.group()), fold(text[:LONGEST]))


def _found(text: str, *, unless: set[str]) -> list[str]:
    folded = _read(text)
    found = []
    earlier_end = 0
    for start, end, digits in _five_digits(folded):
        if _called(folded, earlier_end, start, end) not in unless:
            found.append(digits)
        earlier_end = end
    return list(dict.fromkeys(found))


def _called(folded: str, earlier_end: int, start: int, end: int) -> str:
    """What the customer called the number from `start` to `end`: the last cue before it, or "is my zip"."""
    before = _CUE.findall(folded[max(earlier_end, start - 80) : start])
    afterwards = _NAMED_AFTERWARDS.match(folded, end)
    if afterwards:
        for word in afterwards.group().split():
            if word in _ORDER_CUES | _ZIP_CUES:
                return word
    return before[-1] if before else ""


def _five_digits(folded: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and digits of each number of exactly five digits, made of whole groups."""
    for run in number_runs(folded):
        spelled = all(len(group.digits) == 1 for group in run)
        if spelled and sum(len(group.digits) for group in run) % 5:
            continue  # a digit too many or too few: better to ask again than to cut somewhere
        window: list[Group] = []
        for group in run:
            window.append(group)
            while window and sum(len(each.digits) for each in window) > 5:
                window.pop(0)
            if sum(len(each.digits) for each in window) == 5:
                yield window[0].start, window[-1].end, "".join(each.digits for each in window)
                window = []


def _said_emails(folded: str) -> Iterator[str]:
    words = [_SAID_MARKS.get(word, word) for word in _email_words(folded)]
    for place, word in enumerate(words):
        if word != "@":
            continue
        local = _chain(words[max(0, place - 40) : place][::-1])[::-1]
        domain = _chain(words[place + 1 : place + 20])
        address = f"{''.join(local)}@{''.join(domain)}"
        if _WRITTEN_EMAIL.fullmatch(address):
            yield address


def _email_words(folded: str) -> Iterator[str]:
    for word in folded.replace("@", " @ ").split():
        word = word.strip(",;:!?\"'()<>").rstrip(".")
        yield "@" if word == "at" else word


def _chain(words: Sequence[str]) -> list[str]:
    """As many words from the first on as are tied together by marks or are letters spelled one by one."""
    chain: list[str] = []
    for word in words:
        is_mark = word in _SAID_MARKS.values()
        last = chain[-1] if chain else ""
        last_is_mark = last in _SAID_MARKS.values()
        tied = not chain or is_mark or last_is_mark or (len(word) == len(last) == 1)
        if not tied or (is_mark and (not chain or last_is_mark)) or not (is_mark or _ATOM.fullmatch(word)):
            break
        chain.append(word)
    return chain[:-1] if chain and chain[-1] in _SAID_MARKS.values() else chain


def _squeezed(text: str) -> list[str]:
    """Words and numbers in their plainest form; joined, equal meanings are equal strings."""
    pieces: list[str] = []
    for part in parts(_read(text)):
        if isinstance(part, Group):
            pieces.append(part.digits)
        elif part == "@" or part == "at":
            pieces.append("@")
        elif part.isalnum() and part not in FILLERS and part not in _SAID_MARKS:
            pieces.append(part)
    return canonical(pieces)


def _holds(pieces: Sequence[str], wanted: str) -> bool:
    """Whether some neighbouring pieces, joined, are exactly the wanted string."""
    joined = "".join(pieces)
    borders = {0, *accumulate(len(piece) for piece in pieces)}
    place = joined.find(wanted) if wanted else -1
    while place >= 0:
        if place in borders and place + len(wanted) in borders:
            return True
        place = joined.find(wanted, place + 1)
    return False


def _amount_occurs(value: float | Decimal | int, evidence: Evidence) -> bool:
    wanted = Decimal(str(value))
    if not wanted.is_finite():
        return False
    amounts = {amount for said in evidence.said for amount in _amounts(said)}
    numbers = (leaf for leaf in _leaves(evidence.results) if isinstance(leaf, int | float))
    return wanted in amounts or any(Decimal(str(number)) == wanted for number in numbers)


def _amounts(text: str) -> Iterator[Decimal]:
    """Prices and plain numbers of a text."""
    for match in _AMOUNT.finditer(fold(text[:LONGEST])):
        yield Decimal((match["signed"] or match["plain"]).replace(",", ""))
    for run in number_runs(_read(text)):
        yield from (Decimal(group.digits) for group in run)
        yield Decimal("".join(group.digits for group in run))


def _leaves(tree: Iterable[Any]) -> Iterator[Any]:
    """Every scalar in nested mappings and sequences; true and false say nothing and are left out."""
    for each in tree:
        if isinstance(each, Mapping):
            yield from _leaves(each.values())
        elif isinstance(each, list | tuple):
            yield from _leaves(each)
        elif not isinstance(each, bool) and each is not None:
            yield each
