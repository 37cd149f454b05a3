"""A spoken turn, voice to voice, by what answers it: ours and the peers, with the same models.

Every system is called by the same WebRTC client with the same recordings in real time; what is measured is
heard, not told: from the last voiced sample of the question to the first audible sample of the reply
(`voice_timing.py`; what the time contains is told in `voice_call.py`). So are barge-in (first voiced sample
of an interruption to silence) and cut-offs (sentences with a pause inside, `sentences.json`).
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import sound, utterances, voice_figures
from bench.figures import RESULTS, Figure, Result
from bench.peers import Missing
from bench.scripted_model import endpoint
from bench.voice_call import call
from bench.voice_figures import OURS, Pause, Stop, Turn
from bench.voice_questions import Call, calls, chosen, interruptions, spoken
from bench.voice_systems import (
    LLM,
    PARTS,
    VOICE,
    System,
    livekit,
    llama_server,
    pipecat,
    practised_gateway,
    read_events,
    read_rtvi,
)
from gateway.cli import sound_file
from pipelines.audio import Frame, Framer

MODELS = Path("~/.cache/warmline/models").expanduser()
SYSTEMS = ("ours", "pipecat", "pipecat-scripted", "livekit")
PAUSES_A_CALL = 7
"Callers who pause talk in one call so many times."


@dataclass(slots=True)
class Found:
    """Everything that was measured."""

    turns: list[Turn] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        """All figures."""
        return [
            *voice_figures.voice_to_voice(self.turns),
            *voice_figures.stopping(self.stops),
            *voice_figures.cut_offs(self.pauses),
        ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--runs", type=int, help="how often everything is asked (default 5, quick 1)")
    parser.add_argument("--only", default="", choices=("", *SYSTEMS), help="only this system")
    parser.add_argument("--part", default="", choices=("", *PARTS), help="only this of the measurements")
    parser.add_argument(
        "--question", default="", help="only this question, with what comes before it, or call"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a few questions: about three minutes a run and system"
    )
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of the model files")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save. A quick look (a part of it all, fewer than 5 runs) has a file of its own."""
    script = chosen(calls(), options.question, quick=options.quick)
    if not script:
        print(f"bench voice: no question or call is called {options.question!r}", file=sys.stderr)
        return 2
    options.parts = _parts(options)
    options.runs = options.runs or (1 if options.quick else 5)
    found, missing = Found(), dict[str, str]()
    known = systems(options.models, found)
    for system in (known[options.only],) if options.only else known.values():
        try:
            asyncio.run(measure(system, script, options, found))
        except Missing as reason:
            missing[system.name] = str(reason)
    figures = found.figures()
    figures += [Figure("voice to voice", name, None, "ms", note=why) for name, why in missing.items()]
    raw = {
        "stages": voice_figures.stages(found.turns),
        "turns": [turn.raw() for turn in found.turns],
        "stops": [asdict(stop) for stop in found.stops],
        "pauses": [asdict(pause) for pause in found.pauses],
    }
    part = options.question or options.runs < 5 or options.part
    show(found.turns, figures)
    name = "-".join(filter(None, ("voice", "quick" if part else "", options.only)))
    path = Result(name, figures, raw).save()
    print(f"bench voice: every turn is in {path}", file=sys.stderr)
    return 0


def _parts(options: argparse.Namespace) -> tuple[str, ...]:
    """What is measured: a quick look leaves the pauses to `bench turns`, which needs no clock for them."""
    if options.question:
        return ("turns",)
    if options.part:
        return (options.part,)
    return tuple(part for part in PARTS if part != "pauses" or not options.quick)


def systems(models: Path, found: Found) -> dict[str, System]:
    """All of them, in the order in which they are measured: the scripted peer says what we said.

    What does not depend on the model is measured of the peer with the script.
    """

    @contextmanager
    def with_model() -> Iterator[str]:
        with llama_server(models) as model, pipecat(models, model, LLM.stem) as url:
            yield url

    @contextmanager
    def with_script() -> Iterator[str]:
        with endpoint(_replies(found)) as model, pipecat(models, model, "scripted") as url:
            yield url

    return {
        "ours": System(OURS, lambda: practised_gateway(models), read_events),
        "pipecat": System("pipecat 1.14", with_model, read_rtvi, ("turns",)),
        "pipecat-scripted": System("pipecat 1.14, free model", with_script, read_rtvi),
        "livekit": System("livekit-agents 1.8", livekit, read_rtvi),
    }


def _replies(found: Found) -> dict[str, str]:
    """What we answered to each question, in this run or the one before."""
    replies = {turn.question.say: turn.asked.reading.reply for turn in found.turns if turn.system == OURS}
    for name in ("voice", "voice-ours", "voice-quick", "voice-quick-ours"):
        if not replies and (path := RESULTS / f"{name}.json").is_file():
            turns = json.loads(path.read_text())["raw"]["turns"]
            replies = {turn["say"]: turn["reply"] for turn in turns if turn["system"] == OURS}
    if not replies:
        raise Missing("it repeats our replies, and there are none; measure ours first")
    return replies


async def measure(system: System, script: Sequence[Call], options: argparse.Namespace, found: Found) -> None:
    """Everything that was asked for, so many times over, with one start of the system."""
    voice = options.models / VOICE
    wanted = [part for part in system.parts if part in options.parts]
    with system.running() as url:
        for number in range(1, options.runs + 1):
            if "turns" in wanted:
                await _turns(system, url, number, script, voice, found)
            if "stops" in wanted:
                await _stops(system, url, number, voice, found)
        if "pauses" in wanted:
            await _pauses(system, url, voice, found)


async def _turns(
    system: System, url: str, number: int, script: Sequence[Call], voice: Path, found: Found
) -> None:
    for each in script:
        async with call(url, system.read) as line:
            for question in each.turns:
                asked = await line.ask(sound_file.read(spoken(question.say, voice)))
                found.turns.append(Turn(system.name, number, each.name, question, asked))
                print(found.turns[-1], file=sys.stderr, flush=True)


async def _stops(system: System, url: str, number: int, voice: Path, found: Found) -> None:
    async with call(url, system.read) as line:
        for each in interruptions():
            question, words = (sound_file.read(spoken(text, voice)) for text in (each.ask, each.say))
            found.stops.append(Stop(system.name, number, each.say, await line.interrupt(question, words)))
            print(found.stops[-1], file=sys.stderr, flush=True)


async def _pauses(system: System, url: str, voice: Path, found: Found) -> None:
    made = utterances.sentences(lambda text: sound.read(spoken(text, voice)))
    paused = [each for each in made if each.pause_ms][::2]
    for first in range(0, len(paused), PAUSES_A_CALL):
        async with call(url, system.read) as line:
            for each in paused[first : first + PAUSES_A_CALL]:
                asked = await line.ask(_frames(each.sound))
                found.pauses.append(
                    Pause(system.name, 1, each.name, each.pause_ms, asked.cut_off, asked.reading.said)
                )
                print(found.pauses[-1], file=sys.stderr, flush=True)


def _frames(samples: sound.Sound) -> list[Frame]:
    framer = Framer(utterances.RATE)
    pcm = (samples.clip(-1, 1) * 32_767).astype("<i2").tobytes()
    return [*framer.feed(pcm), *framer.flush()]


def show(turns: Sequence[Turn], figures: Sequence[Figure]) -> None:
    """Tables for people."""
    console = Console(width=150)
    table = Table("figure", "system", "value", "limit", "holds", "of")
    for figure in figures:
        value = "missing" if figure.value is None else f"{figure.value:g} {figure.unit}"
        holds = {True: "yes", False: "[red]no", None: ""}[figure.holds]
        table.add_row(figure.name, figure.system, value, figure.limit, holds, figure.note)
    console.print(table)
    if turns:
        console.print(_stages(turns))


def _stages(turns: Sequence[Turn]) -> Table:
    table = Table(
        "system", "category", "stages, ms p50: ours since the last voiced sample, a peer's durations"
    )
    for system, categories in voice_figures.stages(turns).items():
        for category, told in categories.items():
            table.add_row(system, category, ", ".join(f"{name} {ms:.0f}" for name, ms in told.items()))
    return table
