"""Plays the scripted conversations against the real agent and says which it gets right.

python -m evals.run [--json] [--only TEXT] [--no-model] [--models FOLDER]
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.bench import MODEL, bench
from evals.conversation import Observed, Script, judge, load_scripts
from pipelines.agent.agent import Agent
from pipelines.answer import Basis, Say
from pipelines.conversation import Conversation
from pipelines.facts import (
    Cited,
    CustomerTurn,
    Fact,
    HandoffRequested,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Understood,
    Words,
)

PASS_RATE = 0.9


@dataclass(frozen=True, slots=True)
class Result:
    """How a conversation went."""

    name: str
    faults: Sequence[str]
    turns: Sequence[dict[str, Any]]


async def play(agent: Agent, script: Script, session_id: str) -> Result:
    """Hold one conversation as the gateway would: each fact is applied before the next piece is asked for."""
    conversation = Conversation(session_id)
    faults: list[str] = []
    turns: list[dict[str, Any]] = []
    for number, exchange in enumerate(script.turns, 1):
        turn_id = f"t{number}"
        conversation.apply(
            CustomerTurn(turn_id=turn_id, channel=script.channel, pii=Words(text=exchange.say))
        )
        observed = await _turn(agent, conversation, turn_id, script)
        found = judge(exchange.expect, observed)
        faults += [f"turn {number}: {fault}" for fault in found]
        turns.append({"say": exchange.say, **asdict(observed), "faults": found})
    return Result(script.name, faults, turns)


async def _turn(agent: Agent, conversation: Conversation, turn_id: str, script: Script) -> Observed:
    begun = time.monotonic()
    first: float | None = None
    reply, basis, facts = "", Basis("fixed"), list[Fact]()
    async with aclosing(agent.respond(conversation, turn_id, script.channel)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Say):
                first = first or time.monotonic()
                reply += piece.text
            elif isinstance(piece, Basis):
                basis = piece
            elif isinstance(piece, Fact):
                facts.append(piece)
                conversation.apply(piece)
    ended = time.monotonic()
    done = ReplyDone(turn_id=f"r-{turn_id}", answers=turn_id, source=basis.source, pii=Words(text=reply))
    conversation.apply(done)
    return _observed(
        facts, reply, basis, round(((first or ended) - begun) * 1000), round((ended - begun) * 1000)
    )


def _observed(facts: Sequence[Fact], reply: str, basis: Basis, first_ms: int, total_ms: int) -> Observed:
    asked = {f.call_id: dict(f.pii.values) for f in facts if isinstance(f, ToolCalled)}
    understood = [f for f in facts if isinstance(f, Understood)]
    return Observed(
        reply=reply,
        tools=[
            {"tool": f.tool, "arguments": asked[f.call_id], "outcome": f.outcome, "code": f.code}
            for f in facts
            if isinstance(f, ToolFinished)
        ],
        cited=[_article(each) for each in basis.citations],
        handoffs=[f.reason for f in facts if isinstance(f, HandoffRequested)],
        first_words_ms=first_ms,
        total_ms=total_ms,
        understood=" ".join(f"{','.join(f.commands)} ({f.by} {f.confidence:.2f})" for f in understood),
        source=basis.source,
    )


def _article(cited: Cited) -> str:
    return cited.article


async def run(options: argparse.Namespace) -> list[Result]:
    """Play all scripts, one after the other: latencies are those of a single customer."""
    scripts = [s for s in load_scripts(Path(__file__).parent / "conversations") if options.only in s.name]
    results: list[Result] = []
    async with bench(options.models, model=None if options.no_model else MODEL) as parts:
        for script in scripts:
            async with parts.agent() as agent:
                await agent.warm()
                results.append(await play(agent, script, f"eval-{script.name}"))
    return results


def _print(results: Sequence[Result], console: Console) -> None:
    table = Table("conversation", "turns", "first words, ms", "result")
    for result in results:
        first = ", ".join(str(turn["first_words_ms"]) for turn in result.turns)
        table.add_row(
            result.name, str(len(result.turns)), first, "[red]failed" if result.faults else "passed"
        )
    console.print(table)
    for result in results:
        if result.faults:
            console.print(f"\n[bold]{result.name}[/bold]: {'; '.join(result.faults)}")
            for turn in result.turns:
                console.print(f"  > {turn['say']}", markup=False)
                console.print(f"  < {turn['reply']}", markup=False)
                calls = [f"{call['tool']}: {call['outcome']} {call['code'] or ''}" for call in turn["tools"]]
                console.print(f"    {turn['understood']} {calls}", markup=False, style="dim")


def main() -> int:
    """Exit code 0 if enough conversations pass."""
    parser = argparse.ArgumentParser(description="Play the scripted conversations.")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.add_argument("--only", default="", help="only conversations whose name contains this")
    parser.add_argument("--no-model", action="store_true", help="without a language model")
    parser.add_argument("--models", type=Path, default=Path.home() / ".cache" / "warmline" / "models")
    results = asyncio.run(run(parser.parse_args()))
    rate = sum(not result.faults for result in results) / max(1, len(results))
    if "--json" in sys.argv:
        print(json.dumps({"pass_rate": rate, "conversations": [asdict(r) for r in results]}, indent=1))
    else:
        console = Console()
        _print(results, console)
        console.print(f"\n{rate:.0%} of {len(results)} conversations passed")
    return 0 if rate >= PASS_RATE else 1


if __name__ == "__main__":
    sys.exit(main())
