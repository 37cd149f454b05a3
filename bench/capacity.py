"""How much one core carries with stub models: calls, browser calls, idle chats, chat turns.

Every measured process has core 0 to itself, threads and all; what loads it from outside has core 1. Calls are
added until the event loop is late (p99 over 20 ms), the core is full, or callers are not answered. Voice
activity (Silero) and end of turn (smart-turn) are real; recogniser, language model and voice are stubs with
the same delays for all (`capacity_load.py`).
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import capacity_figures as figures
from bench.capacity_load import FRAME_S
from bench.capacity_processes import Measured, gateway, load, pipecat, python
from bench.capacity_ramp import Ramp, Step
from bench.capacity_sounds import recorded
from bench.figures import Figure, Result
from bench.peers import Missing, environment
from gateway import config

PARTS = ("calls", "webrtc", "chats", "turns")
CYCLE_S = 525 * FRAME_S
"One question and its answer: what a step is measured over."
CALLS = {"warmline": Ramp(first=20, step=10), "pipecat": Ramp(first=5, step=5)}
WEBRTC = {"warmline": Ramp(first=6, step=4), "pipecat": Ramp(first=2, step=2)}
IDLE = (500, 10_000)
"Memory is read at both; the first are to have everything warm."
TRIES = 2
"A step that does not hold is measured once more: the machine may have been busy with something else."
ASKERS = 200
ASK_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--runs", type=int, default=5, help="how often everything is measured (default 5)")
    parser.add_argument("--only", default="", choices=("", *PARTS), help="only this of the measurements")
    parser.add_argument("--quick", action="store_true", help="once, with fewer chats and larger steps")


def run(options: argparse.Namespace) -> int:
    """Measure, print, save. A part of it all, or a quick look, has a file of its own."""
    folder = recorded(config.load().models.folder)
    bench = Capacity(folder, quick=options.quick)
    parts = [options.only] if options.only else list(PARTS)
    found: list[Figure] = []
    raw: dict[str, list[object]] = {}
    for part in parts:
        measure: Callable[[], figures.Outcome] = getattr(bench, part)
        outcomes = [measure() for _ in range(1 if options.quick else options.runs)]
        found += figures.told(part, outcomes)
        raw[part] = [outcome.raw() for outcome in outcomes]
    _show(found)
    name = "-".join(["capacity", *([options.only] if options.only else []), *(["quick"] * options.quick)])
    path = Result(name, found, raw).save()
    Console().print(f"Kept in {path.name}.")
    return 0


class Capacity:
    """The four measurements."""

    def __init__(self, sounds: Path, *, quick: bool) -> None:
        self._sounds = sounds
        self._quick = quick
        self._models = config.load().models.folder

    def calls(self) -> figures.Outcome:
        """Calls over ports inside the process."""
        outcome = figures.Outcome()
        ours = python("bench.capacity_calls", self._sounds, self._models)
        with Measured(ours) as process:
            outcome.steps["warmline"] = self._climb(CALLS["warmline"], process, process)
        with self._peer(outcome, "capacity_pipecat_calls.py") as peer:
            if peer is not None:
                outcome.steps["pipecat"] = self._climb(CALLS["pipecat"], peer, peer)
        return outcome

    def webrtc(self) -> figures.Outcome:
        """Browser calls: a real gateway, and pipecat's SmallWebRTCTransport."""
        outcome = figures.Outcome()
        with gateway(self._sounds, self._models) as process:
            outcome.steps["warmline"] = self._browsers(WEBRTC["warmline"], process)
        with self._peer(outcome, "capacity_pipecat_webrtc.py") as peer:
            if peer is not None:
                outcome.steps["pipecat"] = self._browsers(WEBRTC["pipecat"], peer)
        return outcome

    def chats(self) -> figures.Outcome:
        """Memory of idle chats, really connected."""
        few, many = (100, 1_000) if self._quick else IDLE
        with (
            gateway(self._sounds, self._models) as process,
            load("bench.capacity_crowd", process.address) as crowd,
        ):
            crowd.ask(idle=few)
            before = process.ask(measure=2.0)
            crowd.ask(idle=many)
            after = process.ask(measure=2.0)
            there = crowd.ask(idle=many)["idle"]
        if there < many:
            raise RuntimeError(f"only {there} of {many} chats stayed connected")
        kb = (after["rss_mb"] - before["rss_mb"]) * 1_000 / (many - few)
        return figures.Outcome(numbers={"kB": kb, "chats": there, "cpu": after["cpu"]})

    def turns(self) -> figures.Outcome:
        """Chat turns, one after the other in many chats."""
        with (
            gateway(self._sounds, self._models) as process,
            load("bench.capacity_crowd", process.address) as crowd,
        ):
            return figures.Outcome(numbers=crowd.ask(ask=ASKERS, seconds=ASK_S))

    def _browsers(self, ramp: Ramp, server: Measured) -> list[Step]:
        with load("bench.capacity_callers", server.address, self._sounds) as callers:
            return self._climb(ramp, server, callers)

    def _climb(self, ramp: Ramp, server: Measured, callers: Measured) -> list[Step]:
        """Add calls until they are too many; every step that was measured, the last being too much."""
        steps = []
        for calls in ramp.counts(2 if self._quick else 1):
            callers.ask(carry=calls)
            server.ask(measure=2.0)
            for _ in range(TRIES):
                step = Step(calls=calls, expected=calls, **server.ask_both(callers, CYCLE_S))
                print(f"bench capacity: {step}", file=sys.stderr, flush=True)
                if step.holds:
                    break
            steps.append(step)
            if not step.holds:
                break
        return steps

    @contextlib.contextmanager
    def _peer(self, outcome: figures.Outcome, program: str) -> Iterator[Measured | None]:
        """The peer's process, or None with the reason in the outcome."""
        try:
            command = pipecat(environment("capacity"), program, self._sounds)
        except Missing as reason:
            outcome.missing = str(reason)
            yield None
            return
        with Measured(command) as process:
            yield process


def _show(found: list[Figure]) -> None:
    table = Table("figure", "system", "value", "limit", "holds")
    for one in found:
        value = one.note if one.value is None else f"{one.value:.4g} {one.unit}"
        table.add_row(one.name, one.system, value, one.limit, {True: "yes", False: "NO", None: ""}[one.holds])
    Console().print(table)
