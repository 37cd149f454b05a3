"""How patient we are with a caller, in ms of their own sound. [core]

Two things speak of the end of a turn, and neither is right often enough alone: the end-of-turn model's
probability, and how the words read. A pause inside a sentence that sounds and reads complete cannot be told
from an end; where either doubts we wait, the longer the more they doubt. Figures: `python -m bench turns`.
"""

from dataclasses import dataclass

from pipelines.reading import Reading


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """Silences and voices that mean something, and how sure the end-of-turn model must be of an end."""

    end_ms: int = 220
    "Silence that ends a turn which sounds and reads complete."
    sure: float = 0.88
    "From this probability a turn sounds complete."
    doubtful: float = 0.5
    "Below this probability it sounds unfinished; in between patience falls evenly."
    undecided_ms: int = 700
    "Silence that ends a turn when the end-of-turn model gave no verdict."
    loose_ms: int = 900
    "Silence that ends a turn which sounds complete but reads as if more were to come."
    finished_ms: int = 600
    "Silence that ends a turn which sounds unfinished but reads finished."
    unsure_ms: int = 1_100
    "Silence that ends a turn which only sounds unfinished: a second for breath, and to hear them go on."
    unfinished_ms: int = 1_600
    "Silence that ends a turn which reads unfinished."
    transcript_ms: int = 4_000
    "So long we wait for the words of a turn that is over, if some are known or our own answer has to wait."
    late_ms: int = 12_000
    "And so long if none are: on a machine that is busy or was idle for long they come late, but they come."
    empty_ms: int = 600
    "Silence after which voice without words is forgotten."
    wordless_ms: int = 400
    "Silence after a sound without words until we speak on: it may have been half of a first word."
    hold_ms: int = 100
    "Voice that makes us stop speaking for the moment."
    interrupt_ms: int = 1_500
    "Voice that ends our answer even before its words are known."
    longest_ms: int = 25_000
    "A turn without any pause is taken as it is after so much voice."
    ask_ms: int = 15_000
    "Silence after which we ask whether anybody is there."
    offer_ms: int = 15_000
    "Silence after that question which makes us say what else they can do."
    give_up_ms: int = 20_000
    "Silence after that which ends the call."

    def patience_ms(self, reads: Reading, probability: float | None) -> int:
        """Silence that ends a turn which reads so, and which is over so probably."""
        if reads is Reading.UNFINISHED:
            return self.unfinished_ms
        if probability is None:
            return self.undecided_ms
        sounds_ms = self._by_sound(probability)
        if reads is Reading.FINISHED:
            return min(sounds_ms, self.finished_ms)
        return max(sounds_ms, self.loose_ms) if reads is Reading.LOOSE else sounds_ms

    def _by_sound(self, probability: float) -> int:
        doubt = (self.sure - probability) / (self.sure - self.doubtful)
        return round(self.end_ms + min(1.0, max(0.0, doubt)) * (self.unsure_ms - self.end_ms))
