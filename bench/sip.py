"""What a telephone call costs: PCMU calls over SIP and RTP, both ways, more and more of them in one process.

Each server has core 0 to itself and echoes what it hears; one process on core 1 is all the callers. They take
the time of every packet from the kernel, and a loud mark in their noise tells how long sound is under way.
Ours beside `aiosipua` with `aiortp` and `baresip-python`, and beside a bare echo that knows no telephony.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.capacity_processes import Measured, load
from bench.figures import Figure, Result
from bench.peers import Missing
from bench.sip_figures import CALLERS_LATE_MS, FLOOR, OURS, Outcome, Step, told
from bench.sip_systems import SYSTEMS, Server, System
from bench.sip_timing import Recording, heard

COUNTS = (50, 100, 200, 400)
QUICK_COUNTS = (50, 200)
SPAN_S = 10.0
QUICK_SPAN_S = 4.0
SETTLE_S = 3.0
"After the last call is up: jitter buffers come to rest."
TIMERS_S = 4.0
TRIES = 2
"A step in which the callers themselves were late is measured once more."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--runs", type=int, default=5, help="how often everything is measured (default 5)")
    parser.add_argument("--only", default="", choices=("", *SYSTEMS), help="only this system, and the floor")
    parser.add_argument("--quick", action="store_true", help="once, with fewer steps and shorter ones")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save. A part of it all, or a quick look, has a file of its own."""
    systems = [system for key, system in SYSTEMS.items() if options.only in ("", key) or key == "floor"]
    counts = QUICK_COUNTS if options.quick else COUNTS
    span_s = QUICK_SPAN_S if options.quick else SPAN_S
    runs = 1 if options.quick else options.runs
    outcomes = [measure(systems, counts, span_s) for _ in range(runs)]
    figures = told(outcomes, counts)
    _show(figures, outcomes)
    name = "-".join(["sip", *([options.only] if options.only else []), *(["quick"] * options.quick)])
    path = Result(name, figures, {"runs": [outcome.raw() for outcome in outcomes]}).save()
    Console().print(f"Kept in {path.name}.")
    return 0


def measure(systems: Sequence[System], counts: Sequence[int], span_s: float) -> Outcome:
    """Every system once. A peer that breaks down keeps the steps that it took before; ours must not."""
    outcome = Outcome()
    for system in systems:
        steps = outcome.steps[system.name] = []
        try:
            with Server(system.command()) as server:
                if system.name == FLOOR:
                    outcome.timer_p99_ms = server.ask(measure=TIMERS_S)["lag_p99_ms"]
                for step in climb(server, counts, span_s):
                    steps.append(step)
        except Missing as reason:
            outcome.missing[system.name] = str(reason)
        except (RuntimeError, ValueError) as reason:
            if system.name == OURS:
                raise
            outcome.missing[system.name] = f"broke down: {reason}"
    return outcome


def climb(server: Server, counts: Sequence[int], span_s: float) -> Iterator[Step]:
    """The steps, up to the first that is too much."""
    with (
        tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder,
        load("bench.sip_caller", server.address, server.pid, folder) as callers,
    ):
        for calls in counts:
            up = callers.ask(carry=calls)
            time.sleep(SETTLE_S)
            for _ in range(TRIES):
                step = measured(callers, calls, up["carry"], span_s)
                print(f"bench sip: {step}", *up["failures"], file=sys.stderr, flush=True)
                if step.caller_late_p99_ms <= CALLERS_LATE_MS:
                    break
            yield step
            if not step.carried:
                return


def measured(callers: Measured, calls: int, up: int, span_s: float) -> Step:
    """One step."""
    told = callers.ask(measure=span_s)
    path = Path(told["file"])
    found = heard(Recording.load(path))
    os.unlink(path)
    cost = {name: told[name] for name in ("cpu", "rss_mb", "callers_cpu")}
    return Step(calls=calls, up=up, **cost, **asdict(found))


def _show(figures: Sequence[Figure], outcomes: Sequence[Outcome]) -> None:
    """A row for each figure, a column for each system; below, why there is nothing of a system."""
    systems = list(dict.fromkeys(figure.system for figure in figures))
    table = Table("", *systems, "limit", "holds")
    for name in dict.fromkeys(figure.name for figure in figures):
        row = {figure.system: figure for figure in figures if figure.name == name}
        ours = row.get(OURS)
        holds = {True: "yes", False: "NO", None: ""}[ours.holds if ours else None]
        values = [_value(row.get(system)) for system in systems]
        table.add_row(name, *values, ours.limit if ours else "", holds)
    console = Console(width=max(Console().width, 140))
    console.print(table)
    for system, reason in {item for outcome in outcomes for item in outcome.missing.items()}:
        console.print(f"{system}: {reason}")


def _value(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return "-" if figure.value is None else f"{figure.value:.4g} {figure.unit}"
