import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway import config
from gateway.accounts.audit import CONSOLE
from gateway.cli.follow_ups import FAILED, UNAVAILABLE, WRONG_USAGE, app
from gateway.session import begin
from gateway.store.desk_records import AuditEntry, FollowUp
from gateway.store.sql import open_store
from gateway.store.sql_desk_records import SqlDeskRecords


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def promise(*follow_ups: tuple[str, str]) -> None:
    """Callbacks with these ids, in these queues."""

    async def main() -> None:
        async with open_store(config.load().store.url.get_secret_value()) as store:
            session, _ = begin("chat", 0.0)
            await store.create(session)
            for due_at, (follow_up_id, queue) in enumerate(follow_ups, 1_795_000_000):
                await SqlDeskRecords(store.database).add_follow_up(
                    FollowUp(
                        follow_up_id,
                        session.session_id,
                        "callback",
                        queue,
                        due_at,
                        created_at=10.0,
                        created_by="customer",
                        number="+12065550100",
                        words="Maya Lopez",
                    )
                )

    asyncio.run(main())


def audit() -> list[AuditEntry]:
    async def main() -> list[AuditEntry]:
        async with open_store(config.load().store.url.get_secret_value()) as store:
            return await SqlDeskRecords(store.database).entries()

    return asyncio.run(main())


def test_what_is_owed_is_shown_the_next_due_first() -> None:
    assert "nothing is owed" in run("list").stdout
    promise(("f_1", "general"), ("f_2", "billing"))
    shown = run("list").stdout
    assert shown.index("f_1") < shown.index("f_2") and "callback" in shown
    [billing] = json.loads(run("list", "--queue", "billing", "--json").stdout)
    assert (billing["follow_up_id"], billing["number"]) == ("f_2", "+12065550100")


def test_one_is_closed_once_and_that_is_written_down() -> None:
    promise(("f_1", "general"))
    assert run("close", "f_1", "--outcome", "not_needed").exit_code == 0
    assert json.loads(run("list", "--json").stdout) == []
    [entry] = audit()
    assert (entry.agent_id, entry.action) == (CONSOLE, "close_follow_up")
    assert entry.details == {"follow_up": "f_1", "outcome": "not_needed"}
    again = run("close", "f_1")
    assert again.exit_code == FAILED and "closed already" in again.stderr


def test_what_cannot_be_closed_is_said() -> None:
    assert run("close", "f_none").exit_code == FAILED
    assert run("close", "f_none", "--outcome", "whatever").exit_code == WRONG_USAGE


def test_a_store_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    monkeypatch.setenv("WARMLINE_STORE__URL", f"sqlite+aiosqlite:///{tmp_path / 'in-the-way' / 'x.sqlite'}")
    assert run("list").exit_code == UNAVAILABLE
