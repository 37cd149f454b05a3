"""Two made-up people, an agent and a supervisor, for a machine where somebody only tries Warmline.

Their passwords are drawn, stored hashed like any other, shown once, and kept in a file that only its owner
can read, so that a later start can say where they are.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from gateway.accounts.account import Account
from gateway.accounts.accounts import Accounts
from gateway.accounts.passwords import generated
from gateway.store.account_store import NameTaken

FILE = "demo-agents.json"

PEOPLE = (
    Account("", "alex", "Alex", "agent"),
    Account("", "sam", "Sam", "supervisor"),
)


@dataclass(frozen=True, slots=True)
class DemoAgents:
    """What became of them."""

    passwords: dict[str, str]
    "By sign-in name, of those that were made just now."
    file: Path | None
    "Where all of them are; None: somebody took the file away, or it could not be written."


async def make_demo_agents(accounts: Accounts, folder: Path, queues: frozenset[str]) -> DemoAgents:
    """Make those that are missing; they take contacts from these queues.

    `folder` is the one of this process's state. Raises `Unavailable`.
    """
    file, made = folder / FILE, {}
    for person in PEOPLE:
        password = generated()
        wanted = Account("", person.name, person.display_name, person.role, queues=queues)
        try:
            await accounts.add(wanted, password)
        except NameTaken:
            continue
        made[person.name] = password
    if made:
        with contextlib.suppress(OSError):
            _keep(file, {**_kept(file), **made})
    is_whole = made.items() <= _kept(file).items() and file.exists()
    return DemoAgents(made, file if is_whole else None)


def _kept(file: Path) -> dict[str, str]:
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _keep(file: Path, passwords: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    # Made anew and for its owner only, from the first moment: nobody can have opened it before.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(passwords, out, indent=2)
        out.write("\n")
