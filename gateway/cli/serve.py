"""`warmline serve`: runs the gateway, and shows its parts come up.

The address goes to standard output as soon as we listen; progress and logs go to standard error. Exit codes:
0 stopped when asked to, 1 our own bug, 2 a configuration that cannot be used, 69 the port, the store or a
model file that is needed is not there.
"""

import asyncio
import gc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.markup import escape

from gateway import config, log
from gateway.answering import configured_answerer
from gateway.app import Assembly
from gateway.app import serve as serve_gateway
from gateway.config import Config, ConfigError
from gateway.health import Health, Part, State
from pipelines.facts import Unavailable

WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."

FEWER_COLLECTIONS = (20_000, 20, 50)
"""Thresholds of the garbage collector. Nearly everything here is freed by its count; a search among all
objects takes 30 ms, in which no call is heard."""

SWITCH_S = 0.001
"How long a Python thread may keep the event loop waiting; the default is five times as long."

MARKS = {State.STARTING: "[yellow]…[/]", State.UP: "[green]✓[/]", State.DOWN: "[red]✗[/]"}


def serve(
    file: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file; else ./warmline.yaml.", dir_okay=False),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead of the configured host.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free port.", min=0, max=65535)] = None,
) -> None:
    """Run the gateway until Ctrl-C or SIGTERM; a second one stops it at once."""
    errors = Console(stderr=True)
    try:
        settings = _overridden(config.load(file), host, port)
        log.configure(settings.logging)
        screen = Screen(errors)
        health = Health(screen.changed)
        work = serve_gateway(settings, Assembly(configured_answerer), health, screen.listening)
        sys.setswitchinterval(SWITCH_S)
        gc.set_threshold(*FEWER_COLLECTIONS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except ConfigError as error:
        raise _end(errors, str(error), WRONG_USAGE) from error
    except Unavailable as error:
        raise _end(errors, f"warmline serve: {error}", UNAVAILABLE) from error


@dataclass(slots=True)
class Screen:
    """Tells the person at the terminal how far we are."""

    console: Console

    def listening(self, address: str) -> None:
        """We listen: say where."""
        typer.echo(f"Warmline: {address}  (chat and calls; health at {address}/readyz)")

    def changed(self, name: str, part: Part) -> None:
        """A part has a new state."""
        detail = f": {escape(part.detail)}" if part.detail else ""
        self.console.print(
            f" {MARKS[part.state]} {name} {part.state}{detail}", highlight=False, soft_wrap=True
        )


def _overridden(settings: Config, host: str | None, port: int | None) -> Config:
    """The configuration with what the command line says in place of `http.host` and `http.port`."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"http": settings.http.model_copy(update=given)})


def _end(console: Console, text: str, code: int) -> typer.Exit:
    console.print(text, style="red", highlight=False, soft_wrap=True, markup=False)
    return typer.Exit(code)
