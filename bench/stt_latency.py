"""End of speech to final text: ours and the peers, on the same clips in real time.

Counted is the time from the last voiced sample of a clip to the moment at which its final text was there.
Ours is final for the pause it was made in, like a peer's text for the segment before a pause: both are only
superseded or followed by another text when the speaker goes on, and then the later one counts. When our turn
was over, which takes more than silence, is counted beside it.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import stt_ours, wer
from bench.clips import Clip
from bench.figures import Figure, percentile
from bench.peers import BUILD, Missing
from bench.sound import Sound, write
from bench.stt_systems import PEERS, WHISPER, Heard

OURS = "warmline"
LIMIT_MS = 350
PLAIN = PEERS[0].name
"We must need 0.4 of its time or less."
PLAIN_SHARE = 0.4
BEFORE_S, AFTER_S = 0.5, 2.5
"Silence around a clip."
FLOOR = 0.0003
"Its noise, about -70 dB: no line is perfectly silent."


@dataclass(frozen=True, slots=True)
class Timed:
    """One clip heard in one run by one system."""

    system: str
    run: int
    heard: Heard
    end_s: float
    "When the clip's last voiced sample was, after it began."

    @property
    def final_ms(self) -> float | None:
        """From there to the final text; None: there was none."""
        return round((self.heard.at_s - self.end_s) * 1_000) if self.heard.text else None

    @property
    def turn_ms(self) -> float | None:
        """From there to the end of the turn; None: it is not known."""
        return round((self.heard.turn_s - self.end_s) * 1_000) if self.heard.turn_s else None

    def raw(self) -> dict[str, Any]:
        """For the results' file."""
        times = {"end_s": self.end_s, "final_ms": self.final_ms}
        return {"system": self.system, "run": self.run, **asdict(self.heard), **times}


def timed_clips(speech: Sequence[Clip], count: int) -> list[Clip]:
    """Sentences of ordinary length, evenly from all sources."""
    sentences = [clip for clip in speech if clip.kind != "digit" and 1.5 <= len(clip.sound) / 16_000 <= 6]
    return sentences[:: max(1, len(sentences) // count)][:count]


def measure(
    clips: Sequence[Clip], models: Path, threads: int, runs: int
) -> tuple[list[Timed], dict[str, str]]:
    """Every system in turn, so many times over: a busy minute hits them all. And why some are missing."""
    files = prepare(clips)
    ends = {clip.name: BEFORE_S + voiced_s(clip.sound) for clip in clips}
    timed: list[Timed] = []
    missing: dict[str, str] = {}
    for number in range(1, runs + 1):
        heard = asyncio.run(stt_ours.hear(files, models, threads))
        timed += [Timed(OURS, number, entry, ends[entry.clip]) for entry in heard]
        for peer in PEERS:
            if peer.name in missing:
                continue
            try:
                with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
                    heard = peer.hear(files, models / WHISPER, threads, Path(folder))
            except Missing as reason:
                missing[peer.name] = str(reason)
                continue
            timed += [Timed(peer.name, number, entry, ends[entry.clip]) for entry in heard]
        print(f"bench stt: run {number} of {runs} is done", file=sys.stderr, flush=True)
    return timed, missing


def prepare(clips: Sequence[Clip]) -> list[Path]:
    """WAV files of the clips with silence around them; the same for every system."""
    folder = BUILD / "stt" / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    hiss = np.random.default_rng(1)
    files: list[Path] = []
    for clip in clips:
        before, after = (np.zeros(int(s * 16_000), np.float32) for s in (BEFORE_S, AFTER_S))
        sound = np.concatenate((before, clip.sound, after))
        floor = hiss.normal(0, FLOOR, len(sound)).astype(np.float32)
        files.append(folder / f"{clip.name}.wav")
        write(files[-1], sound + floor)
    return files


def voiced_s(sound: Sound, below_db: float = 35) -> float:
    """When the last voiced sample was: the end of the last 10 ms within so much of the loudest 10 ms."""
    blocks = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    power = np.square(blocks).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() / 10 ** (below_db / 10))
    return float(loud[-1] + 1) / 100


# --- figures -------------------------------------------------------------------------------------


def figures(timed: Sequence[Timed], missing: dict[str, str], transcripts: dict[str, str]) -> list[Figure]:
    """p50 (the median of the runs' medians), p95 and word errors of each system; ours is held against all."""
    by_system = {
        system: [entry for entry in timed if entry.system == system]
        for system in dict.fromkeys(entry.system for entry in timed)
    }
    medians = {system: _medians(entries) for system, entries in by_system.items()}
    found = list(_ours_against({system: of for system, of in medians.items() if of}))
    for system, entries in by_system.items():
        found += _of_system(system, entries, medians[system], transcripts)
    return found + [Figure(_NAME, system, None, "ms", note=reason) for system, reason in missing.items()]


_NAME = "end of speech to final text p50"


def _medians(timed: Sequence[Timed]) -> tuple[float, ...]:
    """Of each run."""
    return tuple(
        statistics.median(times)
        for number in dict.fromkeys(entry.run for entry in timed)
        if (
            times := [entry.final_ms for entry in timed if entry.run == number and entry.final_ms is not None]
        )
    )


def _ours_against(medians: dict[str, tuple[float, ...]]) -> Iterator[Figure]:
    """Our p50 against the limit and as a share of each peer's."""
    ours = statistics.median(medians[OURS])
    yield Figure(_NAME, OURS, ours, "ms", f"<= {LIMIT_MS}", ours <= LIMIT_MS, medians[OURS])
    for system, of in medians.items():
        if system != OURS:
            most = PLAIN_SHARE if system == PLAIN else 1.0
            share = round(ours / statistics.median(of), 2)
            yield Figure(f"share of the time of {system}", OURS, share, "x", f"<= {most:g}", share <= most)


def _of_system(
    system: str, timed: Sequence[Timed], medians: tuple[float, ...], transcripts: dict[str, str]
) -> Iterator[Figure]:
    times = [entry.final_ms for entry in timed if entry.final_ms is not None]
    note = f"{len(times)} of {len(timed)} clips had a text"
    if medians and system != OURS:
        yield Figure(_NAME, system, statistics.median(medians), "ms", runs=medians, note=note)
    if times:
        yield Figure("end of speech to final text p95", system, percentile(times, 95), "ms", note=note)
    turns = [entry.turn_ms for entry in timed if entry.turn_ms is not None]
    if turns:
        yield Figure("end of speech to end of turn p50", system, statistics.median(turns), "ms")
    counted = wer.total(wer.errors(transcripts[entry.heard.clip], entry.heard.text) for entry in timed)
    yield Figure("word error rate of the timed clips", system, round(100 * counted.rate, 1), "%")
