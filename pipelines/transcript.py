"""What the customer said, as far as we know it: partial and final transcripts. [core]"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one decode of an utterance gave."""

    text: str
    logprob: float
    "Mean per token."
    no_speech: float
    "Probability that there was no speech at all; 0 from a model that does not say."
    window_s: int
    "Sound the model was given, padding included, s."


@dataclass(frozen=True, slots=True)
class Partial:
    """The words so far of an utterance under way."""

    text: str
    stable_chars: int
    "So many leading characters are not expected to change any more."


@dataclass(frozen=True, slots=True)
class Final:
    """All words of the utterance up to the pause of that number."""

    pause: int
    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The recogniser could not hear this utterance and says why, without personal data."""

    reason: str


Listener = Callable[[Partial | Final | Lost], None]
"""Takes what a recogniser of one call has to say, on the event loop, in order."""


class StablePrefix:
    """Which leading words two successive decodes of a growing utterance agree on.

    The agreement rule of Liu, Spanakis, Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition"
    (Interspeech 2020). It marks text as firm for display; the final is always decoded afresh.
    """

    def __init__(self) -> None:
        self._before: list[str] = []

    def add(self, text: str) -> int:
        """Characters of `text` that the decode before agrees with, up to the end of a word."""
        now = [match.group() for match in re.finditer(r"\S+", text)]
        agreed = 0
        for old, new in zip(self._before, now, strict=False):
            if _bare(old) != _bare(new):
                break
            agreed += 1
        self._before = now
        ends = [match.end() for match in re.finditer(r"\S+", text)]
        return ends[agreed - 1] if agreed else 0


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).lower()


_DIGITS = {
    word: str(value) for value, word in enumerate("zero one two three four five six seven eight nine".split())
} | {"oh": "0"}
_DIGIT = rf"(?:\d|{'|'.join(_DIGITS)})"
_SPELLED = re.compile(rf"\b{_DIGIT}(?:(?:\s*[-,.]\s*|\s+)\d*{_DIGIT}\b){{2,}}", re.IGNORECASE)


def join_digits(text: str) -> str:
    """Write a number that was said digit by digit as one: `one zero four, three 7` becomes `10437`.

    Only three or more in a row are joined, so `one or two` and dates stay as they are.
    """

    def joined(match: re.Match[str]) -> str:
        tokens = re.findall(rf"\d+|{'|'.join(_DIGITS)}", match.group(), re.IGNORECASE)
        if any(len(token) > 2 and token.isdigit() for token in tokens):
            return match.group()
        return "".join(_DIGITS.get(token.lower(), token) for token in tokens)

    return _SPELLED.sub(joined, text)
