"""`warmline serve`: runs the gateway, and shows its parts come up.

The address goes to standard output as soon as we listen; progress and logs go to standard error. Exit codes:
0 stopped when asked to, 1 our own bug, 2 a configuration that cannot be used, 69 the port, the store or a
model file that is needed is not there.
"""

import asyncio
import gc
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.markup import escape

from gateway import config, log
from gateway.accounts.demo_agents import make_demo_agents
from gateway.answering import configured_answerer
from gateway.app import Assembly
from gateway.app import serve as serve_gateway
from gateway.cli.agents import open_accounts
from gateway.config import Config, ConfigError
from gateway.health import Health, Part, State
from gateway.web.origins import is_loopback
from pipelines.facts import Unavailable

WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."

FEWER_COLLECTIONS = (20_000, 20, 50)
"""Thresholds of the garbage collector. Nearly everything here is freed by its count; a search among all
objects takes 30 ms, in which no call is heard."""

SWITCH_S = 0.001
"How long a Python thread may keep the event loop waiting; the default is five times as long."

ONLY_HERE = (
    "--demo-agents makes accounts for trying Warmline on one machine, and this gateway listens on {host}: "
    "start it without, and make accounts with `warmline agents add NAME`"
)
NOBODY = "Nobody can sign in at the desk yet: `warmline agents add NAME` makes an account."
KEPT = "The passwords of the desk's demo accounts are in {file}"
NOT_KEPT = "The desk has demo accounts; `warmline agents password NAME --generate` makes new passwords."

MARKS = {State.STARTING: "[yellow]…[/]", State.UP: "[green]✓[/]", State.DOWN: "[red]✗[/]"}


def serve(
    file: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file; else ./warmline.yaml.", dir_okay=False),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead of the configured host.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free port.", min=0, max=65535)] = None,
    demo_agents: Annotated[
        bool,
        typer.Option("--demo-agents", help="Make two people for the desk, to try it; on this machine only."),
    ] = False,
) -> None:
    """Run the gateway until Ctrl-C or SIGTERM; a second one stops it at once."""
    errors = Console(stderr=True)
    try:
        settings = _overridden(config.load(file), host, port)
        if demo_agents and not is_loopback(settings.http.host):
            raise ConfigError([ONLY_HERE.format(host=settings.http.host)])
        log.configure(settings.logging)
        screen = Screen(errors)
        health = Health(screen.changed)
        favour_event_loop()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            screen.people = runner.run(_people(settings, demo_agents))
            runner.run(serve_gateway(settings, Assembly(configured_answerer), health, screen.listening))
    except ConfigError as error:
        raise _end(errors, str(error), WRONG_USAGE) from error
    except Unavailable as error:
        raise _end(errors, f"warmline serve: {error}", UNAVAILABLE) from error


def favour_event_loop() -> None:
    """Set this interpreter up for one event loop that must not be late, beside threads of models."""
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*FEWER_COLLECTIONS)


@dataclass(slots=True)
class Screen:
    """Tells the person at the terminal how far we are."""

    console: Console
    people: list[str] = field(default_factory=list)
    "Lines about who can work at the desk; shown after the address, which programs read first."

    def listening(self, address: str) -> None:
        """We listen: say where."""
        typer.echo(f"Warmline: {address}  (chat and calls; health at {address}/readyz)")
        typer.echo(f"Desk: {address}/desk  (where your people sign in)")
        for line in self.people:
            typer.echo(line)

    def changed(self, name: str, part: Part) -> None:
        """A part has a new state."""
        detail = f": {escape(part.detail)}" if part.detail else ""
        self.console.print(
            f" {MARKS[part.state]} {name} {part.state}{detail}", highlight=False, soft_wrap=True
        )


async def _people(settings: Config, demo_agents: bool) -> list[str]:
    """Make the demo's people if asked to; lines that say who can work at the desk, or how to let somebody."""
    async with open_accounts(settings) as accounts:
        if not demo_agents:
            return [] if await accounts.all() else [NOBODY]
        queues = frozenset(settings.queues.by_name)
        made = await make_demo_agents(accounts, config.state_folder(), queues)
    lines = [f"Desk account made to try it: {name}, password {word}" for name, word in made.passwords.items()]
    return [*lines, KEPT.format(file=made.file) if made.file else NOT_KEPT]


def _overridden(settings: Config, host: str | None, port: int | None) -> Config:
    """The configuration with what the command line says in place of `http.host` and `http.port`."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"http": settings.http.model_copy(update=given)})


def _end(console: Console, text: str, code: int) -> typer.Exit:
    console.print(text, style="red", highlight=False, soft_wrap=True, markup=False)
    return typer.Exit(code)
