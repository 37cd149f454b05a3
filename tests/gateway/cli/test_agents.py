import asyncio
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway import config
from gateway.accounts.audit import CONSOLE, Audit
from gateway.accounts.desk_session import Signed
from gateway.accounts.passwords import Argon2Passwords
from gateway.accounts.sign_ins import SignIns, WrongCredentials
from gateway.cli import agents
from gateway.cli.agents import FAILED, UNAVAILABLE, WRONG_USAGE, app
from gateway.store.database import open_database
from gateway.store.desk_records import AuditEntry
from gateway.store.sql_accounts import SqlAccounts
from gateway.store.sql_desk_records import SqlDeskRecords

GOOD = "correct horse battery"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "warmline.yaml").write_text("queues: {named: [{name: billing}, {name: sales}]}\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(agents, "Argon2Passwords", lambda: Argon2Passwords(memory_kib=64, passes=1))


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def sign_in(name: str, password: str) -> Signed:
    async def main() -> Signed:
        async with open_database(config.load().store.url.get_secret_value()) as database:
            records = SqlDeskRecords(database)
            sign_ins = SignIns(SqlAccounts(database), Argon2Passwords(64, 1), Audit(records))
            return (await sign_ins.sign_in(name, password))[0]

    return asyncio.run(main())


def audit() -> list[AuditEntry]:
    async def main() -> list[AuditEntry]:
        async with open_database(config.load().store.url.get_secret_value()) as database:
            return await SqlDeskRecords(database).entries()

    return asyncio.run(main())


def listed() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(run("list", "--json").stdout)
    return rows


def test_an_account_is_made_with_a_typed_password_and_signs_in() -> None:
    result = run("add", "Kim@shop.example", "--role", "supervisor", "--queue", "billing", typed=f"{GOOD}\n")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "kim@shop.example (supervisor) may sign in, and is called Kim\n"
    assert GOOD not in result.output
    account = sign_in("kim@shop.example", GOOD).account
    assert account.role == "supervisor" and account.queues == {"billing"}
    with pytest.raises(WrongCredentials):
        sign_in("kim@shop.example", "wrong")
    assert [entry.action for entry in audit() if entry.agent_id == CONSOLE] == ["account_added"]


def test_a_made_password_is_shown_once_and_is_the_one() -> None:
    result = run("add", "kim", "--generate")
    [password] = re.findall(r"^password: (\S+)$", result.stdout, re.MULTILINE)
    assert sign_in("kim", password).account.display_name == "Kim"
    assert password not in run("list").output + run("list", "--json").output


def test_what_a_person_can_do_is_given_at_once_and_changed_later() -> None:
    given = [
        "--skill",
        "refunds:8",
        "--skill",
        "returns",
        "--language",
        "en",
        "--language",
        "de",
        "--chat",
        "5",
    ]
    run("add", "kim", "--generate", "--display-name", "Kim Lee", *given)
    [kim] = listed()
    assert kim.pop("agent_id")
    assert kim == {
        "name": "kim",
        "display_name": "Kim Lee",
        "role": "agent",
        "queues": ["general"],
        "skills": {"refunds": 8, "returns": 5},
        "languages": ["de", "en"],
        "capacity": {"voice": 1, "chat": 5},
        "enabled": True,
    }
    assert run("change", "KIM", "--queue", "sales", "--queue", "billing", "--voice", "0").exit_code == 0
    [changed] = listed()
    assert (changed["queues"], changed["capacity"]) == (["billing", "sales"], {"voice": 0, "chat": 5})
    assert (changed["skills"], changed["display_name"]) == (kim["skills"], "Kim Lee")


def test_rights_are_taken_and_given_back() -> None:
    run("add", "kim", typed=f"{GOOD}\n")
    assert run("disable", "kim").stdout == "kim: disabled, and signed out everywhere\n"
    assert listed()[0]["enabled"] is False
    assert run("enable", "kim").exit_code == 0
    assert run("role", "kim", "admin").stdout == "kim: admin now, and signed out everywhere\n"
    assert run("password", "kim", typed="another long password\n").exit_code == 0
    assert sign_in("kim", "another long password").account.role == "admin"


def test_the_table_shows_everybody_and_an_empty_one_says_how_to_begin() -> None:
    assert "warmline agents add NAME" in run("list").stdout
    run("add", "kim", "--generate", "--skill", "refunds:8")
    shown = run("list").stdout
    assert "kim" in shown and "refunds:8" in shown and "disabled" not in shown
    run("disable", "kim")
    assert "disabled" in run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "says"),
    [
        (["add", "kim"], "short\n", FAILED, "12 to 256 characters"),
        (["add", "kim"], "password1234\n", FAILED, "tried first"),
        (["add", "kim"], "", FAILED, "12 to 256 characters"),
        (["add", "k m", "--generate"], "", WRONG_USAGE, "a sign-in name"),
        (["add", "x" * 1000, "--generate"], "", WRONG_USAGE, "a sign-in name"),
        (["add", "'; DROP TABLE accounts --", "--generate"], "", WRONG_USAGE, "a sign-in name"),
        (["add", "kim", "--generate", "--role", "owner"], "", WRONG_USAGE, "agent, supervisor, admin"),
        (["add", "kim", "--generate", "--skill", "refunds:11"], "", WRONG_USAGE, "1 to 10"),
        (["add", "kim", "--generate", "--skill", "refunds:high"], "", WRONG_USAGE, "NAME:LEVEL"),
        (["add", "kim", "--generate", "--voice", "2"], "", WRONG_USAGE, "one call"),
        (["add", "kim", "--generate", "--display-name", "a\x07b"], "", WRONG_USAGE, "control characters"),
        (["add", "kim", "--generate", "--queue", "biling"], "", WRONG_USAGE, "billing, sales, general"),
        (["disable", "nobody"], "", FAILED, "no account `nobody`"),
        (["role", "nobody", "agent"], "", FAILED, "no account `nobody`"),
        (["change", "nobody", "--chat", "1"], "", FAILED, "no account `nobody`"),
        (["password", "nobody", "--generate"], "", FAILED, "no account `nobody`"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_an_exit_code(
    arguments: list[str], typed: str, code: int, says: str
) -> None:
    result = run(*arguments, typed=typed)
    assert result.exit_code == code
    assert result.stderr.startswith("warmline agents: ") and says in result.stderr
    assert result.stderr.count("\n") == 1
    assert listed() == []


def test_a_name_is_taken_once() -> None:
    run("add", "kim", "--generate")
    result = run("add", "KIM", "--generate")
    assert (result.exit_code, result.stderr) == (
        FAILED,
        "warmline agents: there is an account `kim` already\n",
    )


def test_no_password_can_be_given_on_the_command_line() -> None:
    assert run("add", "kim", "--password", GOOD).exit_code == WRONG_USAGE
    assert run("password", "kim", GOOD).exit_code == WRONG_USAGE


def test_a_store_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    monkeypatch.setenv("WARMLINE_STORE__URL", f"sqlite+aiosqlite:///{tmp_path / 'in-the-way' / 'x.sqlite'}")
    result = run("list")
    assert result.exit_code == UNAVAILABLE
    assert result.stderr.startswith("warmline agents: the session store ")


def test_a_configuration_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "warmline.yaml").write_text("stoer: 1\n")
    result = run("list")
    assert result.exit_code == WRONG_USAGE and "did you mean `store`" in result.stderr
