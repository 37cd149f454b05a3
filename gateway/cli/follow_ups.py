"""`warmline follow-ups`: what is owed to customers, and closing it.

Works on the configured store, also while a gateway runs on it. Exit codes: 0 done, 1 it cannot be done (no
such follow-up, closed already), 2 wrong usage, 69 the store cannot be reached.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from gateway import config
from gateway.accounts.audit import CONSOLE, Audit
from gateway.config import ConfigError
from gateway.store.database import open_database
from gateway.store.desk_records import DeskRecords, FollowUp
from gateway.store.sql_desk_records import SqlDeskRecords
from pipelines.facts import Unavailable

FAILED = 1
WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."
OUTCOMES = ("done", "not_reached", "not_needed")

T = TypeVar("T")
Work = Callable[[DeskRecords], Awaitable[T]]

app = typer.Typer(help="What is owed to customers: callbacks, messages, tasks.", no_args_is_help=True)

File = Annotated[
    Path | None, typer.Option("--config", help="YAML file; else ./warmline.yaml.", dir_okay=False)
]
Queues = Annotated[list[str] | None, typer.Option("--queue", help="Those of this queue; several times.")]


@app.command("list")
def show(
    queues: Queues = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    file: File = None,
) -> None:
    """Show what is open, the next due first; numbers and words are customers' data."""
    with _faults():
        found = _run(file, lambda records: records.open_follow_ups(queues=queues))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
    elif found:
        Console().print(_as_table(found))
    else:
        typer.echo("nothing is owed to anybody")


@app.command()
def close(
    follow_up_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it: f_…")],
    outcome: Annotated[str, typer.Option("--outcome", help=" | ".join(OUTCOMES))] = "done",
    file: File = None,
) -> None:
    """Close one: it is done, or will never be."""

    async def work(records: DeskRecords) -> bool:
        found = await records.follow_up(follow_up_id)
        if found is None:
            raise _end(f"there is no follow-up `{follow_up_id}`", FAILED)
        details = {"follow_up": follow_up_id, "outcome": outcome}
        await Audit(records).note(CONSOLE, "close_follow_up", found.session_id, **details)
        return await records.close_follow_up(follow_up_id, outcome, time.time())

    if outcome not in OUTCOMES:
        raise _end(f"an outcome is one of {', '.join(OUTCOMES)}", WRONG_USAGE)
    with _faults():
        closed = _run(file, work)
    if not closed:
        raise _end(f"`{follow_up_id}` was closed already", FAILED)
    typer.echo(f"{follow_up_id}: closed as {outcome}")


def _run(file: Path | None, work: Work[T]) -> T:
    settings = config.load(file)

    async def main() -> T:
        async with open_database(settings.store.url.get_secret_value()) as database:
            return await work(SqlDeskRecords(database))

    return asyncio.run(main())


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what can go wrong into one line and an exit code."""
    try:
        yield
    except ConfigError as fault:
        raise _end(str(fault), WRONG_USAGE) from fault
    except Unavailable as fault:
        raise _end(str(fault), UNAVAILABLE) from fault


def _end(text: str, code: int) -> typer.Exit:
    text = f"warmline follow-ups: {text}"
    Console(stderr=True).print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(code)


def _as_table(found: list[FollowUp]) -> Table:
    table = Table("id", "kind", "queue", "due (UTC)", "tries", "number", "about")
    for each in found:
        due = datetime.fromtimestamp(each.due_at, UTC).strftime("%Y-%m-%d %H:%M")
        row = (
            each.follow_up_id,
            each.kind,
            each.queue,
            due,
            str(each.attempts),
            each.number or "",
            each.words,
        )
        table.add_row(*row)
    return table
