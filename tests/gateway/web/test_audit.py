"""The audit over HTTP."""

import json
import re
from pathlib import Path

import pytest

from gateway.accounts.account import Account
from gateway.store.desk_records import PAGE
from gateway.web.audit import AuditPage, EntryView
from tests.gateway.accounts.door import ALEX, SAM
from tests.gateway.web.desk_door import World, code, run

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()


def test_a_supervisor_reads_who_did_what_and_that_is_an_entry_too() -> None:
    async def test(the: World) -> None:
        await the.door.audit.note("a_7", "transfer", "s_1", queue="billing")
        await the.door.audit.note("a_8", "message", "s_2")
        sam = (await the.post("sign-in", name="sam", password=SAM)).json()["agent"]["agent_id"]
        answer = await the.http.get("/api/desk/audit", params={"session": "s_1"})
        [read, transfer] = answer.json()["entries"]
        assert (transfer["agent_id"], transfer["action"]) == ("a_7", "transfer")
        assert transfer["details"] == {"queue": "billing"}
        assert (read["agent_id"], read["action"]) == (sam, "read_audit")
        assert answer.headers["cache-control"] == "no-store"
        of_one = await the.http.get("/api/desk/audit", params={"agent": "a_8"})
        assert [entry["session_id"] for entry in of_one.json()["entries"]] == ["s_2"]

    run(test)


def test_older_pages_follow_without_a_gap() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="sam", password=SAM)
        for count in range(PAGE + 10):
            await the.door.audit.note("a_7", "message", "s_1", count=count)
        first = (await the.http.get("/api/desk/audit", params={"agent": "a_7"})).json()["entries"]
        params = {"agent": "a_7", "before": first[-1]["number"]}
        second = (await the.http.get("/api/desk/audit", params=params)).json()["entries"]
        counts = [entry["details"]["count"] for entry in first + second]
        assert counts == list(range(PAGE + 9, -1, -1))

    run(test)


def test_an_admin_may_read_it_and_an_agent_or_a_stranger_may_not() -> None:
    async def test(the: World) -> None:
        assert code(await the.http.get("/api/desk/audit")) == (401, "not_signed_in")
        await the.post("sign-in", name="alex", password=ALEX)
        assert code(await the.http.get("/api/desk/audit")) == (403, "not_allowed")
        assert "read_audit" not in the.door.actions
        await the.door.accounts.add(Account("", "kim", "Kim", "admin"), "a password for kims")
        await the.post("sign-in", name="kim", password="a password for kims")
        assert (await the.http.get("/api/desk/audit")).status_code == 200

    run(test)


@pytest.mark.parametrize(
    "params", [{"before": "0"}, {"before": "x"}, {"before": str(2**31)}, {"session": ""}, {"agent": "x" * 65}]
)
def test_a_malformed_question_is_told(params: dict[str, str]) -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="sam", password=SAM)
        assert code(await the.http.get("/api/desk/audit", params=params)) == (422, "invalid_message")

    run(test)


def test_nothing_is_read_while_that_cannot_be_written_down() -> None:
    async def test(the: World) -> None:
        await the.post("sign-in", name="sam", password=SAM)
        the.door.records.down = True
        assert code(await the.http.get("/api/desk/audit")) == (503, "unavailable")
        the.at.audit = None
        assert code(await the.http.get("/api/desk/audit")) == (503, "busy")

    run(test)


def test_the_wire_page_shows_an_entry() -> None:
    [example] = re.findall(r"```json audit\n(.*?)```", WIRE, re.DOTALL)
    shown = json.loads(example)
    assert AuditPage.model_validate(shown).model_dump() == shown
    assert set(shown["entries"][0]) == set(EntryView.model_fields)
