"""Taking turns: when has the customer finished, do they interrupt us, have they gone? [core]

`TurnTaking` is fed with everything that bears on the question (voice, transcripts, the end-of-turn
model's verdicts, whether we are answering) and returns what must happen. Time is counted in the
customer's frames, so there is no clock here and no timer.

A customer's *utterance* runs from the first voice to the end of the turn. Inside it every silence is a
*pause* with a number of its own. Transcripts and verdicts carry the number of the pause they were made
for: one that arrives after the customer went on speaking is stale, and can never end the turn without
the new words.

While we answer, voice makes us hold our breath at once, and only words (or long voice) end the answer:
"uh-huh" and a cough cost a short hesitation, after which we go on where we stopped.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from pipelines.audio import FRAME_MS
from pipelines.voice import VoiceChange


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """How patient we are, in ms."""

    end_ms: int = 200
    "Silence that ends a turn which sounds and reads complete."
    undecided_ms: int = 600
    "Silence that ends a turn when the end-of-turn model gave no verdict."
    question_ms: int = 500
    "Silence that ends a turn which sounds unfinished but reads as a question."
    unfinished_ms: int = 1_000
    "Silence that ends a turn which sounds or reads unfinished."
    transcript_ms: int = 4_000
    "So long we wait for the words of a turn that is over."
    empty_ms: int = 600
    "Silence after which voice without words is forgotten."
    hold_ms: int = 200
    "Voice that makes us stop speaking for the moment."
    interrupt_ms: int = 800
    "Voice that ends our answer even before its words are known."
    longest_ms: int = 25_000
    "A turn without any pause is taken as it is after so much voice."
    ask_ms: int = 20_000
    "Silence after which we ask whether anybody is there."
    give_up_ms: int = 20_000
    "Silence after that question which ends the call."


class Answering(Enum):
    """What our side of the conversation is doing."""

    NO = auto()
    YES = auto()
    ENDING = auto()
    "The last second or so of an answer: a short word now replies to it and is no backchannel."


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
class GiveUp:
    """Nor did they answer that: say goodbye and end the call."""


Following = Began | Paused | Resumed | Drafted | Ended | Emptied
"What concerns whoever follows the utterance."
Action = Following | Hold | Interrupt | Release | AskPresence | GiveUp

BACKCHANNEL = frozenset(
    "uh um hm hmm hmmm mm mmm mhm mmhmm uhhuh huh oh ah aha okay ok yeah right i see go on".split()
)
"Words that only say: I am listening."

UNFINISHED = re.compile(
    r"(?:\b(?:and|but|or|so|because|if|the|a|an|my|your|to|um|uh|it's|i'm|"
    r"(?:number|name|address|e-?mail|code|zip|problem|question) (?:is|was)|"
    r"(?:like|want|wanted|need) to (?:know|ask|say)|was wondering)|[,\-–]|\.\.\.|…)\s*\.?$",
    re.IGNORECASE,
)
"Nobody ends a turn on these."


def words(text: str) -> list[str]:
    """The words of a transcript, lower case, without punctuation (a hyphen joins: `uh-huh` is one)."""
    return re.findall(r"\w+", re.sub(r"['’\-]", "", text.lower()))


def is_backchannel(text: str) -> bool:
    """Whether these words, said while we speak, only mean that we should go on."""
    said = words(text)
    return len(said) <= 4 and all(word in BACKCHANNEL for word in said)


class _Phase(Enum):
    IDLE = auto()
    SPEAKING = auto()
    PAUSED = auto()


class TurnTaking:
    """Whose turn it is in one call."""

    def __init__(self, times: TurnTimes) -> None:
        self._times = times
        self._phase = _Phase.IDLE
        self._answering = Answering.NO
        self._voice = False
        self._pause = 0
        self._quiet_ms = 0
        self._asked = False
        self._begin_utterance()

    def _begin_utterance(self) -> None:
        self._voiced_ms = 0
        self._held = self._interrupted = False
        self._partial = ""
        self._begin_pause()

    def _begin_pause(self) -> None:
        self._silent_ms = 0
        self._final: str | None = None
        self._complete: bool | None = None
        self._decision_ms: int | None = None

    # --- what we are told ------------------------------------------------------------------------

    def answering(self, state: Answering) -> None:
        """Say what our side is doing; anything but silence restarts the count of the customer's silence."""
        self._answering = state
        if state is not Answering.NO:
            self._quiet_ms = 0

    def written(self) -> None:
        """The customer typed something: they are there."""
        self._quiet_ms = 0
        self._asked = False

    def hear(self, change: VoiceChange | None, late_ms: int = 100) -> list[Action]:
        """Count one frame. `change` is what voice detection made of it; it reports `late_ms` late."""
        if change is not None:
            return self._voice_changed(change, late_ms)
        match self._phase:
            case _Phase.SPEAKING:
                return self._count_voice()
            case _Phase.PAUSED:
                self._silent_ms += FRAME_MS
                return self._judge()
            case _:
                return self._count_quiet()

    def partial(self, text: str) -> list[Action]:
        """Words of the utterance so far, perhaps wrong."""
        if self._phase is _Phase.IDLE:
            return []
        self._partial = text
        return self._interrupt_for(text)

    def final(self, pause: int, text: str) -> list[Action]:
        """The words of the whole utterance up to that pause."""
        if self._phase is not _Phase.PAUSED or pause != self._pause:
            return []
        self._final = text
        actions = self._interrupt_for(text)
        if self._held and not self._interrupted and self._is_nothing(text):
            self._held = False
            actions.append(Release())
        actions += self._judge()
        if self._phase is _Phase.PAUSED and not self._is_nothing(text) and not UNFINISHED.search(text):
            actions.append(Drafted(text, self._silent_ms))
        return actions

    def verdict(self, pause: int, complete: bool) -> list[Action]:
        """What the end-of-turn model says of the utterance up to that pause."""
        if self._phase is not _Phase.PAUSED or pause != self._pause:
            return []
        self._complete = complete
        return self._judge()

    def lost(self) -> list[Action]:
        """The recogniser failed: the words of this utterance will never come."""
        return [] if self._phase is _Phase.IDLE else self._end(Emptied())

    # --- what we make of it ----------------------------------------------------------------------

    def _voice_changed(self, change: VoiceChange, late_ms: int) -> list[Action]:
        self._voice = change is VoiceChange.STARTED
        if not self._voice:
            return self._fall_silent(late_ms) if self._phase is _Phase.SPEAKING else []
        if self._phase is _Phase.IDLE:
            self._phase = _Phase.SPEAKING
            self._begin_utterance()
            self._voiced_ms = late_ms
            return [Began()]
        if self._phase is _Phase.PAUSED:
            self._phase = _Phase.SPEAKING
            self._begin_pause()
            return [Resumed()]
        return []

    def _fall_silent(self, silent_ms: int) -> list[Action]:
        self._phase = _Phase.PAUSED
        self._pause += 1
        self._begin_pause()
        self._silent_ms = silent_ms
        return [Paused(self._pause)]

    def _count_voice(self) -> list[Action]:
        self._voiced_ms += FRAME_MS
        actions: list[Action] = []
        if self._voiced_ms >= self._times.hold_ms and not self._held:
            self._held = True
            actions.append(Hold())
        if self._voiced_ms >= self._times.interrupt_ms:
            actions += self._interrupt()
        if self._voiced_ms >= self._times.longest_ms:
            actions += self._fall_silent(0)
        return actions

    def _count_quiet(self) -> list[Action]:
        if self._answering is not Answering.NO:
            return []
        self._quiet_ms += FRAME_MS
        if not self._asked and self._quiet_ms >= self._times.ask_ms:
            self._asked = True
            self._quiet_ms = 0
            return [AskPresence()]
        if self._asked and self._quiet_ms == self._times.give_up_ms:
            return [GiveUp()]
        return []

    def _is_nothing(self, text: str) -> bool:
        """No words, or while we are in the middle of an answer only backchannel."""
        return not words(text) or (self._answering is Answering.YES and is_backchannel(text))

    def _interrupt_for(self, text: str) -> list[Action]:
        return [] if self._is_nothing(text) else self._interrupt()

    def _interrupt(self) -> list[Action]:
        if self._interrupted or self._answering is Answering.NO:
            return []
        self._held = self._interrupted = True
        return [Interrupt()]

    def _patience_ms(self) -> int:
        text = self._final or self._partial
        if self._complete is None:
            return self._times.undecided_ms
        if UNFINISHED.search(text):
            return self._times.unfinished_ms
        if self._complete:
            return self._times.end_ms
        return self._times.question_ms if text.endswith("?") else self._times.unfinished_ms

    def _judge(self) -> list[Action]:
        if self._final is not None and not self._interrupted and self._is_nothing(self._final):
            return self._end(Emptied()) if self._silent_ms >= self._times.empty_ms else []
        if self._decision_ms is None and self._silent_ms >= self._patience_ms():
            self._decision_ms = self._silent_ms
        if self._final is None:
            return self._take_turn(self._partial) if self._silent_ms >= self._times.transcript_ms else []
        if self._voice or self._silent_ms >= self._patience_ms():
            return self._take_turn(self._final)
        return []

    def _take_turn(self, text: str) -> list[Action]:
        if not words(text):
            return self._end(Emptied())
        self._quiet_ms = 0
        self._asked = False
        return self._end(Ended(text, self._silent_ms, self._decision_ms or self._silent_ms))

    def _end(self, how: Ended | Emptied) -> list[Action]:
        self._phase = _Phase.IDLE
        actions: list[Action] = [how, Release()] if self._held or self._interrupted else [how]
        self._begin_utterance()
        if self._voice:
            self._phase = _Phase.SPEAKING
            actions.append(Began())
        return actions
