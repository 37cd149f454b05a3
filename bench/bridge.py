"""What it costs to be handed to a person: the gap at the switch, the delay from then on, the processor.

Telephones in a process of their own call our endpoint, which bridges them two by two; a loud mark in what one
says tells when the other hears it. The same callers meet a bare echo, which is the delay of this machine, and
our bot that echoes, which is the delay without a room. The switch itself is measured without a network: fifty
calls in one process, from a bot that talks to a person and back.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.capacity_processes import LOAD_CORE, MEASURED_CORE, ROOT, load, python
from bench.figures import Figure, Result, percentile
from bench.sip_systems import Server
from bench.sip_timing import Heard, Recording, heard

OURS = "warmline"
CALLS = 50
"Bridged: twice as many telephones."
SPAN_S = 10.0
SETTLE_S = 3.0
DELAY_LIMIT_MS = 40.0
GAP_LIMIT_MS = 120.0
RATES = {"8 kHz": (8_000, 8_000), "8 and 16 kHz": (8_000, 16_000)}
"Of customers and people of ours, in Hz."


@dataclass(frozen=True, slots=True)
class Step:
    """So many telephones at one system."""

    up: int
    cpu: float
    heard: Heard


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run."""

    floor: Step
    "A bare echo."
    echo: Step
    "Our endpoint, and a bot that echoes."
    bridged: Step
    switches: dict[str, dict[str, Any]]
    "By rates: what `bench.bridge_switch` tells."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--runs", type=int, default=5, help="how often everything is measured (default 5)")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"bridged calls (default {CALLS})")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save. A look with other numbers of calls has a file of its own."""
    outcomes = [measure(options.calls) for _ in range(options.runs)]
    figures = told(outcomes, options.calls)
    table = Table("", OURS, "limit", "holds")
    for figure in figures:
        holds = {True: "yes", False: "NO", None: ""}[figure.holds]
        table.add_row(figure.name, f"{figure.value:.4g} {figure.unit}", figure.limit, holds)
    Console().print(table)
    name = "bridge" if options.calls == CALLS else f"bridge-{options.calls}"
    path = Result(name, figures, {"runs": [asdict(outcome) for outcome in outcomes]}).save()
    Console().print(f"Kept in {path.name}.")
    return 0


def measure(calls: int) -> Outcome:
    """Everything once."""
    return Outcome(
        floor=step("bench.sip_toy", 2 * calls, lambda number: number),
        echo=step("bench.sip_ours", 2 * calls, lambda number: number),
        bridged=step("bench.bridge_rooms", 2 * calls, lambda number: number ^ 1),
        switches={name: switch(calls, *rates) for name, rates in RATES.items()},
    )


def step(module: str, telephones: int, partner: Callable[[int], int]) -> Step:
    """Call a server with so many telephones, each of which hears its partner."""
    with (
        Server(python(module)) as server,
        tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder,
        load("bench.sip_caller", server.address, server.pid, folder) as callers,
    ):
        up = callers.ask(carry=telephones)["carry"]
        time.sleep(SETTLE_S)
        answer = callers.ask(measure=SPAN_S)
        return Step(up, answer["cpu"], heard(Recording.load(Path(answer["file"])), partner))


def switch(calls: int, customers_rate: int, humans_rate: int) -> dict[str, Any]:
    """What customers hear at the switch, in a process of its own."""
    core = min(MEASURED_CORE, (os.cpu_count() or 1) - 1, LOAD_CORE)
    command = python("bench.bridge_switch", calls, customers_rate, humans_rate)
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def told(outcomes: Sequence[Outcome], calls: int) -> list[Figure]:
    """All figures: medians over the runs; of what must never happen the worst of all."""
    added = [_delay(one.bridged) - _delay(one.floor) for one in outcomes]
    late = [_delay(one.bridged, "p99") - _delay(one.floor, "p99") for one in outcomes]
    room = [_delay(one.bridged) - _delay(one.echo) for one in outcomes]
    figures = [
        _figure(f"one-way delay added at {calls} bridged calls, p50", added, "ms", DELAY_LIMIT_MS),
        _figure(f"one-way delay added at {calls} bridged calls, p99", late, "ms"),
        _figure("of which the room, beside a bot that echoes, p50", room, "ms"),
        _figure(f"CPU of {calls} bridged calls, PCMU", [one.bridged.cpu * 100 for one in outcomes], "%"),
        _figure(f"CPU of {2 * calls} bots that echo", [one.echo.cpu * 100 for one in outcomes], "%"),
        _figure("packets late, p99", [one.bridged.heard.late_p99_ms for one in outcomes], "ms"),
        _figure("packets missing", [one.bridged.heard.missing * 100 for one in outcomes], "%"),
    ]
    for rates in RATES:
        switches = [one.switches[rates] for one in outcomes]
        for key, what in (("bridged_ms", "bot to person"), ("back_ms", "person to bot")):
            worst = [max(each[key]) for each in switches]
            figures.append(_figure(f"gap {what}, {rates}, p50", _medians(switches, key), "ms"))
            figures.append(_figure(f"gap {what}, {rates}, worst", worst, "ms", GAP_LIMIT_MS))
        cpu = [each["cpu"] * 100 for each in switches]
        figures.append(_figure(f"CPU of {calls} rooms without codecs, {rates}", cpu, "%"))
    private = [float(sum(each["private"] for each in one.switches.values())) for one in outcomes]
    figures.append(_figure("frames of the bot's or anybody else's that a person heard", private, "", 0.0))
    return figures


def _medians(switches: Sequence[dict[str, Any]], key: str) -> list[float]:
    return [percentile(each[key], 50) for each in switches]


def _delay(step: Step, which: str = "p50") -> float:
    delay = step.heard.delay_p50_ms if which == "p50" else step.heard.delay_p99_ms
    if delay is None:
        raise ValueError("no mark was heard")
    return delay


def _figure(name: str, runs: Sequence[float], unit: str, most: float | None = None) -> Figure:
    value = round(statistics.median(runs), 3)
    if most is None:
        return Figure(name, OURS, value, unit, runs=tuple(runs))
    worst = max(runs) if "worst" in name or not unit else value
    return Figure(name, OURS, round(worst, 3), unit, f"<= {most:g}", worst <= most, tuple(runs))
