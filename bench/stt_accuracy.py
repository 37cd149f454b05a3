"""Word error rates: our windowed decode against the plain 30 s decode, clean and in noise, in both bands.

Both use the same Whisper weights. Ours is `pipelines.whisper` as the default configuration has it, with the
guards that the recogniser puts behind it; *plain* is faster-whisper with beam 1, one temperature and its
default guards. Every decode is written down as soon as it is made (`build/bench/stt/decodes.jsonl`), so a run
that was stopped goes on where it was; what another version of `pipelines/whisper.py` decoded is done anew.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from bench import clips as recordings
from bench import wer
from bench.clips import Clip
from bench.figures import Figure
from bench.peers import BUILD
from bench.sound import Sound, narrowband, noisy
from bench.stt_systems import WHISPER
from gateway.config import Recogniser
from pipelines import whisper
from pipelines.transcript import join_digits
from pipelines.whisper import Whisper, WhisperSettings, believable

DECODES = BUILD / "stt" / "decodes.jsonl"
OURS, PLAIN = "warmline", "faster-whisper, 30 s, beam 1"
POINTS = 0.5
"Ours may be so many per cent of words worse."
LEAD_MS, TAIL_MS = 400, 100
"Silence around a clip, as much as the recogniser takes of a call before and after the voice."
SNRS_DB = (20, 10, 5)
NOISES = ("office", "babble")

Decode = Callable[[Sound], dict[str, Any]]
"""Sound in, `text` and whatever else is worth keeping out."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What was done to a clip before it was decoded."""

    band: str
    "`wide` (16 kHz) or `narrow` (8 kHz, mu-law)."
    noise: str = ""
    snr_db: int | None = None

    def __str__(self) -> str:
        return f"{self.band}, {self.noise} at {self.snr_db} dB" if self.noise else f"{self.band}, clean"


def conditions() -> list[Condition]:
    """All of them, the clean ones first."""
    bands = ("wide", "narrow")
    clean = [Condition(band) for band in bands]
    return clean + [Condition(band, noise, snr) for noise in NOISES for snr in SNRS_DB for band in bands]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One clip, decoded once."""

    clip: str
    condition: str
    decoder: str
    text: str
    details: dict[str, Any]


class Spoiler:
    """Makes clips sound as they do under a condition."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._noises = {
            "office": recordings.noise(clips, "office"),
            "babble": recordings.babble(recordings.speech(clips)),
        }

    def spoil(self, clip: Clip, condition: Condition) -> Sound:
        """The clip's sound under that condition; the noise is the same on every run."""
        sound = np.pad(clip.sound, (LEAD_MS * 16, TAIL_MS * 16))
        if condition.noise and condition.snr_db is not None:
            bed = self._noises[condition.noise]
            start = int.from_bytes(hashlib.sha256(clip.name.encode()).digest()[:4]) % len(bed)
            sound = noisy(sound, np.roll(bed, -start), condition.snr_db)
        return narrowband(sound) if condition.band == "narrow" else sound


def windowed(model: Path, threads: int, hot_words: str = "") -> Decode:
    """Ours, with what the recogniser does to the words."""
    ours = Whisper(WhisperSettings(model, cpu_threads=threads, hot_words=hot_words))

    def decode(sound: Sound) -> dict[str, Any]:
        decoded = ours.decode(sound)
        text = join_digits(decoded.text) if believable(decoded) else ""
        return {"said": decoded.text, **asdict(decoded), "text": text}

    return decode


def plain(model: Path, threads: int) -> Decode:
    """faster-whisper over 30 s, greedy."""
    theirs = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=threads)

    def decode(sound: Sound) -> dict[str, Any]:
        segments, _ = theirs.transcribe(
            sound, language="en", beam_size=1, temperature=0.0, condition_on_previous_text=False
        )
        return {"text": " ".join(segment.text.strip() for segment in segments)}

    return decode


def version(hot_words: str) -> str:
    """Names what decodes: the version of `pipelines/whisper.py` and its hot words."""
    return hashlib.sha256(Path(whisper.__file__).read_bytes() + hot_words.encode()).hexdigest()[:8]


def decodes(path: Path) -> Iterator[Decoded]:
    """What was decoded before, by any version."""
    if path.is_file():
        for line in path.read_text().splitlines():
            yield Decoded(**json.loads(line))


def decode_all(
    clips: Sequence[Clip], chosen: Sequence[Clip], decoders: dict[str, Decode], under: Sequence[Condition]
) -> None:
    """Decode the chosen clips under those conditions by every decoder, unless that was done before."""
    DECODES.parent.mkdir(parents=True, exist_ok=True)
    done = {(entry.clip, entry.condition, entry.decoder) for entry in decodes(DECODES)}
    spoiler = Spoiler(clips)
    with DECODES.open("a") as file:
        for place, clip in enumerate(chosen, start=1):
            for condition in under:
                todo = [name for name in decoders if (clip.name, str(condition), name) not in done]
                sound = spoiler.spoil(clip, condition) if todo else clip.sound
                for name in todo:
                    found = decoders[name](sound)
                    entry = Decoded(clip.name, str(condition), name, found.pop("text"), found)
                    file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
                    file.flush()
            if place % 20 == 0:
                print(f"bench stt: decoded {place} of {len(chosen)} clips", file=sys.stderr, flush=True)


def measure(
    clips: Sequence[Clip], chosen: Sequence[Clip], models: Path, threads: int, under: Sequence[Condition]
) -> list[Decoded]:
    """Both decoders on the chosen clips under those conditions; `clips` has the noises as well."""
    hot_words = Recogniser().hot_words
    named = {f"windowed {version(hot_words)}": OURS, "plain, led in": PLAIN}
    model = models / WHISPER
    decoders = (windowed(model, threads, hot_words), plain(model, threads))
    decode_all(clips, chosen, dict(zip(named, decoders, strict=True)), under)
    wanted = {(clip.name, str(condition)) for clip in chosen for condition in under}
    found = {
        (entry.clip, entry.condition, entry.decoder): replace(entry, decoder=named[entry.decoder])
        for entry in decodes(DECODES)
        if entry.decoder in named and (entry.clip, entry.condition) in wanted
    }
    return list(found.values())


def raw(decoded: Sequence[Decoded]) -> dict[str, dict[str, dict[str, str]]]:
    """What was heard, by condition, clip and system."""
    heard: dict[str, dict[str, dict[str, str]]] = {}
    for entry in decoded:
        heard.setdefault(entry.condition, {}).setdefault(entry.clip, {})[entry.decoder] = entry.text
    return heard


def figures(decoded: Sequence[Decoded], clips: Sequence[Clip]) -> list[Figure]:
    """Word error rates by condition, and by source where nothing was added to the clips."""
    known = {clip.name: clip for clip in clips}
    found: list[Figure] = []
    for condition in dict.fromkeys(entry.condition for entry in decoded):
        mine = [entry for entry in decoded if entry.condition == condition]
        found += _compared(f"word error rate, {condition}", mine, known, POINTS)
        for source in dict.fromkeys(
            known[entry.clip].source for entry in mine if condition.endswith("clean")
        ):
            of_source = [entry for entry in mine if known[entry.clip].source == source]
            found += _compared(f"word error rate, {condition}, {source}", of_source, known, None)
    return found


def _compared(
    name: str, decoded: Sequence[Decoded], known: dict[str, Clip], points: float | None
) -> list[Figure]:
    counted = {
        system: wer.total(
            wer.errors(known[entry.clip].transcript, entry.text)
            for entry in decoded
            if entry.decoder == system
        )
        for system in (OURS, PLAIN)
    }
    ours, plainly = (round(100 * counted[system].rate, 2) for system in (OURS, PLAIN))
    limit = f"<= {plainly + points:g}" if points is not None else ""
    holds = ours <= plainly + points if points is not None else None
    notes = [
        f"{of.substituted} wrong, {of.left_out} left out, {of.inserted} added" for of in counted.values()
    ]
    words = f" of {counted[OURS].words} words"
    return [
        Figure(name, OURS, ours, "%", limit, holds, note=notes[0] + words),
        Figure(name, PLAIN, plainly, "%", note=notes[1] + words),
    ]
