"""A spoken turn, voice to voice, by what answers it: ours and the peers, with the same models.

Every system is called by the same WebRTC client with the same recordings in real time; what is measured is
heard, not told: from the last voiced sample of the question to the first audible sample of the reply
(`voice_timing.py`; what the time contains is told in `voice_call.py`).
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import wer
from bench.figures import Figure, Result, percentile
from bench.peers import Missing
from bench.voice_call import Asked, converse
from bench.voice_questions import Call, chosen, load, spoken
from bench.voice_systems import System, gateway, read_events

MODELS = Path("~/.cache/warmline/models").expanduser()
VOICE = Path("piper") / "en_US-joe-medium.onnx"
OURS = "warmline"
LIMITS = {"workflow": (500, None), "knowledge": (1_200, None), "tool": (1_300, None), "model": (800, 1_300)}
"p50 and p95 of voice to voice, ms, by category."
STAGES = (
    "decision",
    "drafted",
    "final_transcript",
    "understood",
    "first_token",
    "first_clause",
    "first_audio",
)
"ms after the last voiced sample, by our own account (`pipelines.facts.Latency`)."


@dataclass(frozen=True, slots=True)
class Turn:
    """One question asked in one run of one system."""

    system: str
    run: int
    call: str
    asked: Asked

    @property
    def ms(self) -> float | None:
        """Voice to voice, unless nothing was heard or the caller was cut off."""
        measured = self.asked.voice_to_voice_ms
        return measured if measured is not None and measured >= 0 else None

    @property
    def category(self) -> str:
        """What should have answered."""
        return self.asked.question.category

    def raw(self) -> dict[str, Any]:
        """For the results' file."""
        question, reading = self.asked.question, self.asked.reading
        return {
            "system": self.system,
            "run": self.run,
            "call": self.call,
            "question": question.name,
            "category": question.category,
            "say": question.say,
            "voice_to_voice_ms": self.asked.voice_to_voice_ms,
            "word_errors": asdict(wer.errors(question.say, reading.said)),
            **asdict(reading),
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--runs", type=int, default=5, help="how often everything is asked (default 5)")
    parser.add_argument("--only", default="", help="one system: ours")
    parser.add_argument(
        "--question", default="", help="only this question, with what comes before it, or call"
    )
    parser.add_argument("--quick", action="store_true", help="a few questions, once: less than two minutes")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of the model files")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save. A quick look (a part of it all, fewer than 5 runs) has a file of its own."""
    calls = chosen(load(), options.question, quick=options.quick)
    runs = 1 if options.quick else options.runs
    if not calls:
        print(f"bench voice: no question or call is called {options.question!r}", file=sys.stderr)
        return 2
    turns: list[Turn] = []
    missing: dict[str, str] = {}
    for system in systems(options):
        try:
            turns += asyncio.run(measure(system, calls, runs, options.models / VOICE))
        except Missing as reason:
            missing[system.name] = str(reason)
    result = Result("voice", figures(turns), {"turns": [turn.raw() for turn in turns], "missing": missing})
    show(turns, result.figures)
    if options.question or options.only or runs < 5:
        result.benchmark = "voice-quick"
    print(f"bench voice: every turn is in {result.save()}", file=sys.stderr)
    return 0


def systems(options: argparse.Namespace) -> list[System]:
    """Those that were asked for."""
    known = {"ours": System(OURS, lambda: gateway(options.models), read_events)}
    return [system for key, system in known.items() if not options.only or key == options.only]


async def measure(system: System, calls: Sequence[Call], runs: int, voice: Path) -> list[Turn]:
    """Every call, so many times over, each in a fresh call to the same running system."""
    turns: list[Turn] = []
    with system.running() as url:
        for number in range(1, runs + 1):
            for call in calls:
                script = [(question, spoken(question.say, voice)) for question in call.turns]
                for asked in await converse(url, system.read, script):
                    turns.append(Turn(system.name, number, call.name, asked))
                    print(_line(turns[-1]), file=sys.stderr, flush=True)
    return turns


def figures(turns: Sequence[Turn]) -> list[Figure]:
    """By system and category against the limits: p50, the median of the runs' medians; p95 of all turns."""
    found: list[Figure] = []
    for system in dict.fromkeys(turn.system for turn in turns):
        mine = [turn for turn in turns if turn.system == system]
        for category in LIMITS:
            found += _by_category(system, category, [turn for turn in mine if turn.category == category])
        found.append(_word_errors(system, mine))
    return found


def _by_category(system: str, category: str, turns: Sequence[Turn]) -> Iterator[Figure]:
    times = [turn.ms for turn in turns if turn.ms is not None]
    if not times:
        return
    runs = tuple(
        statistics.median(ms)
        for number in dict.fromkeys(turn.run for turn in turns)
        if (ms := [turn.ms for turn in turns if turn.run == number and turn.ms is not None])
    )
    note = f"{len(times)} of {len(turns)} turns" if len(times) < len(turns) else f"{len(turns)} turns"
    if fillers := sum(turn.asked.reading.filler for turn in turns):
        note += f", {fillers} began with a filler"
    for name, value, limit, of in (
        ("p50", statistics.median(runs), LIMITS[category][0], runs),
        ("p95", percentile(times, 95), LIMITS[category][1], ()),
    ):
        held = limit if system == OURS else None
        yield Figure(
            f"voice to voice {name}, {category}",
            system,
            round(value),
            "ms",
            f"<= {held}" if held else "",
            value <= held if held else None,
            of,
            note,
        )


def _word_errors(system: str, turns: Sequence[Turn]) -> Figure:
    found = wer.total(wer.errors(turn.asked.question.say, turn.asked.reading.said) for turn in turns)
    return Figure("word error rate", system, round(100 * found.rate, 1), "%", note=f"{found.words} words")


def show(turns: Sequence[Turn], found: Sequence[Figure]) -> None:
    """Tables for people."""
    console = Console(width=140)
    table = Table("figure", "system", "value", "limit", "holds", "of")
    for figure in found:
        value = "missing" if figure.value is None else f"{figure.value:g} {figure.unit}"
        holds = {True: "yes", False: "[red]no", None: ""}[figure.holds]
        table.add_row(figure.name, figure.system, value, figure.limit, holds, figure.note)
    console.print(table)
    console.print(_stages(turns))


def _stages(turns: Sequence[Turn]) -> Table:
    table = Table("stages, ms p50", "turns", *(stage.replace("_", " ") for stage in STAGES))
    for system, category in dict.fromkeys((turn.system, turn.category) for turn in turns):
        mine = [
            turn.asked.reading.stages for turn in turns if (turn.system, turn.category) == (system, category)
        ]
        told = [[stages[f"{stage}_ms"] for stages in mine if f"{stage}_ms" in stages] for stage in STAGES]
        cells = [f"{statistics.median(values):.0f}" if values else "" for values in told]
        table.add_row(f"{system}, {category}", str(len(mine)), *cells)
    return table


def _line(turn: Turn) -> str:
    reading = turn.asked.reading
    took = "silent" if turn.asked.voice_to_voice_ms is None else f"{turn.asked.voice_to_voice_ms:5.0f} ms"
    return (
        f"{turn.system} {turn.run} {took}  {turn.category}/{reading.source or '?'}  "
        f"{_short(reading.stages)}  {reading.said!r} -> {reading.reply[:70]!r}"
    )


def _short(stages: Mapping[str, int]) -> str:
    return " ".join(f"{name.removesuffix('_ms')} {ms}" for name, ms in stages.items())
