"""`warmline agents`: the accounts of those who work at the desk.

Works on the configured store, also while a gateway runs on it. Passwords are asked for at the terminal or
made here and shown once; none is ever taken from the command line, where other users could read it. Exit
codes: 0 done, 1 it cannot be done (no such account, the name is taken, a weak password), 2 wrong usage, 69
the store cannot be reached.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from gateway import config
from gateway.accounts.account import Account, InvalidAccount, display_name, sign_in_name
from gateway.accounts.accounts import Accounts, UnknownAccount
from gateway.accounts.audit import Audit
from gateway.accounts.passwords import Argon2Passwords, generated
from gateway.accounts.permissions import DESK_ROLES, DeskRole
from gateway.accounts.sign_ins import WeakPassword
from gateway.config import ConfigError
from gateway.queue.settings import DEFAULT_QUEUE
from gateway.store.account_store import NameTaken
from gateway.store.database import open_database
from gateway.store.sql_accounts import SqlAccounts
from gateway.store.sql_desk_records import SqlDeskRecords
from pipelines.facts import Unavailable

FAILED = 1
WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."
USUAL_LEVEL = 5
"Of a skill that is given without one."

T = TypeVar("T")
Work = Callable[[Accounts], Awaitable[T]]

app = typer.Typer(help="The accounts of those who work at the desk.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name that the person signs in with.")]
File = Annotated[
    Path | None, typer.Option("--config", help="YAML file; else ./warmline.yaml.", dir_okay=False)
]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and show it, once.")]
Role = Annotated[str, typer.Option("--role", help="agent, supervisor, or admin (accounts and audit only).")]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="What customers and colleagues see.")]
Queues = Annotated[
    list[str] | None, typer.Option("--queue", help="A queue they take contacts from; several times.")
]
Skills = Annotated[
    list[str] | None,
    typer.Option("--skill", help="A skill, with a level from 1 to 10: billing:7; several times."),
]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="A language, such as en; several times.")
]
VoiceCapacity = Annotated[int | None, typer.Option("--voice", help="Calls at a time, 0 or 1.")]
ChatCapacity = Annotated[int | None, typer.Option("--chat", help="Chats at a time.")]


@app.command()
def add(
    name: Name,
    shown: DisplayName = None,
    role: Role = "agent",
    queues: Queues = None,
    skills: Skills = None,
    languages: Languages = None,
    voice: VoiceCapacity = None,
    chat: ChatCapacity = None,
    generate: Generate = False,
    file: File = None,
) -> None:
    """Make an account, and ask for its password."""
    with _faults():
        key = sign_in_name(name)
        usual = key.partition("@")[0].title()
        blank = Account("", key, usual, _role(role), queues=frozenset({DEFAULT_QUEUE}))
        wanted = _changed(blank, shown, _known(file, queues), skills, languages, voice, chat)
        password = _password(generate)
        account = _run(file, lambda accounts: accounts.add(wanted, password))
    typer.echo(f"{account.name} ({account.role}) may sign in, and is called {account.display_name}")
    _show(password, generate)


@app.command("list")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    file: File = None,
) -> None:
    """Show everybody."""
    with _faults():
        accounts = _run(file, lambda accounts: accounts.all())
    if as_json:
        typer.echo(json.dumps([_as_json(account) for account in accounts], indent=2, ensure_ascii=False))
    elif accounts:
        Console().print(_as_table(accounts))
    else:
        typer.echo("there are no accounts; make one with `warmline agents add NAME`")


@app.command()
def change(
    name: Name,
    shown: DisplayName = None,
    queues: Queues = None,
    skills: Skills = None,
    languages: Languages = None,
    voice: VoiceCapacity = None,
    chat: ChatCapacity = None,
    file: File = None,
) -> None:
    """Give a person other queues, skills, languages or limits; what is not named stays."""

    async def work(accounts: Accounts) -> None:
        before = await accounts.named(sign_in_name(name))
        known = _known(file, queues)
        await accounts.change(_changed(before, shown, known, skills, languages, voice, chat))

    with _faults():
        _run(file, work)
    typer.echo(f"{name}: changed, from their next sign-in on")


@app.command()
def role(
    name: Name,
    wanted: Annotated[str, typer.Argument(metavar="ROLE", help="agent, supervisor or admin.")],
    file: File = None,
) -> None:
    """Give a person another role; they have to sign in anew."""
    with _faults():
        account = _run(file, lambda accounts: accounts.set_role(sign_in_name(name), _role(wanted)))
    typer.echo(f"{account.name}: {account.role} now, and signed out everywhere")


@app.command()
def disable(name: Name, file: File = None) -> None:
    """Let a person in no more; who is signed in is signed out."""
    with _faults():
        account = _run(file, lambda accounts: accounts.enable(sign_in_name(name), enabled=False))
    typer.echo(f"{account.name}: disabled, and signed out everywhere")


@app.command()
def enable(name: Name, file: File = None) -> None:
    """Let a disabled person in again."""
    with _faults():
        account = _run(file, lambda accounts: accounts.enable(sign_in_name(name), enabled=True))
    typer.echo(f"{account.name}: may sign in")


@app.command()
def password(name: Name, generate: Generate = False, file: File = None) -> None:
    """Give a person another password; who is signed in is signed out."""
    with _faults():
        wanted = _password(generate)
        _run(file, lambda accounts: accounts.set_password(sign_in_name(name), wanted))
    typer.echo(f"{name}: has another password, and is signed out everywhere")
    _show(wanted, generate)


@asynccontextmanager
async def open_accounts(settings: config.Config) -> AsyncIterator[Accounts]:
    """The accounts in the configured store. Raises `Unavailable`."""
    async with open_database(settings.store.url.get_secret_value()) as database:
        yield Accounts(SqlAccounts(database), Argon2Passwords(), Audit(SqlDeskRecords(database)))


def _run(file: Path | None, work: Work[T]) -> T:
    settings = config.load(file)

    async def main() -> T:
        async with open_accounts(settings) as accounts:
            return await work(accounts)

    return asyncio.run(main())


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what can go wrong into one line and an exit code."""
    try:
        yield
    except UnknownAccount as fault:
        raise _end(f"there is no account `{fault}`; `warmline agents list` shows all", FAILED) from fault
    except NameTaken as fault:
        raise _end(f"there is an account `{fault}` already", FAILED) from fault
    except WeakPassword as fault:
        raise _end(str(fault), FAILED) from fault
    except (InvalidAccount, ConfigError) as fault:
        raise _end(str(fault), WRONG_USAGE) from fault
    except Unavailable as fault:
        raise _end(str(fault), UNAVAILABLE) from fault


def _end(text: str, code: int) -> typer.Exit:
    text = f"warmline agents: {text}"
    Console(stderr=True).print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(code)


def _password(generate: bool) -> str:
    """A made one, or one that the person at the terminal types twice; from a pipe, its first line."""
    if generate:
        return generated()
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _show(password: str, is_generated: bool) -> None:
    if is_generated:
        typer.echo(f"password: {password}")


def _role(text: str) -> DeskRole:
    for known in DESK_ROLES:
        if text == known:
            return known
    raise InvalidAccount(f"a role is one of: {', '.join(DESK_ROLES)}")


def _known(file: Path | None, queues: list[str] | None) -> list[str] | None:
    """The queues, which are all configured: a slip would leave the person without contacts."""
    known = config.load(file).queues.by_name
    for queue in queues or ():
        if queue not in known:
            raise InvalidAccount(f"there is no queue {queue[:40]!r}; configured are: {', '.join(known)}")
    return queues


def _changed(
    before: Account,
    shown: str | None,
    queues: list[str] | None,
    skills: list[str] | None,
    languages: list[str] | None,
    voice: int | None,
    chat: int | None,
) -> Account:
    changes: dict[str, Any] = {}
    if shown is not None:
        changes["display_name"] = display_name(shown)
    if queues is not None:
        changes["queues"] = frozenset(queues)
    if skills is not None:
        changes["skills"] = dict(map(_skill, skills))
    if languages is not None:
        changes["languages"] = frozenset(languages)
    capacity = dict(before.capacity)
    if voice is not None:
        capacity["voice"] = voice
    if chat is not None:
        capacity["chat"] = chat
    return replace(before, **changes, capacity=capacity)


def _skill(text: str) -> tuple[str, int]:
    name, _, level = text.partition(":")
    if level and not (level.isascii() and level.isdigit() and len(level) < 4):
        raise InvalidAccount(f"a skill is given as NAME:LEVEL, such as `billing:7`: {text[:40]!r}")
    return name, int(level or USUAL_LEVEL)


def _as_json(account: Account) -> dict[str, Any]:
    return {
        "agent_id": account.agent_id,
        "name": account.name,
        "display_name": account.display_name,
        "role": account.role,
        "queues": sorted(account.queues),
        "skills": dict(account.skills),
        "languages": sorted(account.languages),
        "capacity": dict(account.capacity),
        "enabled": account.enabled,
    }


def _as_table(accounts: list[Account]) -> Table:
    table = Table()
    for heading in ("name", "shown as", "role", "queues", "skills", "speaks", "at a time"):
        table.add_column(heading, overflow="fold")
    for account in accounts:
        skills = (f"{skill}:{level}" for skill, level in sorted(account.skills.items()))
        table.add_row(
            account.name if account.enabled else f"{account.name} (disabled)",
            account.display_name,
            account.role,
            ", ".join(sorted(account.queues)),
            ", ".join(skills),
            ", ".join(sorted(account.languages)),
            f"{account.capacity['voice']} call, {account.capacity['chat']} chats",
        )
    return table
