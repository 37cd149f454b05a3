"""Word error rates: our windowed decode against the plain 30 s decode, clean and in noise, in both bands.

Both use the same Whisper weights. *Windowed* is `pipelines.whisper` with the guards that the recogniser puts
behind it; *plain* is faster-whisper with beam 1, one temperature and its default guards. Every decode is
written down as soon as it is made (`build/bench/stt/decodes.jsonl`), so a run that was stopped goes on where
it was; what was decoded by another version of `pipelines/whisper.py` is decoded anew.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from bench import clips as recordings
from bench.clips import Clip
from bench.peers import BUILD
from bench.sound import Sound, narrowband, noisy
from pipelines import whisper
from pipelines.transcript import join_digits
from pipelines.whisper import Whisper, WhisperSettings, believable

DECODES = BUILD / "stt" / "decodes.jsonl"
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
        sound = clip.sound
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
        return {"text": join_digits(" ".join(segment.text.strip() for segment in segments))}

    return decode


def version() -> str:
    """Names the version of `pipelines/whisper.py` that decodes."""
    return hashlib.sha256(Path(whisper.__file__).read_bytes()).hexdigest()[:8]


def decodes(path: Path = DECODES) -> Iterator[Decoded]:
    """What was decoded before, by any version."""
    if path.is_file():
        for line in path.read_text().splitlines():
            yield Decoded(**json.loads(line))


def decode_all(
    clips: Sequence[Clip], chosen: Sequence[Clip], decoders: dict[str, Decode], under: Sequence[Condition]
) -> None:
    """Decode the chosen clips under those conditions by every decoder, unless that was done before."""
    DECODES.parent.mkdir(parents=True, exist_ok=True)
    done = {(entry.clip, entry.condition, entry.decoder) for entry in decodes()}
    spoiler = Spoiler(clips)
    with DECODES.open("a") as file:
        for place, clip in enumerate(chosen):
            for condition in under:
                todo = [name for name in decoders if (clip.name, str(condition), name) not in done]
                sound = spoiler.spoil(clip, condition) if todo else clip.sound
                for name in todo:
                    found = decoders[name](sound)
                    entry = Decoded(clip.name, str(condition), name, found.pop("text"), found)
                    file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
                    file.flush()
            if place % 20 == 19:
                print(f"bench: decoded {place + 1} of {len(chosen)} clips", file=sys.stderr, flush=True)
