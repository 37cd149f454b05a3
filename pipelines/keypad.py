"""The caller's telephone keys: when do digits make a number, a choice, or a wish for a person? [core]

Keys come one by one. A number ends with `#`, with the last digit of what was asked for, or when no further
key comes; `*` takes back what was keyed. Time is counted in the call's frames, so there is no clock here.

Keys and speech of one moment are one turn: "my order number is", then five keys. Whichever ends first waits
for the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.audio import FRAME_MS

DIGITS = frozenset("0123456789")
END, ERASE = "#", "*"
OPERATOR = "0"
PERSON_WANTED = "I want to talk to a person."
"What `0` by itself says: callers everywhere expect that of it."
LONGEST = 32
"Digits of one number; with so many it is over."


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """Waiting, in ms of the call's own sound."""

    between_ms: int = 3_000
    "Without a further key for so long, the number is over: people read it off paper."
    choice_ms: int = 1_000
    "The same after a single key that says something by itself."
    join_ms: int = 2_000
    "A number that is over waits so long for the end of what is being said at the same time."


@dataclass(frozen=True, slots=True)
class KeyChoices:
    """What single keys say in this agent's calls, in words a customer would use."""

    menu: Mapping[str, str] = field(default_factory=dict)
    "While nothing is asked."
    answers: Mapping[str, str] = field(default_factory=dict)
    "While we ask yes or no."


@dataclass(frozen=True, slots=True)
class KeyMeaning:
    """What keys mean just now."""

    digits: int | None = None
    "A number was asked for and has so many; None: none was, or its length is not known."
    choices: Mapping[str, str] = field(default_factory=dict)
    "What a key by itself says."

    def of(self, keyed: str) -> str:
        """What was said with these keys: words for a choice, else the digits."""
        if len(keyed) > 1 or self.digits == len(keyed):
            return keyed
        return PERSON_WANTED if keyed == OPERATOR else self.choices.get(keyed, keyed)

    def complete(self, keyed: str) -> bool:
        """Whether no further digit can belong to it."""
        return len(keyed) == LONGEST or len(keyed) == self.digits


@dataclass(frozen=True, slots=True)
class KeysBegan:
    """The first digit: the customer has the word."""


@dataclass(frozen=True, slots=True)
class KeysTaken:
    """The customer's turn, as far as it was keyed."""

    text: str = field(repr=False)
    "Digits, or the words of a choice, behind what was said along with them."
    quiet_ms: int
    "Since the last key."


@dataclass(frozen=True, slots=True)
class KeysErased:
    """What was keyed does not count, and nothing else was said: the customer's turn came to nothing."""


KeyAction = KeysBegan | KeysTaken | KeysErased


class Keypad:
    """The keys of one call."""

    def __init__(self, times: KeyTimes | None = None) -> None:
        self._times = times or KeyTimes()
        self._forget()

    def _forget(self) -> None:
        self._keyed = self._words = ""
        self._meaning = KeyMeaning()
        self._quiet_ms = 0
        self._over = False
        self.busy = False
        "A number is being keyed, or waits for the end of what is being said with it."

    def press(self, key: str, meaning: KeyMeaning, *, speaking: bool) -> list[KeyAction]:
        """Take a key; `speaking`: the customer says something at the same time.

        What the keys mean is settled by the first. Keys that no telephone of today has are ignored, and so
        are `#` and `*` where nothing was keyed: many press `#` after a number that was complete already.
        """
        if key in DIGITS:
            return self._digit(key, meaning, speaking)
        if not self.busy or self._over:
            return []
        self._quiet_ms = 0
        if key == ERASE:
            self._keyed = ""
        return self._end(speaking) if key == END else []

    def hear(self, *, speaking: bool) -> list[KeyAction]:
        """Count one frame."""
        if not self.busy:
            return []
        self._quiet_ms += FRAME_MS
        if self._over:
            return self._take() if not speaking or self._quiet_ms >= self._times.join_ms else []
        return self._end(speaking) if self._quiet_ms >= self._patience_ms() else []

    def said(self, text: str) -> list[KeyAction]:
        """A spoken turn ended while keys are under way (`busy`): it becomes a part of theirs."""
        self._words = f"{self._words} {text}".strip()
        return self._take() if self._over else []

    def _digit(self, key: str, meaning: KeyMeaning, speaking: bool) -> list[KeyAction]:
        actions: list[KeyAction] = []
        if self._over:
            actions += self._take()
        if not self.busy:
            self.busy, self._meaning = True, meaning
            actions.append(KeysBegan())
        self._keyed += key
        self._quiet_ms = 0
        return [*actions, *self._end(speaking)] if self._meaning.complete(self._keyed) else actions

    def _patience_ms(self) -> int:
        chosen = self._meaning.digits is None and self._meaning.of(self._keyed) != self._keyed
        return self._times.choice_ms if chosen else self._times.between_ms

    def _end(self, speaking: bool) -> list[KeyAction]:
        """The number is over; words that are being said along with it are waited for."""
        self._over = True
        return [] if speaking else self._take()

    def _take(self) -> list[KeyAction]:
        keyed = self._meaning.of(self._keyed)
        text, quiet_ms = f"{self._words} {keyed}".strip(), self._quiet_ms
        self._forget()
        return [KeysTaken(text, quiet_ms) if text else KeysErased()]
