"""What turn taking asks of the rest of a call. [core]

`turns.TurnTaking` returns these, `frontend.py` does them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Began:
    """The customer began an utterance."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The customer fell silent: transcribe the utterance so far, ask the end-of-turn model."""

    pause: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The customer went on before the turn was over."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """The words up to this pause are known and the turn may be over: an answer may be begun, in silence.

    It holds until `Ended` with the same words, or until `Resumed` or `Emptied`.
    """

    text: str
    silent_ms: int
    "Since the last voiced sample."


@dataclass(frozen=True, slots=True)
class Ended:
    """The customer's turn is over."""

    text: str
    silent_ms: int
    "Since the last voiced sample."
    decision_ms: int
    "Silence at which the turn would have ended had the words been there."


@dataclass(frozen=True, slots=True)
class Emptied:
    """There were no words in it, or none that ask for an answer."""

    background: bool = False
    "It was a voice around the customer."


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop speaking, but keep what was not played."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Our answer is over: the customer has the word."""


@dataclass(frozen=True, slots=True)
class Release:
    """The customer does not speak any more: we may."""


@dataclass(frozen=True, slots=True)
class AskPresence:
    """Nobody has said anything for long: ask whether they are there."""


@dataclass(frozen=True, slots=True)
class OfferHelp:
    """They did not answer that: tell them what else they can do."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nor did that help: say goodbye and end the call."""


Following = Began | Paused | Resumed | Drafted | Ended | Emptied
"What concerns whoever follows the utterance."
Action = Following | Hold | Interrupt | Release | AskPresence | OfferHelp | GiveUp
