"""Who took the call that we placed: a person, an answering machine, a fax? [core]

People say a word or two and wait for us; machines hold a speech and beep. So it is the length of the first
words that tells, and the silence after them, and where it does not the words themselves do. Tones are found
by the energy of 50 Hz bands, which are so many Goertzel filters side by side: a Fourier transform of one
frame. Time is counted in the frames heard since the call was answered. Relies on numpy.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np

from pipelines.audio import FRAME_MS, Frame

BAND_HZ = 1_000 // FRAME_MS
FAX_HZ = (1_100, 2_100)
"Calling and answering tone of a fax (ITU-T T.30, 4.1); modems answer with 2,100 Hz as well (V.25)."
INFORMATION_HZ = (950, 1_400, 1_800)
"The network's special information tones (ITU-T E.180): the number does not exist, or the like."

_MACHINE = re.compile(
    r"\b(?:leave|record) (?:me |us |him |her )?(?:a |an |your |the )?(?:\w+ ){0,2}(?:message|name|number)"
    r"|\b(?:after|at|wait for) the (?:\w+ )?(?:tone|beep|signal)"
    r"|\b(?:you(?:'ve| have)|you) reached\b|\bvoice ?mail\b|\bmail ?box\b|\banswering (?:machine|service)"
    r"|\b(?:is|are|am|'m|'re|is currently) (?:\w+ )?(?:not available|unavailable|unable|not able|away from)"
    r"|\b(?:can't|cannot|can not|couldn't) (?:\w+ )?(?:take|get to|come to|answer|reach)"
    r"|\bnot (?:here|in|home|available|accepting|in service)\b|\bmissed (?:you|your call)"
    r"|\b(?:get|call|ring) (?:right )?(?:you )?back\b|\breturn your call\b|\bforwarded to\b"
    r"|\bthe (?:person|number|customer|subscriber|party) you (?:are|have|were|'ve)\b"
    r"|\bpress (?:\d|one|two|pound)"
)
_PERSON = re.compile(
    r"\b(?:who(?:'s| is) (?:this|that|calling|there)|(?:how|what) (?:can|may|could) (?:i|we) (?:help|do)"
    r"|can i help|may i help|who am i (?:speaking|talking)|is (?:that|this) you)\b"
)


class Answerer(Enum):
    """Who took the call."""

    PERSON = "person"
    MACHINE = "machine"
    FAX = "fax"
    "Or a modem."
    NETWORK = "network"
    "Its information tones: nobody will come."
    UNKNOWN = "unknown"
    "Nobody said anything."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who took the call, and what that rests on. One by length may be followed by one by words."""

    answerer: Answerer
    by: Literal["length", "words", "tone", "silence"]
    after_ms: int
    "Since the call was answered."


@dataclass(frozen=True, slots=True)
class Beeped:
    """A machine's beep is over: now it records."""

    after_ms: int


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """How long what must last, in ms."""

    short_ms: int = 2_400
    "A greeting up to so long is a person's, once they wait for us."
    silence_ms: int = 800
    "That wait. Machines pause too, after `Hi.`, but less."
    long_silence_ms: int = 1_600
    "After a longer greeting, which may be a company's: a machine's beep would come before."
    longest_ms: int = 3_600
    "A greeting so long is a machine's; pauses inside count. What it says mostly tells before."
    nobody_ms: int = 4_000
    "Nothing was heard for so long after the answer."
    fax_ms: int = 400
    "A calling tone lasts 500."
    information_ms: int = 200
    "Each of the three lasts 330."
    beep_ms: int = 120


@dataclass(frozen=True, slots=True)
class Tone:
    """A pure tone that was heard."""

    hz: int
    "To 50 Hz."
    lasted_ms: int

    def is_one_of(self, frequencies: Sequence[int]) -> bool:
        """Whether it may have one of these frequencies."""
        return any(abs(self.hz - hz) <= BAND_HZ for hz in frequencies)


class Tones:
    """Tells pure tones from everything else, frame by frame."""

    PURITY = 0.8
    "Part of the energy in three neighbouring bands: speech and music spread theirs, noise more so."
    LEAST_DB = -45.0
    LOWEST_HZ, HIGHEST_HZ = 350, 2_600
    "Below are hum and hummed vowels."

    def __init__(self) -> None:
        self.sounding: Tone | None = None

    def hear(self, frame: Frame) -> Tone | None:
        """Take the next frame; the tone that has ended with it."""
        before, hz = self.sounding, self._hz(frame)
        if before is not None and hz is not None and before.is_one_of((hz,)):
            self.sounding = Tone(before.hz, before.lasted_ms + FRAME_MS)
            return None
        self.sounding = Tone(hz, FRAME_MS) if hz is not None else None
        return before

    def _hz(self, frame: Frame) -> int | None:
        samples = np.frombuffer(frame.pcm, np.int16).astype(np.float32) / 32_768
        if 10 * np.log10(np.square(samples).mean() + 1e-10) < self.LEAST_DB:
            return None
        energy = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))
        band = int(energy[1:-1].argmax()) + 1
        near = energy[band - 1 : band + 2].sum() / energy.sum()
        hz = band * BAND_HZ
        return hz if near >= self.PURITY and self.LOWEST_HZ <= hz <= self.HIGHEST_HZ else None


class AnsweringMachineDetection:
    """Judges one call that we placed, from the moment it was answered."""

    def __init__(self, times: AnswerTimes | None = None) -> None:
        self._times = times or AnswerTimes()
        self._tones = Tones()
        self._heard_ms = 0
        self._began_ms: int | None = None
        "Of the greeting."
        self._silent_ms = 0
        self._information: set[int] = set()
        self.verdict: Verdict | None = None
        "The newest."
        self.beeped = False
        "A machine's beep is over: it records."

    @property
    def beeping(self) -> bool:
        """Whether a tone sounds: no moment to begin to speak."""
        tone = self._tones.sounding
        return tone is not None and tone.lasted_ms >= self._times.beep_ms

    def hear(self, frame: Frame, *, voiced: bool) -> Verdict | Beeped | None:
        """Take the next frame, with what voice activity detection makes of it."""
        self._heard_ms += FRAME_MS
        ended = self._tones.hear(frame)
        if self.verdict is None and (answerer := self._by_tone()):
            return self._judge(answerer, "tone")
        if ended is not None and self._is_beep(ended) and not self._is_line:
            self.beeped = True
            known = self.verdict is not None and self.verdict.answerer is not Answerer.PERSON
            return Beeped(self._heard_ms) if known else self._judge(Answerer.MACHINE, "tone")
        if self.verdict is None and self._tones.sounding is None:
            return self._by_length(voiced)
        return None

    def heard(self, words: str) -> Verdict | None:
        """Take the words so far; they outweigh a judgement by length."""
        said = words.lower().replace("’", "'")
        if self.verdict is not None and self.verdict.by != "length":
            return None
        if _MACHINE.search(said):
            wanted = Answerer.MACHINE
        elif _PERSON.search(said):
            wanted = Answerer.PERSON
        else:
            return None
        known = self.verdict is not None and self.verdict.answerer is wanted
        return None if known else self._judge(wanted, "words")

    def _by_tone(self) -> Answerer | None:
        tone, times = self._tones.sounding, self._times
        if tone is None:
            return None
        if tone.lasted_ms >= times.fax_ms and tone.is_one_of(FAX_HZ):
            return Answerer.FAX
        if tone.lasted_ms >= times.information_ms:
            self._information |= {hz for hz in INFORMATION_HZ if tone.is_one_of((hz,))}
        return Answerer.NETWORK if len(self._information) >= 2 else None

    @property
    def _is_line(self) -> bool:
        """Whether no person and no recording is there."""
        return self.verdict is not None and self.verdict.answerer in (Answerer.FAX, Answerer.NETWORK)

    def _is_beep(self, tone: Tone) -> bool:
        """A tone before any word that may be the network's first is none yet."""
        early = self._began_ms is None and tone.is_one_of(INFORMATION_HZ)
        return tone.lasted_ms >= self._times.beep_ms and not early

    def _by_length(self, voiced: bool) -> Verdict | None:
        if self._began_ms is None:
            if voiced:
                self._began_ms = self._heard_ms
            elif self._heard_ms >= self._times.nobody_ms:
                return self._judge(Answerer.UNKNOWN, "silence")
            return None
        times = self._times
        self._silent_ms = 0 if voiced else self._silent_ms + FRAME_MS
        spoken_ms = self._heard_ms - self._silent_ms - self._began_ms
        if spoken_ms >= times.longest_ms:
            return self._judge(Answerer.MACHINE, "length")
        wait_ms = times.silence_ms if spoken_ms <= times.short_ms else times.long_silence_ms
        return self._judge(Answerer.PERSON, "length") if self._silent_ms >= wait_ms else None

    def _judge(self, answerer: Answerer, by: Literal["length", "words", "tone", "silence"]) -> Verdict:
        self.verdict = Verdict(answerer, by, self._heard_ms)
        return self.verdict
