"""Whether the figures in an answer stand in the text that the answer rests on. [core]

A model that phrases an answer may get a number, a price or a date wrong, and that is what hurts customers.
Digits and number words are compared by value: "thirty days" rests on "30 days". The word "one" is no figure.
"""

import re
from collections.abc import Iterable, Iterator

from tools.numerals import Group, fold, number_runs, parts

_MONTHS_AND_DAYS = re.compile(
    r"\b(january|february|march|april|june|july|august|september|october|november|december"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b"
)
_YES_OR_NO = re.compile(r"\W*(yes|no)\b")
_DECIMAL = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def unsupported(answer: str, sources: Iterable[str]) -> list[str]:
    """The figures and names of days and months in `answer` that none of `sources` has."""
    known = {figure for source in sources for figure in _figures(source)}
    return [figure for figure in _figures(answer) if figure not in known]


def contradicts(answer: str, sources: Iterable[str]) -> bool:
    """Whether `answer` begins with a yes or no that none of `sources` begins with."""
    said = _YES_OR_NO.match(answer.lower())
    if said is None:
        return False
    found = (_YES_OR_NO.match(source.lower()) for source in sources)
    return all(each is None or each[1] != said[1] for each in found)


def _figures(text: str) -> Iterator[str]:
    folded = fold(text)
    for match in _DECIMAL.finditer(folded):
        yield _plain(match.group())
    without = _DECIMAL.sub("#", folded)
    for run in number_runs(without):
        yield from (_plain(group.digits) for group in run if group.digits not in ("1", "0"))
    for match in _MONTHS_AND_DAYS.finditer(folded):
        yield match.group(1).removesuffix("s") if match.group(1).endswith("days") else match.group(1)


def _plain(digits: str) -> str:
    """`1,299.00` as `1299`, `06` as `6`."""
    digits = digits.replace(",", "")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits.lstrip("0") or "0"


def has_figures(text: str) -> bool:
    """Whether the text states any number at all."""
    return any(isinstance(part, Group) for part in parts(fold(text)))
