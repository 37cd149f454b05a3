"""Reads the numbers in a sentence, however they were said: digits, words, pieces, doubles. [core]

"one zero four three seven", "ten four thirty-seven", "10-437", "10,437" and "double four" all become groups
of digits with their place in the text. Relies on nothing of ours; English only.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_UNITS = {
    word: value
    for value, words in enumerate(
        ["zero oh o nought naught", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    )
    for word in words.split()
}
_TEENS = {
    word: 10 + place
    for place, word in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * place
    for place, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
} | {"fourty": 40}
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_INTERJECTIONS = {"oh", "o"}
FILLERS = frozenset({"uh", "um", "er", "erm", "hmm", "ah"})
"Words people put between the digits of a number without ending it."
_JOINTS = frozenset("-–—.,#'\"") | FILLERS | {"dash", "hyphen"}
"What may stand between two groups of one number."

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|\S")


@dataclass(frozen=True, slots=True)
class Group:
    """Digits that were said together, and where: offsets into the text as `fold` gives it."""

    digits: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """The text without accents, full-width forms and capitals, so that it compares by what was meant."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def number_runs(folded: str) -> list[list[Group]]:
    """Groups of digits in order; groups with nothing but pauses between them share a run.

    Takes text that went through `fold`. Linear in its length; never raises.
    """
    runs: list[list[Group]] = []
    joined = False
    for part in parts(folded):
        if isinstance(part, Group):
            if joined:
                runs[-1].append(part)
            else:
                runs.append([part])
            joined = True
        elif part not in _JOINTS:
            joined = False
    return runs


def parts(folded: str) -> Iterator[Group | str]:
    """The text's words, marks and numbers in order, numbers as `Group`s."""
    tokens = [_Token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(folded)]
    place = 0
    in_number = False
    while place < len(tokens):
        digits, following = _number(tokens, place, in_number=in_number)
        if digits:
            in_number = True
            yield Group(digits, tokens[place].start, tokens[following - 1].end)
        else:
            word, following = tokens[place].text, place + 1
            in_number = in_number and word in _JOINTS
            yield word
        place = following


def _number(tokens: list[_Token], place: int, *, in_number: bool) -> tuple[str, int]:
    """The digits of the number that begins here (empty if none does) and the place after it."""
    word = tokens[place].text
    if word in _REPEATS and place + 1 < len(tokens):
        unit = _unit(tokens[place + 1].text)
        if unit is not None:
            return str(unit) * _REPEATS[word], place + 2
    if word in _INTERJECTIONS and not _is_zero(tokens, place, in_number=in_number):
        return "", place
    value, following = _below_thousand(tokens, place)
    if value is None:
        return "", place
    if _text(tokens, following) == "thousand" and len(value) <= 3:
        rest, after = _below_thousand(tokens, _past_and(tokens, following + 1))
        if rest is None or len(rest) > 3:
            return str(int(value) * 1000), following + 1
        return str(int(value) * 1000 + int(rest)), after
    return value, following


def _below_thousand(tokens: list[_Token], place: int) -> tuple[str | None, int]:
    """A number without its thousands: digits as they stand, or words up to nine hundred ninety-nine."""
    value, following = _below_hundred(tokens, place)
    if value is not None and _text(tokens, following) == "hundred" and len(value) <= 2:
        rest, after = _below_hundred(tokens, _past_and(tokens, following + 1))
        if rest is None or len(rest) > 2:
            return str(int(value) * 100), following + 1
        return str(int(value) * 100 + int(rest)), after
    return value, following


def _below_hundred(tokens: list[_Token], place: int) -> tuple[str | None, int]:
    word = _text(tokens, place)
    if word[:1].isdigit() and word.isascii():
        return word, place + 1
    if word in _UNITS:
        return str(_UNITS[word]), place + 1
    if word in _TEENS:
        return str(_TEENS[word]), place + 1
    if word in _TENS:
        after = place + 2 if _text(tokens, place + 1) == "-" else place + 1
        unit = _UNITS.get(_text(tokens, after), 0)
        if unit:
            return str(_TENS[word] + unit), after + 1
        return str(_TENS[word]), place + 1
    return None, place


def _unit(word: str) -> int | None:
    return int(word) if len(word) == 1 and word in "0123456789" else _UNITS.get(word)


def _is_zero(tokens: list[_Token], place: int, *, in_number: bool) -> bool:
    """ "oh two one" and "five o two" hold a nought; "oh, 10437", "oh I see" and "5 o'clock" do not."""
    following = _text(tokens, place + 1)
    if following == "'":
        return False
    return in_number or following in _REPEATS or _below_hundred(tokens, place + 1)[0] is not None


def _past_and(tokens: list[_Token], place: int) -> int:
    follows = _text(tokens, place) == "and" and _below_hundred(tokens, place + 1)[0] is not None
    return place + 1 if follows else place


def _text(tokens: list[_Token], place: int) -> str:
    return tokens[place].text if place < len(tokens) else ""
