"""Three times the calls that these cores carry: what running calls notice, and what the others hear.

Regulars, as many as the gateway has places, ask recorded questions now and then; first alone, then with a
crowd of twice their number at the door that calls again whenever it is turned away. Voice to voice of the
regulars before and during, and whether everybody who was not admitted heard why: their recordings are read
by Whisper when all is over. `--find` first looks for the number of calls at which latency begins to suffer.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import wer
from bench.figures import Figure, Result, percentile
from bench.overload_callers import Question, Turn, Visit, crowd_elsewhere, talk
from bench.sound import read
from bench.voice_questions import spoken
from bench.voice_systems import gateway
from gateway.admission import places
from gateway.cli import sound_file
from pipelines.phrases import HoldPhrases
from pipelines.whisper import Whisper, WhisperSettings

MODELS = Path("~/.cache/warmline/models").expanduser()
VOICE = Path("piper") / "en_US-joe-medium.onnx"
OURS = "warmline"
QUESTIONS = (
    "Hello there.",
    "Where is my order?",
    "What is your return policy?",
    "What time does your store open on Sundays?",
)
"A greeting, a question back, and two from articles."
EVERY_S = 12.0
"Between two questions of one caller."
WORSE = 1.25
"Times the latency of a single call: more than that is not carried any more."
MOST = 12
"Calls that `--find` tries at most."
HEARD = 0.8
"Of the sentence's words, found in a recording."


@dataclass(frozen=True, slots=True)
class Phases:
    """What the regulars' turns and the crowd's calls were."""

    alone: list[Turn]
    crowded: list[Turn]
    visits: list[Visit]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument(
        "--calls", type=int, default=0, help="places (default: the gateway's for this machine)"
    )
    parser.add_argument(
        "--find", action="store_true", help="measure how many calls are carried, and take that"
    )
    parser.add_argument("--seconds", type=float, default=72, help="of each phase (default 72)")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of the model files")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save."""
    questions = recorded(options.models)
    steps = asyncio.run(find(options.models, questions, options.seconds)) if options.find else {}
    default = places(len(os.sched_getaffinity(0)), embedded_recogniser=True)
    calls = options.calls or max((n for n in steps if carried(steps, n)), default=default)
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        limits = {"calls": calls, "waiting": calls}
        with gateway(options.models, {"limits": limits, "webrtc": {"calls": 6 * calls}}) as url:
            phases = asyncio.run(measure(url, questions, calls, options.seconds, Path(folder)))
        heard = listened(phases.visits, options.models)
    result = Result("overload", figures(phases, heard, calls), raw(phases, heard, steps))
    show(result)
    print(f"bench overload: every turn and call is in {result.save()}", file=sys.stderr)
    return 0


def recorded(models: Path) -> list[Question]:
    """What the regulars say."""
    return [(say, sound_file.read(spoken(say, models / VOICE))) for say in QUESTIONS]


@asynccontextmanager
async def regulars(url: str, questions: Sequence[Question], calls: int) -> AsyncIterator[list[Turn]]:
    """So many callers who talk as long as the block lasts, begun evenly apart; their turns, as they come."""
    turns: list[Turn] = []
    async with asyncio.TaskGroup() as tasks:
        talking = []
        for number in range(calls):
            one = talk(number, url, questions, EVERY_S, turns.append)
            talking.append(tasks.create_task(one, name=f"regular {number}"))
            await asyncio.sleep(EVERY_S / calls)
        yield turns
        for task in talking:
            task.cancel()


async def measure(
    url: str, questions: Sequence[Question], calls: int, seconds: float, folder: Path
) -> Phases:
    """The regulars alone, then the same with twice their number at the door."""
    clock = asyncio.get_running_loop().time
    async with regulars(url, questions, calls) as turns:
        await asyncio.sleep(seconds)
        crowded_from = clock()
        visits = await crowd_elsewhere(url, 2 * calls, seconds, folder)
        crowded_to = clock()
    alone = [turn for turn in turns if turn.at_s < crowded_from]
    crowded = [turn for turn in turns if crowded_from <= turn.at_s <= crowded_to]
    return Phases(alone, crowded, visits)


async def find(models: Path, questions: Sequence[Question], seconds: float) -> dict[int, list[int]]:
    """Voice to voice of one call, of two, and so on up to the first number that these cores do not carry."""
    steps: dict[int, list[int]] = {}
    settings = {"limits": {"calls": MOST, "waiting": 0}, "webrtc": {"calls": 2 * MOST}}
    for calls in range(1, MOST + 1):
        with gateway(models, settings) as url:
            async with regulars(url, questions, calls) as turns:
                await asyncio.sleep(seconds)
        steps[calls] = times(turns)
        print(f"{calls} calls: {statistics.median(steps[calls]):.0f} ms", file=sys.stderr, flush=True)
        if not carried(steps, calls):
            break
    return steps


def carried(steps: Mapping[int, Sequence[int]], calls: int) -> bool:
    """Whether so many calls are not much slower than one."""
    return statistics.median(steps[calls]) <= WORSE * statistics.median(steps[1])


def times(turns: Sequence[Turn]) -> list[int]:
    """Voice to voice of those turns that were answered, ms."""
    return [turn.voice_to_voice_ms for turn in turns if turn.voice_to_voice_ms is not None]


def listened(visits: Sequence[Visit], models: Path) -> list[str]:
    """What each visitor heard in the first seconds, in Whisper's words; nothing for who was not connected."""
    whisper = Whisper(WhisperSettings(models / "whisper-base"))
    return [whisper.decode(read(Path(v.recording))).text if v.recording else "" for v in visits]


def told(visit: Visit, heard: str) -> bool:
    """Whether a visitor heard the sentence that was for them."""
    phrases = HoldPhrases()
    sentence = phrases.waiting if visit.outcome == "waiting" else getattr(phrases, visit.reason)
    wanted, found = wer.normalised(sentence), set(wer.normalised(heard))
    return sum(word in found for word in wanted) >= HEARD * len(wanted)


def figures(phases: Phases, heard: Sequence[str], calls: int) -> list[Figure]:
    """Latency before and during, and what became of the crowd."""
    alone, crowded = times(phases.alone), times(phases.crowded)
    found = [Figure("calls with a place", OURS, calls, "calls")]
    for name, of in (("p50", statistics.median), ("p95", lambda ms: percentile(ms, 95))):
        before, during = (round(of(ms)) if ms else None for ms in (alone, crowded))
        holds = before is not None and during is not None and during <= WORSE * before
        limit = f"<= {WORSE:g} x alone"
        notes = [
            f"{len(times(turns))} of {len(turns)} turns answered" for turns in (phases.alone, phases.crowded)
        ]
        found += [
            Figure(f"voice to voice {name}, alone", OURS, before, "ms", note=notes[0]),
            Figure(
                f"voice to voice {name}, three times the calls",
                OURS,
                during,
                "ms",
                limit,
                holds,
                note=notes[1],
            ),
        ]
    for name, turns in (("alone", phases.alone), ("three times the calls", phases.crowded)):
        errors = wer.total(wer.errors(turn.asked, turn.understood) for turn in turns)
        found.append(Figure(f"word error rate, {name}", OURS, round(100 * errors.rate, 1), "%"))
    return found + _crowd(phases.visits, heard)


def _crowd(visits: Sequence[Visit], heard: Sequence[str]) -> list[Figure]:
    found = [
        Figure(f"calls of the crowd, {kind}", OURS, sum(v.outcome == kind for v in visits), "calls")
        for kind in ("waiting", "refused", "talking", "busy", "unreachable")
    ]
    outside = [
        (visit, words)
        for visit, words in zip(visits, heard, strict=True)
        if visit.outcome in ("waiting", "refused")
    ]
    share = 100 * sum(told(visit, words) for visit, words in outside) / max(len(outside), 1)
    note = f"{len(outside)} recordings"
    return [*found, Figure("heard their sentence", OURS, round(share), "%", "100", share == 100, note=note)]


def raw(phases: Phases, heard: Sequence[str], steps: Mapping[int, Sequence[int]]) -> dict[str, Any]:
    """For the results' file."""
    visits = [
        {**asdict(v), "recording": None, "heard": words}
        for v, words in zip(phases.visits, heard, strict=True)
    ]
    return {
        "alone": [asdict(turn) for turn in phases.alone],
        "crowded": [asdict(turn) for turn in phases.crowded],
        "visits": visits,
        "steps": steps,
    }


def show(result: Result) -> None:
    """A table for people."""
    table = Table("figure", "value", "limit", "holds", "of")
    for figure in result.figures:
        holds = {True: "yes", False: "[red]no", None: ""}[figure.holds]
        value = "none" if figure.value is None else f"{figure.value:g} {figure.unit}"
        table.add_row(figure.name, value, figure.limit, holds, figure.note)
    Console(width=120).print(table)
