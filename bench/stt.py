"""End of speech to final text beside the peers, and word error rates by source, band and noise.

Latency: a few clips are played in real time to our recogniser and to each peer, all with the same Whisper
weights (`stt_latency.py`). Accuracy: every clip is decoded by our windowed decode and by the plain 30 s
decode (`stt_accuracy.py`). The recordings are not part of the repository: `--data FOLDER` (`clips.py`).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import clips as recordings
from bench import stt_accuracy, stt_latency
from bench.clips import Clip, NoRecordings
from bench.figures import Figure, Result

MODELS = Path("~/.cache/warmline/models").expanduser()
TIMED, QUICKLY_TIMED = 6, 3
QUICKLY_DECODED = 24
IN_NOISE = 3
"Every clip is decoded clean, one in so many in each noise: all of them would take hours."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--runs", type=int, default=5, help="how often latency is measured (default 5)")
    parser.add_argument("--data", type=Path, default=recordings.DEFAULT, help="the folder of the recordings")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of the model files")
    parser.add_argument("--threads", type=int, default=2, help="of every recogniser (default 2)")
    parser.add_argument("--only", choices=("latency", "accuracy"), help="one half; kept as stt-quick")
    parser.add_argument("--quick", action="store_true", help="few clips, one run; kept as stt-quick")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save; without recordings, say what they must be."""
    partly = options.quick or options.only or options.runs < 5
    result = Result("stt-quick" if partly else "stt")
    try:
        clips = recordings.manifest(options.data)
        if options.only != "accuracy":
            latency(result, recordings.speech(clips), options)
        if options.only != "latency":
            accuracy(result, clips, options)
    except NoRecordings as reason:
        print(reason, file=sys.stderr)
        return 2
    show(result.figures)
    print(f"bench stt: every clip is in {result.save()}", file=sys.stderr)
    return 0


def latency(result: Result, speech: Sequence[Clip], options: argparse.Namespace) -> None:
    """Add the figures of every system."""
    chosen = stt_latency.timed_clips(speech, QUICKLY_TIMED if options.quick else TIMED)
    runs = 1 if options.quick else options.runs
    timed, missing = stt_latency.measure(chosen, options.models, options.threads, runs)
    result.figures += stt_latency.figures(timed, missing, {clip.name: clip.transcript for clip in chosen})
    result.raw["latency"] = [entry.raw() for entry in timed]
    result.raw["missing"] = missing


def accuracy(result: Result, clips: Sequence[Clip], options: argparse.Namespace) -> None:
    """Add the word error rates, and what was heard in each clip."""
    chosen, under = recordings.speech(clips), stt_accuracy.conditions()
    if options.quick:
        chosen = chosen[:: max(1, len(chosen) // QUICKLY_DECODED)]
        under = [condition for condition in under if condition.snr_db in (None, 10)]
    clean = [condition for condition in under if not condition.noise]
    noisy = [condition for condition in under if condition.noise]
    decoded = [
        *stt_accuracy.measure(clips, chosen, options.models, options.threads, clean),
        *stt_accuracy.measure(clips, chosen[::IN_NOISE], options.models, options.threads, noisy),
    ]
    result.figures += stt_accuracy.figures(decoded, chosen)
    result.raw["accuracy"] = stt_accuracy.raw(decoded)


def show(figures: Sequence[Figure]) -> None:
    """A table for people."""
    table = Table("figure", "system", "value", "limit", "holds", "of")
    for figure in figures:
        value = "missing" if figure.value is None else f"{figure.value:g} {figure.unit}"
        holds = {True: "yes", False: "[red]no", None: ""}[figure.holds]
        table.add_row(figure.name, figure.system, value, figure.limit, holds, figure.note)
    Console(width=150).print(table)
