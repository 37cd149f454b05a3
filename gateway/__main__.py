"""The command `warmline`, and `python -m gateway`.

Subcommands are imported by name and only when they are called, so that `warmline --help` needs none of the
libraries they stand on.
"""

import importlib
import sys
from typing import Any

import typer

COMMANDS = {
    "serve": ("gateway.cli.serve:serve", "Run the gateway."),
    "chat": ("gateway.cli.chat:chat", "Chat with a gateway at the terminal."),
    "call": ("gateway.cli.call:call", "Call a gateway: say something, hear and read the answer."),
    "dial": ("gateway.cli.dial:dial", "Have a gateway call a telephone number."),
    "agents": ("gateway.cli.agents:app", "The accounts of those who work at the desk."),
    "follow-ups": ("gateway.cli.follow_ups:app", "What is owed to customers: callbacks, messages, tasks."),
    "models": ("gateway.cli.models:app", "Get the embedded models' files, and see which are whole."),
    "check": (
        "gateway.cli.check:check",
        "Check the configuration, the agent's definition, the knowledge.",
    ),
    "doctor": ("gateway.cli.doctor:doctor", "Look at this machine and say what to do about what is missing."),
}
"Where each command is, and what `--help` says of it."


def main() -> None:
    """Run the command that the command line names."""
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    app = typer.Typer(
        name="warmline",
        help="Answers customers by voice and chat, and knows when to bring in a person.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    for name, (place, help_text) in COMMANDS.items():
        command: Any = _load(place) if name == wanted else _never
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, help=help_text)
        else:
            app.command(name, help=help_text)(command)
    app()


def _load(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _never() -> None:
    raise AssertionError("only the command that is called is loaded")


if __name__ == "__main__":
    main()
