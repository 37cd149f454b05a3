"""Word error rate, counted after both sides were written the same way.

Recognisers and transcribers write the same words differently: `Press 1.`, `press one`; `10437`, `one zero
four three seven`; `I'm`, `i am`. `normalised` makes one list of words of all of them: lower case, no
punctuation, contractions spelt out, spelt letters as one word, numbers as single digits. Digits are scored
one by one, so half a wrong order number is half wrong, and `twenty five` equals `25`. English only, standard
library only.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), start=1
    )
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_CONTRACTIONS = (
    (r"\bwon't\b", "will not"),
    (r"\bcan't\b", "can not"),
    (r"\bcannot\b", "can not"),
    (r"n't\b", " not"),
    (r"\b(i)'m\b", r"\1 am"),
    (r"\b(you|we|they)'re\b", r"\1 are"),
    (r"\b(i|you|we|they)'ve\b", r"\1 have"),
    (r"\b(i|you|he|she|it|we|they)'ll\b", r"\1 will"),
    (r"\b(i|you|he|she|we|they)'d\b", r"\1 would"),
    (r"\b(he|she|it|that|what|where|who|here|there)'s\b", r"\1 is"),
    (r"\blet's\b", "let us"),
)
_SPELLINGS = {
    "ok": "okay",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "&": "and",
    "%": "percent",
    "#": "pound",
    "*": "star",
}
_JOINED = {
    "e mail": "email",
    "voice mail": "voicemail",
    "mail box": "mailbox",
    "re record": "rerecord",
    "touch tone": "touchtone",
    "file name": "filename",
}
"Compounds that are written in two ways."
_FILLERS = frozenset({"uh", "um", "er", "erm", "hmm", "mm", "ah"})
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)?|[&%#*]")


@dataclass(frozen=True, slots=True)
class Errors:
    """What went wrong in so many words of the reference; adds up over clips."""

    substituted: int = 0
    left_out: int = 0
    inserted: int = 0
    words: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(
            self.substituted + other.substituted,
            self.left_out + other.left_out,
            self.inserted + other.inserted,
            self.words + other.words,
        )

    @property
    def wrong(self) -> int:
        """All kinds of errors together."""
        return self.substituted + self.left_out + self.inserted

    @property
    def rate(self) -> float:
        """Errors per word of the reference; 0 without words. Exceeds 1 when much was inserted."""
        return self.wrong / self.words if self.words else 0.0


def total(errors: Iterable[Errors]) -> Errors:
    """Of many clips: every word weighs the same, not every clip."""
    return sum(errors, Errors())


def errors(reference: str, heard: str) -> Errors:
    """What was wrong in what was heard; both in any spelling."""
    return align(normalised(reference), normalised(heard))


def normalised(text: str) -> list[str]:
    """The words, written in the one way in which they are compared."""
    text = unicodedata.normalize("NFKD", text).casefold().replace("’", "'")
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"\$\s?(\d+)", r"\1 dollars", text)
    text = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text)
    for pattern, spelt in _CONTRACTIONS:
        text = re.sub(pattern, spelt, text)
    words = [_SPELLINGS.get(word, word.replace("'", "")) for word in _TOKEN.findall(text)]
    line = " ".join(_digits([word for word in words if word not in _FILLERS]))
    line = re.sub(r"\b(?:[a-z] ){2,}[a-z]\b", lambda letters: letters.group().replace(" ", ""), line)
    for apart, together in _JOINED.items():
        line = re.sub(rf"\b{apart}", together, line)
    return line.split()


def _digits(words: Sequence[str]) -> list[str]:
    """Numbers, in words or in figures, as single digits."""
    written: list[str] = []
    at = 0
    while at < len(words):
        length, number = _number(words, at)
        written += number if length else [words[at]]
        at += max(1, length)
    return written


def _number(words: Sequence[str], at: int) -> tuple[int, str]:
    """How many words from there on make one number, and its digits; (0, "") if there is none."""
    word = words[at]
    if word.isdecimal():
        return 1, word
    if word == "oh" and _beside_a_number(words, at):
        return 1, "0"
    value, length = _below_hundred(words, at)
    if not length:
        return 0, ""
    thousands = 0
    while scale := _SCALES.get(_word(words, at + length)):
        if scale == 100:
            value *= scale
        else:
            thousands, value = thousands + value * scale, 0
        length += 1
        joint = 1 if _word(words, at + length) == "and" else 0
        rest, more = _below_hundred(words, at + length + joint)
        if more:
            value, length = value + rest, length + joint + more
    return length, str(thousands + value)


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""


def _below_hundred(words: Sequence[str], at: int) -> tuple[int, int]:
    """A number of one or two words, and how many it took."""
    first, following = _word(words, at), _word(words, at + 1)
    if first in _TENS:
        unit = _UNITS.get(following, _ORDINALS.get(following, 0))
        return (_TENS[first] + unit, 2) if 0 < unit < 10 else (_TENS[first], 1)
    value = _UNITS.get(first, _ORDINALS.get(first))
    return (value, 1) if value is not None else (0, 0)


def _beside_a_number(words: Sequence[str], at: int) -> bool:
    """Whether the word before or after is a number: then `oh` is a nought."""
    beside = [*words[max(0, at - 1) : at], *words[at + 1 : at + 2]]
    return any(word.isdecimal() or word in _UNITS or word in _TENS for word in beside)


def align(reference: Sequence[str], heard: Sequence[str]) -> Errors:
    """The fewest substitutions, omissions and insertions between the two (Levenshtein, 1966)."""
    row = [Errors(inserted=count, words=len(reference)) for count in range(len(heard) + 1)]
    for left, word in enumerate(reference, start=1):
        above, row = row, [Errors(left_out=left, words=len(reference))]
        for place, other in enumerate(heard):
            if word == other:
                row.append(above[place])
                continue
            ways = (
                above[place] + Errors(substituted=1),
                above[place + 1] + Errors(left_out=1),
                row[place] + Errors(inserted=1),
            )
            row.append(min(ways, key=lambda found: found.wrong))
    return row[-1]
