"""What `bench voice` found, turn by turn, and the figures made of it.  [core]"""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import wer
from bench.figures import Figure, percentile
from bench.voice_call import Asked
from bench.voice_questions import Question

OURS = "warmline"
Limits = tuple[int | None, int | None]
LIMITS: Mapping[str, Limits] = {
    "workflow": (500, None),
    "knowledge": (1_200, None),
    "tool": (1_300, None),
    "model": (800, 1_300),
}
"p50 and p95 of voice to voice, ms, by category."
OF_PEER = 0.3
"Our p50 without a tool is to be at most so much of stock pipecat's."
STOP_P95_MS = 300
CUT_OFFS_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """One question asked in one run of one system."""

    system: str
    run: int
    call: str
    question: Question
    asked: Asked

    @property
    def ms(self) -> float | None:
        """Voice to voice, unless nothing was heard or the caller was cut off."""
        measured = self.asked.voice_to_voice_ms
        return measured if measured is not None and measured >= 0 else None

    @property
    def answer_ms(self) -> float | None:
        """The same to the first sample of the answer itself, which comes behind a filler if there was one."""
        stages = self.asked.reading.stages
        if self.ms is None or "filler_ms" not in stages:
            return self.ms
        return self.ms + stages.get("first_audio_ms", stages["filler_ms"]) - stages["filler_ms"]

    def raw(self) -> dict[str, Any]:
        """For the results' file."""
        return {
            "system": self.system,
            "run": self.run,
            "call": self.call,
            **asdict(self.question),
            "voice_to_voice_ms": self.asked.voice_to_voice_ms,
            "word_errors": asdict(wer.errors(self.question.say, self.asked.reading.said)),
            **asdict(self.asked.reading),
        }

    def __str__(self) -> str:
        reading, ms = self.asked.reading, self.asked.voice_to_voice_ms
        stages = " ".join(f"{name.removesuffix('_ms')} {at}" for name, at in reading.stages.items())
        return (
            f"{self.system} {self.run} {'silent' if ms is None else f'{ms:5.0f} ms'}  "
            f"{self.question.category}/{reading.source or '?'}  {stages}  "
            f"{reading.said!r} -> {reading.reply[:70]!r}"
        )


@dataclass(frozen=True, slots=True)
class Stop:
    """One interruption."""

    system: str
    run: int
    say: str
    stop_ms: float | None
    "None: it was not speaking, or did not stop."


@dataclass(frozen=True, slots=True)
class Pause:
    """One sentence with a pause inside."""

    system: str
    run: int
    say: str
    pause_ms: int
    cut_off: bool
    said: str
    "What was understood, turn after turn."


def voice_to_voice(turns: Sequence[Turn]) -> list[Figure]:
    """By system and category: p50, the median of the runs' medians, and p95 of all turns; and word errors."""
    found: list[Figure] = []
    for system in dict.fromkeys(turn.system for turn in turns):
        mine = [turn for turn in turns if turn.system == system]
        for category in LIMITS:
            of = [turn for turn in mine if turn.question.category == category]
            found += _times(system, f"voice to voice, {category}", of, LIMITS[category])
        no_tool = [turn for turn in mine if turn.question.category != "tool"]
        found += _times(system, "voice to voice, no tool", no_tool, LIMITS["model"])
        found.append(_word_errors(system, mine))
    return [_beside(figure, found) for figure in found]


def _times(system: str, name: str, turns: Sequence[Turn], limits: Limits) -> Iterator[Figure]:
    times = [turn.ms for turn in turns if turn.ms is not None]
    if not times:
        return
    runs = _medians((turn.run, turn.ms) for turn in turns)
    note = f"{len(times)} of {len(turns)} turns" if len(times) < len(turns) else f"{len(turns)} turns"
    if fillers := sum(turn.asked.reading.filler for turn in turns):
        note += f", {fillers} began with a filler"
    p50, p95 = statistics.median(runs), percentile(times, 95)
    yield _held(system, f"{name}, p50", p50, limits[0], "ms", runs, note)
    yield _held(system, f"{name}, p95", p95, limits[1], "ms", (), note)
    if all(turn.answer_ms == turn.ms for turn in turns):
        return
    runs = _medians((turn.run, turn.answer_ms) for turn in turns)
    p50 = statistics.median(runs)
    p95 = percentile([turn.answer_ms for turn in turns if turn.answer_ms is not None], 95)
    yield _held(system, f"{name}, behind the filler, p50", p50, None, "ms", runs, note)
    yield _held(system, f"{name}, behind the filler, p95", p95, None, "ms", (), note)


def _medians(measured: Iterable[tuple[int, float | None]]) -> tuple[float, ...]:
    """Of each run that heard anything."""
    by_run: dict[int, list[float]] = {}
    for run, ms in measured:
        if ms is not None:
            by_run.setdefault(run, []).append(ms)
    return tuple(statistics.median(times) for times in by_run.values())


def _held(
    system: str, name: str, value: float, limit: float | None, unit: str, runs: tuple[float, ...], note: str
) -> Figure:
    """A figure, held against its limit where it is ours."""
    value = round(value, 1) if unit == "%" else round(value)
    if limit is None or system != OURS:
        return Figure(name, system, value, unit, runs=runs, note=note)
    return Figure(name, system, value, unit, f"<= {limit:g} {unit}", value <= limit, runs, note)


def _word_errors(system: str, turns: Sequence[Turn]) -> Figure:
    found = wer.total(wer.errors(turn.question.say, turn.asked.reading.said) for turn in turns)
    return Figure("word error rate", system, round(100 * found.rate, 1), "%", note=f"{found.words} words")


def _beside(figure: Figure, found: Sequence[Figure]) -> Figure:
    """Our p50 without a tool is also held against stock pipecat's."""
    if figure.system != OURS or figure.name != "voice to voice, no tool, p50" or figure.value is None:
        return figure
    for peer in found:
        if peer.name == figure.name and peer.system.startswith("pipecat") and peer.value:
            limit = f"{figure.limit}, <= {OF_PEER} x {peer.system}"
            holds = bool(figure.holds) and figure.value <= OF_PEER * peer.value
            return Figure(
                figure.name, OURS, figure.value, figure.unit, limit, holds, figure.runs, figure.note
            )
    return figure


def stages(turns: Sequence[Turn]) -> dict[str, dict[str, dict[str, float]]]:
    """By system and category: the median of each stage, as the system tells it."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for system, category in dict.fromkeys((turn.system, turn.question.category) for turn in turns):
        told = [
            t.asked.reading.stages for t in turns if (t.system, t.question.category) == (system, category)
        ]
        names = dict.fromkeys(name for each in told for name in each)
        found.setdefault(system, {})[category] = {
            name.removesuffix("_ms").replace("_", " "): statistics.median(
                each[name] for each in told if name in each
            )
            for name in names
        }
    return found


def stopping(stops: Sequence[Stop]) -> list[Figure]:
    """From the caller's first voiced sample to silence."""
    found: list[Figure] = []
    for system in dict.fromkeys(stop.system for stop in stops):
        mine = [stop for stop in stops if stop.system == system]
        times = [stop.stop_ms for stop in mine if stop.stop_ms is not None]
        if not times:
            found.append(Figure("barge-in to silence, p50", system, None, "ms", note="it never stopped"))
            continue
        note = f"{len(times)} of {len(mine)} interruptions"
        for name, percent, limit in (("p50", 50, None), ("p95", 95, STOP_P95_MS)):
            figure = f"barge-in to silence, {name}"
            found.append(_held(system, figure, percentile(times, percent), limit, "ms", (), note))
    return found


def cut_offs(pauses: Sequence[Pause]) -> list[Figure]:
    """How many sentences with a pause were taken for two turns, or answered in the pause."""
    found: list[Figure] = []
    for system in dict.fromkeys(pause.system for pause in pauses):
        mine = [pause for pause in pauses if pause.system == system]
        share = 100 * sum(pause.cut_off for pause in mine) / len(mine)
        note = f"{len(mine)} sentences with a pause of 0.3-1 s"
        found.append(_held(system, "false cut-offs", share, CUT_OFFS_PERCENT, "%", (), note))
    return found
