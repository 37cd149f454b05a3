"""Whether briefings are right, invent nothing, and are there in time.

python -m evals.briefing [--json] [--models FOLDER] [--sessions N]

Plays the sessions of `briefings/*.yaml` against the real agent, shop and articles (without a language
model, which has no part in it) and holds each briefing against what was written down by hand. Then plays
`--sessions` of them, each after a stretch of talk of its own, and measures from the moment a person is
asked for until the packet is ready to be sent: the last fact folded, the packet built, filtered for an
agent and written as JSON. Exit code 1 below 95 % right, with anything invented, or when it takes longer
than 100 ms in more than 1 % of the sessions.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.bench import Bench, bench
from evals.briefing_session import Script, Session, Step, invented, judge, load_scripts
from evals.conversation import load_scripts as load_conversations
from pipelines.briefing_fold import BriefingFold
from pipelines.facts import Fact, HandoffRequested

RIGHT = 0.95
READY_MS = 100.0
IN_TIME = 0.99


@dataclass(frozen=True, slots=True)
class Result:
    """How one session's briefing came out."""

    name: str
    right: int
    expected: int
    wrong: Sequence[str]
    invented: Sequence[str]


@dataclass(frozen=True, slots=True)
class Timing:
    """ms from the trigger until the packet is ready, of each session; and what folding costs."""

    ready_ms: Sequence[float]
    fact_us: float
    "Of one fact, on average."
    facts: int
    longest: int
    "Facts of the longest session."

    @property
    def in_time(self) -> float:
        """The share of sessions whose packet was ready in `READY_MS`."""
        return sum(each <= READY_MS for each in self.ready_ms) / len(self.ready_ms)

    def percentile(self, share: float) -> float:
        """ms."""
        ranked = sorted(self.ready_ms)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


async def check(parts: Bench, scripts: Sequence[Script]) -> list[Result]:
    """Play each session and judge its briefing."""
    results = []
    for script in scripts:
        async with parts.agent() as agent:
            session = Session(agent, script.channel, script.name)
            await session.play(script.steps)
        briefing = session.briefing()
        judged = judge(script.expect, briefing)
        wrong = [name for name, held in judged if not held]
        results.append(
            Result(
                script.name, len(judged) - len(wrong), len(judged), wrong, invented(briefing, session.facts)
            )
        )
    return results


class Stopwatch:
    """Folds a session as it goes and notes how long the packet took at the moment a person was asked for."""

    def __init__(self, fold: BriefingFold) -> None:
        self._fold = fold
        self.facts = 0
        self.folding_s = 0.0
        self.ready_ms: float | None = None

    def __call__(self, fact: Fact) -> None:
        begun = time.perf_counter()
        self._fold.apply(fact)
        folded = time.perf_counter()
        self.facts += 1
        self.folding_s += folded - begun
        if isinstance(fact, HandoffRequested):
            self._packet(begun)

    def finish(self) -> None:
        """A session in which nobody asked for a person is taken over at its end."""
        if self.ready_ms is None:
            self._packet(time.perf_counter())

    def _packet(self, begun: float) -> None:
        self._fold.briefing().for_role("agent").model_dump_json(exclude_none=True)
        self.ready_ms = (time.perf_counter() - begun) * 1000


async def measure(parts: Bench, scripts: Sequence[Script], sessions: int) -> Timing:
    """Play so many sessions; the talk before each comes from the conversations of the other eval."""
    talk = [
        exchange.say
        for script in load_conversations(Path(__file__).parent / "conversations")
        for exchange in script.turns
    ]
    draw = random.Random(5)
    watches: list[Stopwatch] = []
    while len(watches) < sessions:
        async with parts.agent() as agent:  # a shop for each round: nothing here is judged but time
            for script in scripts[: sessions - len(watches)]:
                before = [Step(customer=text) for text in draw.sample(talk, draw.randint(0, 10))]
                watch = Stopwatch(BriefingFold(agent.advisor.glossary))
                session = Session(agent, script.channel, f"timed-{len(watches)}", watch=watch)
                await session.play([*before, *script.steps])
                watch.finish()
                watches.append(watch)
    facts = sum(watch.facts for watch in watches)
    return Timing(
        [watch.ready_ms or 0.0 for watch in watches],
        sum(watch.folding_s for watch in watches) / facts * 1e6,
        facts,
        max(watch.facts for watch in watches),
    )


async def run(options: argparse.Namespace) -> tuple[list[Result], Timing]:
    """Both parts."""
    scripts = load_scripts()
    async with bench(options.models, model=None) as parts:
        return await check(parts, scripts), await measure(parts, scripts, options.sessions)


def _print(results: Sequence[Result], timing: Timing, console: Console) -> None:
    table = Table("session", "right", "wrong", "invented")
    for result in results:
        score = f"{result.right}/{result.expected}"
        table.add_row(result.name, score, "; ".join(result.wrong), "; ".join(result.invented))
    console.print(table)
    p50, p99, most = (timing.percentile(share) for share in (0.5, 0.99, 1.0))
    console.print(
        f"{len(timing.ready_ms)} sessions, {timing.facts} facts ({timing.longest} in the longest): ready"
        f" after {p50:.1f} ms (p50), {p99:.1f} ms (p99), {most:.1f} ms (most); {timing.fact_us:.0f} µs a fact"
    )


def main() -> int:
    """Exit code 0 if all is right, nothing invented and nearly all in time."""
    parser = argparse.ArgumentParser(description="Check briefings against what was written down by hand.")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.add_argument("--sessions", type=int, default=200, help="sessions that are timed")
    parser.add_argument("--models", type=Path, default=Path.home() / ".cache" / "warmline" / "models")
    options = parser.parse_args()
    results, timing = asyncio.run(run(options))
    right = sum(result.right for result in results) / sum(result.expected for result in results)
    made_up = [each for result in results for each in result.invented]
    if options.json:
        found: dict[str, Any] = {
            "right": right,
            "invented": made_up,
            "in_time": timing.in_time,
            "ready_ms": {
                name: timing.percentile(p) for name, p in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
            },
            "fact_us": timing.fact_us,
            "sessions": [asdict(result) for result in results],
        }
        print(json.dumps(found, indent=1))
    else:
        console = Console()
        _print(results, timing, console)
        in_time = f"{timing.in_time:.1%} in {READY_MS:.0f} ms"
        console.print(f"{right:.1%} right, {len(made_up)} invented, {in_time}")
    return 0 if right >= RIGHT and not made_up and timing.in_time >= IN_TIME else 1


if __name__ == "__main__":
    sys.exit(main())
