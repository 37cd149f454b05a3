"""Taking turns: when has the customer finished, do they interrupt us, have they gone? [core]

`TurnTaking` is fed with everything that bears on the question (voice, transcripts, the end-of-turn
model's verdicts, whether we are answering) and returns what must happen. Time is counted in the
customer's frames, so there is no clock here and no timer.

A customer's *utterance* runs from the first voice to the end of the turn. Inside it every silence is a
*pause* with a number of its own. Transcripts and verdicts carry the number of the pause they were made
for: one that arrives after the customer went on speaking is stale, and can never end the turn without
the new words.

While we answer, voice makes us hold our breath at once, and only words (or long voice) end the answer:
"uh-huh" and a cough cost a short hesitation, after which we go on where we stopped. Voices in the background
do nothing at all, whatever they say.
"""

from collections.abc import Set
from enum import Enum, auto

from pipelines.audio import FRAME_MS
from pipelines.reading import Reading, is_backchannel, reading, words
from pipelines.turn_actions import (
    Action,
    AskPresence,
    Began,
    Drafted,
    Emptied,
    Ended,
    GiveUp,
    Hold,
    Interrupt,
    OfferHelp,
    Paused,
    Release,
    Resumed,
)
from pipelines.turn_times import TurnTimes
from pipelines.voice import VoiceChange


class Answering(Enum):
    """What our side of the conversation is doing."""

    NO = auto()
    YES = auto()
    ENDING = auto()
    "The last second or so of an answer: a short word now replies to it and is no backchannel."


class _Phase(Enum):
    IDLE = auto()
    SPEAKING = auto()
    PAUSED = auto()


class TurnTaking:
    """Whose turn it is in one call."""

    def __init__(self, times: TurnTimes, number_lengths: Set[int] = frozenset()) -> None:
        """`number_lengths`: how many digits the numbers have that customers dictate here, if we know."""
        self._times = times
        self._number_lengths = number_lengths
        self._asked_digits: Set[int] = frozenset()
        self._asked_yes_no = False
        self._phase = _Phase.IDLE
        self._answering = Answering.NO
        self._voice = False
        self._pause = 0
        self._stirring = False
        self._present()
        self._begin_utterance()

    def _begin_utterance(self) -> None:
        self._voiced_ms = 0
        self._held = self._interrupted = self._near = False
        self._replies = False
        "Its first words came into the last second of ours."
        self._partial = ""
        self._begin_pause()

    def _begin_pause(self) -> None:
        self._silent_ms = 0
        self._final: str | None = None
        self._probability: float | None = None
        self._decision_ms: int | None = None

    # --- what we are told ------------------------------------------------------------------------

    def answering(self, state: Answering) -> None:
        """Say what our side is doing; anything but silence restarts the count of the customer's silence."""
        self._answering = state
        if state is not Answering.NO:
            self._quiet_ms = 0

    def expect(self, *, yes_no: bool, digits: int | None = None) -> None:
        """Say whether our last question asks yes or no, or for a number of so many digits."""
        self._asked_yes_no = yes_no
        self._asked_digits = frozenset() if digits is None else {digits}

    def written(self) -> None:
        """The customer typed something: they are there."""
        self._present()

    @property
    def hearing(self) -> bool:
        """Whether an utterance of the customer's is under way."""
        return self._phase is not _Phase.IDLE

    @property
    def background(self) -> bool:
        """Whether what is heard is, so far, a voice around the customer."""
        return self.hearing and not self._near

    def hear(
        self, change: VoiceChange | None, late_ms: int = 100, *, stirring: bool = False, near: bool = True
    ) -> list[Action]:
        """Count one frame.

        `change` is what voice detection made of it; it reports `late_ms` late. `stirring`: it may be about
        to report voice. A turn does not end while it is. `near`: the voice is a caller's, as far as it tells;
        an utterance of which that is never said is nobody's.
        """
        self._stirring = stirring
        if change is not None:
            return self._voice_changed(change, late_ms, near=near)
        self._near = self._near or near
        match self._phase:
            case _Phase.SPEAKING:
                return self._count_voice()
            case _Phase.PAUSED:
                self._silent_ms += FRAME_MS
                return self._let_go() + self._judge()
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
        actions += self._let_go()
        actions += self._judge()
        if self._phase is _Phase.PAUSED and not self._is_nothing(text) and self._reads() > Reading.UNFINISHED:
            actions.append(Drafted(text, self._silent_ms))
        return actions

    def verdict(self, pause: int, probability: float) -> list[Action]:
        """How probably the turn is over with that pause, by its sound."""
        if self._phase is not _Phase.PAUSED or pause != self._pause:
            return []
        self._probability = probability
        return self._judge()

    def lost(self) -> list[Action]:
        """The recogniser failed: the words of this utterance will never come."""
        return [] if self._phase is _Phase.IDLE else self._end(Emptied())

    # --- what we make of it ----------------------------------------------------------------------

    def _voice_changed(self, change: VoiceChange, late_ms: int, *, near: bool) -> list[Action]:
        self._voice = change is VoiceChange.STARTED
        if not self._voice:
            return self._fall_silent(late_ms) if self._phase is _Phase.SPEAKING else []
        if self._phase is _Phase.IDLE:
            self._phase = _Phase.SPEAKING
            self._begin_utterance()
            self._near = near
            self._voiced_ms = late_ms
            return [Began(), *self._hold()]
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
        actions = self._hold()
        if self._voiced_ms >= self._times.interrupt_ms:
            actions += self._interrupt()
        if self._voiced_ms >= self._times.longest_ms:
            actions += self._fall_silent(0)
        return actions

    def _hold(self) -> list[Action]:
        if self._held or not self._near or self._voiced_ms < self._times.hold_ms:
            return []
        self._held = True
        return [Hold()]

    def _let_go(self) -> list[Action]:
        """Speak on after a murmur; after a sound without words only in a while: it may have been a word."""
        if self._final is None or not self._held or self._interrupted or not self._is_nothing(self._final):
            return []
        if not words(self._final) and self._silent_ms < self._times.wordless_ms:
            return []
        self._held = False
        return [Release()]

    def _count_quiet(self) -> list[Action]:
        if self._answering is not Answering.NO:
            return []
        self._quiet_ms += FRAME_MS
        steps: list[tuple[int, Action]] = [
            (self._times.ask_ms, AskPresence()),
            (self._times.offer_ms, OfferHelp()),
            (self._times.give_up_ms, GiveUp()),
        ]
        if self._appeals == len(steps) or self._quiet_ms < steps[self._appeals][0]:
            return []
        action = steps[self._appeals][1]
        self._appeals += 1
        self._quiet_ms = 0
        return [action]

    def _present(self) -> None:
        """The customer is there: their silence counts anew."""
        self._quiet_ms = 0
        self._appeals = 0

    def _is_nothing(self, text: str) -> bool:
        """No words, words in the background, or while we are in the middle of an answer only backchannel."""
        if not words(text) or not self._near:
            return True
        return self._answering is Answering.YES and is_backchannel(text, number=not self._asked_digits)

    def _interrupt_for(self, text: str) -> list[Action]:
        return [] if self._is_nothing(text) else self._interrupt()

    def _interrupt(self) -> list[Action]:
        if self._interrupted or not self._near or self._answering is Answering.NO:
            return []
        self._held = self._interrupted = True
        self._replies = self._answering is Answering.ENDING
        return [Interrupt()]

    def _reads(self) -> Reading:
        text = self._final if self._final is not None else self._partial
        # Into the middle of an answer people say "no" and "sorry" to get the word, and go on.
        replies = self._asked_yes_no or self._replies
        return reading(text, self._asked_digits or self._number_lengths, yes_no=replies)

    def _over(self) -> bool:
        """Whether the silence is long enough for an end. While voice may be coming back none is."""
        if self._stirring:
            return False
        return self._silent_ms >= self._times.patience_ms(self._reads(), self._probability)

    def _judge(self) -> list[Action]:
        if self._final is not None and not self._interrupted and self._is_nothing(self._final):
            return self._empty() if self._silent_ms >= self._times.empty_ms else []
        over = self._over()
        if self._decision_ms is None and over:
            self._decision_ms = self._silent_ms
        if self._final is None:
            return self._take_turn(self._partial) if self._silent_ms >= self._longest_wait_ms() else []
        return self._take_turn(self._final) if over or self._voice else []

    def _longest_wait_ms(self) -> int:
        """For words that do not come. A turn of which nothing is known would be lost to whoever took it."""
        nobody_waits = self._answering is Answering.NO and self._near
        return self._times.transcript_ms if words(self._partial) or not nobody_waits else self._times.late_ms

    def _take_turn(self, text: str) -> list[Action]:
        if not words(text) or not self._near:
            return self._empty()
        self._present()
        return self._end(Ended(text, self._silent_ms, self._decision_ms or self._silent_ms))

    def _empty(self) -> list[Action]:
        return self._end(Emptied(background=not self._near))

    def _end(self, how: Ended | Emptied) -> list[Action]:
        self._phase = _Phase.IDLE
        actions: list[Action] = [how, Release()] if self._held or self._interrupted else [how]
        self._begin_utterance()
        if self._voice:
            self._phase = _Phase.SPEAKING
            actions.append(Began())
        return actions
