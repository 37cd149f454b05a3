"""How a customer feels, by rules: their words, how they write them, what goes wrong for them. [core]

A fold of facts that costs microseconds. One cross word does not make somebody angry, and one "thanks" does
not make up for a bad quarter of an hour: each turn weighs more than the one before it, and a mood is left
only well below where it was entered.
"""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.facts import CustomerTurn, Fact, HumanTurn, ReplyDone, ToolFinished, Understood

Label = Literal["positive", "neutral", "negative", "angry"]
Sign = Literal["words", "capitals", "exclamation", "repetition", "failures", "interruption"]

_ANGRY = (
    r"ridiculous|unacceptable|outrageous|furious|angry|disgust\w*|scam\w*|fraud\w*|useless|worthless|pathetic"
    r"|incompeten\w+|worst|horrible|terrible|awful|appalling|hate|idiots?|stupid|liars?|lying|rip-?off"
    r"|fed up|sick of|sick and tired|had enough|bull ?shit|shit|crap|damn|fuck\w*|wtf|never again|how dare"
)
_CROSS = (
    r"annoy\w+|frustrat\w+|disappoint\w+|unhappy|upset|dissatisfied|not (?:happy|good enough|acceptable)"
    r"|still (?:waiting|nothing|not|no)|again and again|(?:third|fourth|fifth|second) time"
    r"|(?:many|several) times|waste of|wasting my|(?:nobody|no one) (?:helps|answers|cares)|complain\w*"
    r"|too long|for (?:hours|days|weeks)|not helping|doesn't help|not what i (?:asked|said)"
    r"|already (?:told|said|gave)|hopeless"
)
_GLAD = (
    r"thanks?|thank you|great|perfect|awesome|wonderful|lovely|excellent|appreciate\w*|brilliant|happy|love"
)
_SOUR = re.compile(rf"\b(?:(?P<angry>{_ANGRY})|(?P<cross>{_CROSS}))\b")
_SWEET = re.compile(rf"(?<!not )(?<!no )\b(?:{_GLAD})\b")
_WORD = re.compile(r"\w+")
_LOUD = re.compile(r"!{2,}|\?!|!\?|\?{3,}")

_KEPT = 0.6
"So much of the mood is still there at the next turn."
_WORTH: dict[Sign, float] = {
    "capitals": -0.35,
    "exclamation": -0.15,
    "repetition": -0.2,
    "failures": -0.15,
    "interruption": -0.1,
}
_ENTERED: dict[Label, float] = {"angry": -0.7, "negative": -0.3, "positive": 0.25}
_LEFT: dict[Label, float] = {"angry": -0.4, "negative": -0.15, "positive": 0.1}
"A mood goes on until the score is past this."
_FEWEST_CAPITALS = 8
"Letters: an order's code or an abbreviation is no shouting."


class Sentiment(BaseModel):
    """Where the customer's mood stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    label: Label = "neutral"
    score: float = 0.0
    "-1 (furious) to 1 (delighted)."
    signs: tuple[Sign, ...] = ()
    "What told, of the last turns that told anything; no words."


class Mood:
    """Folds facts into a `Sentiment`."""

    def __init__(self) -> None:
        self._score = 0.0
        self._label: Label = "neutral"
        self._signs: dict[Sign, int] = {}
        "In which turn each was seen last."
        self._turn = 0
        self._last_words: frozenset[str] = frozenset()

    @property
    def sentiment(self) -> Sentiment:
        """Now."""
        recent = tuple(sign for sign, turn in self._signs.items() if self._turn - turn < 3)
        return Sentiment(label=self._label, score=round(self._score, 2), signs=recent)

    def apply(self, fact: Fact) -> None:
        """Fold one fact in; those that tell nothing of a mood are ignored."""
        match fact:
            case CustomerTurn(pii=words):
                self._turn += 1
                self._move(_KEPT * self._score + self._told_by(words.text))
            case Understood(commands=commands) if any(_missed(each) for each in commands):
                self._see("failures")
            case ToolFinished(outcome="failed", agent_id=None):
                self._see("failures")
            case ReplyDone(interrupted=True, source=source) if source != "fixed":
                self._see("interruption")
            case HumanTurn():
                self._last_words = frozenset()  # said again to somebody else is no repetition

    def _told_by(self, text: str) -> float:
        lowered = text.lower().replace("’", "'")
        told = 0.0
        sour = [match.lastgroup for match in _SOUR.finditer(lowered)]
        sweet = len(_SWEET.findall(lowered))
        if sour or sweet:
            worth = -0.6 * sour.count("angry") - min(0.5, 0.35 * sour.count("cross"))
            told = worth if sour else 0.3
            if sour:
                self._note("words")
        for sign, seen in (("capitals", _shouts(text)), ("exclamation", bool(_LOUD.search(text)))):
            if seen:
                told += self._note(sign)  # type: ignore[arg-type]
        words = frozenset(_WORD.findall(lowered))
        if len(words) > 3 and len(words & self._last_words) >= 0.8 * len(words | self._last_words):
            told += self._note("repetition")
        self._last_words = words
        return told

    def _see(self, sign: Sign) -> None:
        self._move(self._score + self._note(sign))

    def _note(self, sign: Sign) -> float:
        self._signs.pop(sign, None)
        self._signs[sign] = self._turn
        return _WORTH.get(sign, 0.0)

    def _move(self, score: float) -> None:
        self._score = min(1.0, max(-1.0, score))
        for label in ("angry", "negative"):
            line = _LEFT[label] if self._label in (label, "angry") else _ENTERED[label]
            if self._score <= line:
                self._label = label
                return
        line = _LEFT["positive"] if self._label == "positive" else _ENTERED["positive"]
        self._label = "positive" if self._score >= line else "neutral"


def _missed(command: str) -> bool:
    """We did not understand, or what came was no answer to our question."""
    return command == "clarify" or command.startswith("unclear")


def _shouts(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= _FEWEST_CAPITALS and sum(map(str.isupper, letters)) > 0.7 * len(letters)
