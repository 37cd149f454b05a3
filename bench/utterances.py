"""What callers say in `bench turns`: recordings with a pause put inside, dictated digits, made sentences.

Every utterance knows the truth: when its first and last voiced samples are, and where its pauses lie.
Nothing is drawn by chance: the same folder gives the same utterances.
"""

import csv
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.sound import Sound, read

RATE = 16_000
STEP = RATE // 100
"10 ms."
PAUSES_MS = (300, 500, 700, 1_000)
BELOW_PEAK_DB = 35.0
"Sound this far below the loudest 10 ms of a recording is not voice."
ABOVE_NOISE_DB = 10.0
SURELY_DB = -15.0
"Against the loudest 10 ms: this is voice even in a recording without any quiet in it."
LEAST_GAP_MS = 90
"A shorter silence is as likely a stop consonant as a gap between words."
FLOOR = 0.0004
"Room noise, root mean square: about -68 dB of full scale."

TEXTS: dict[str, list[str]] = json.loads((Path(__file__).parent / "sentences.json").read_text())
Speak = Callable[[str], Sound]
"""Reads a text out, at 16 kHz."""
Words = Sequence[tuple[str, int]]
"""The words of a recording, with punctuation, and where each ends, in ms."""
Align = Callable[[Sound], Words]
LEADING = frozenset(
    "a an the my your his her our their this and or but with of to for from at in is are was which that if "
    "can may could please press has be been will into by".split()
)
"Words that something must follow."


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn of a caller's."""

    name: str
    kind: str
    "`recording`, `digits`, `sentence`, `answer` (to a question of ours that asks yes or no) or `whole`."
    sound: Sound
    pause_ms: int = 0
    "The pause that was put inside; 0: none."

    @property
    def voiced_ms(self) -> tuple[int, int]:
        """First and last voiced sample."""
        loud = np.flatnonzero(levels(self.sound) > -BELOW_PEAK_DB)
        return int(loud[0]) * 10, int(loud[-1] + 1) * 10


def levels(sound: Sound) -> Sound:
    """Level of every 10 ms in dB against the loudest."""
    steps = sound[: len(sound) // STEP * STEP].reshape(-1, STEP)
    power = np.square(steps).mean(axis=1) + 1e-12
    decibels: Sound = (10 * np.log10(power / power.max())).astype(np.float32)
    return decibels


def onset_ms(sound: Sound) -> int:
    """When the first word begins: for 100 ms most of it is louder than the recording's own noise, and voice.

    A click where the recording was cut, or breath, is none.
    """
    level = levels(sound)
    noise = float(np.quantile(level, 0.1))
    voice = level > max(-BELOW_PEAK_DB, min(noise + ABOVE_NOISE_DB, SURELY_DB))
    lasting = np.convolve(voice, np.ones(10), mode="full")[9:] >= 8
    return int(np.flatnonzero(voice & lasting)[0]) * 10


def room(ms: int, level: float = FLOOR, seed: int = 1) -> Sound:
    """The sound of a quiet room."""
    noise: Sound = np.random.default_rng(seed).normal(0, level, RATE * ms // 1_000).astype(np.float32)
    return noise


def hesitating(utterance: Utterance, words: Words, pause_ms: int) -> Utterance | None:
    """The same with a pause after a word that no sentence ends on, nearest the middle; None without one."""
    first, last = utterance.voiced_ms
    leading = [end for word, end in words[:-1] if word.strip(" ,").lower() in LEADING and first < end < last]
    if not leading:
        return None
    end = min(leading, key=lambda end: abs(end - (first + last) // 2)) // 10
    quiet = np.convolve(levels(utterance.sound), np.ones(3) / 3, mode="same")
    at = max(range(end - 5, end + 6), key=lambda at: -quiet[at])
    return pausing(utterance, at, at, pause_ms) if quiet[at] < -15 else None


def phrased(utterance: Utterance, pause_ms: int) -> Utterance | None:
    """The same with its longest gap between words made a pause; None if its words run into each other.

    People make such gaps between phrases, and the words before it are often a sentence already: such a
    pause cannot always be told from an end.
    """
    first, last = utterance.voiced_ms
    before, after = longest_gap(utterance.sound)
    if (after - before) * 10 < LEAST_GAP_MS or not first + 500 < after * 10 < last - 500:
        return None
    paused = pausing(utterance, (before + after) // 2, (before + after) // 2, pause_ms)
    return replace(paused, kind="whole")


def pausing(utterance: Utterance, before: int, after: int, pause_ms: int) -> Utterance:
    """A pause, as quiet as what it replaces, from one 10 ms to another."""
    around = utterance.sound[(before - 2) * STEP : (after + 2) * STEP]
    level = min(max(float(np.sqrt(np.square(around).mean())), FLOOR / 4), 4 * FLOOR)
    parts = (utterance.sound[: before * STEP], room(pause_ms, level), utterance.sound[after * STEP :])
    return replace(utterance, sound=np.concatenate(parts), pause_ms=pause_ms)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the folder's manifest."""

    path: Path
    transcript: str
    kind: str
    seconds: float


def manifest(folder: Path) -> list[Entry]:
    """The recordings of a folder, by name."""
    with (folder / "manifest.tsv").open(newline="") as lines:
        entries = [
            Entry(folder / row["file"], row["transcript"], row["kind"], float(row["seconds"]))
            for row in csv.DictReader(lines, delimiter="\t")
        ]
    return sorted(entries, key=lambda entry: entry.path.name)


def recordings(folder: Path, align: Align) -> Iterator[Utterance]:
    """Single sentences of two seconds and more that people said, each also with a pause inside."""
    pauses = itertools.cycle(PAUSES_MS)
    for entry in manifest(folder):
        if entry.kind not in ("speech", "speech-intent") or not 2.0 <= entry.seconds <= 12.0:
            continue
        plain = Utterance(entry.path.stem, "recording", read(entry.path))
        words = align(plain.sound)
        if any(word.rstrip()[-1:] in ".!?:;" for word, _ in words[:-1]):
            continue  # between two sentences a pause is an end
        if not words or abs(plain.voiced_ms[1] - words[-1][1]) > 300:
            continue  # something sounds after the last word: where the turn ends is not known
        yield plain
        pause_ms = next(pauses)
        yield from filter(None, (hesitating(plain, words, pause_ms), phrased(plain, pause_ms)))


def dictations(folder: Path) -> Iterator[Utterance]:
    """Five digits in a row by one speaker, a pause after the first, second, third or fourth."""
    spoken: dict[str, list[Sound]] = {}
    for entry in manifest(folder):
        if entry.kind == "digit":
            spoken.setdefault(entry.path.stem.split("_")[3], []).append(read(entry.path))
    pauses = itertools.cycle(PAUSES_MS)
    for speaker, digits in sorted(spoken.items()):
        for n in range(len(digits) // 5):
            five = digits[n :: len(digits) // 5][:5]
            yield dictated(f"{speaker}-{n}", five, 1 + n % 4, next(pauses))
            yield dictated(f"{speaker}-{n}", five, 0, 0)


def dictated(name: str, digits: Sequence[Sound], after: int, pause_ms: int) -> Utterance:
    """The digits one after another, 120 ms apart, with a pause after so many."""
    parts = [room(200)]
    for n, digit in enumerate(digits, 1):
        level = float(np.abs(digit).max())
        parts += [digit * np.float32(0.5 / level), room(pause_ms if n == after else 120, seed=n)]
    return Utterance(name, "digits", np.concatenate(parts), pause_ms)


def sentences(speak: Speak) -> Iterator[Utterance]:
    """What callers say to a shop, read out by a made voice; `|` is the pause."""
    paused = [("sentence", text) for text in TEXTS["paused"]] + [("whole", text) for text in TEXTS["whole"]]
    for n, (kind, text) in enumerate(paused):
        plain = Utterance(text, kind, spoken(speak, as_read(text)))
        before, after = longest_gap(plain.sound)
        for pause_ms in (PAUSES_MS[n % 4], PAUSES_MS[(n + 2) % 4]):
            yield pausing(plain, before, after, pause_ms)
    for kind, key in (("sentence", "complete"), ("answer", "answers")):
        for text in TEXTS[key]:
            yield Utterance(text, kind, spoken(speak, text))


def spoken(speak: Speak, text: str) -> Sound:
    """A text read out, between quiet."""
    return np.concatenate((room(200), voiced(speak(text)), room(20)))


def texts() -> list[str]:
    """All that the made voice is to read."""
    return [as_read(text) for group in TEXTS.values() for text in group]


def as_read(text: str) -> str:
    """The text with a comma for the pause: the voice then speaks as one does who will go on."""
    return ", ".join(part.strip().rstrip(",") for part in text.split("|"))


def longest_gap(sound: Sound) -> tuple[int, int]:
    """First and last 10 ms of the longest silence inside; the same if there is none."""
    first, last = (ms // 10 for ms in Utterance("", "", sound).voiced_ms)
    quiet = levels(sound)[first:last] < -BELOW_PEAK_DB
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return 0, 0
    longest = int((ends - begins).argmax())
    return first + int(begins[longest]), first + int(ends[longest])


def voiced(sound: Sound) -> Sound:
    """The sound from its first to its last voiced sample."""
    first, last = Utterance("", "", sound).voiced_ms
    return sound[first * RATE // 1_000 : last * RATE // 1_000]
