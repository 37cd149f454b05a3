import asyncio

import pytest

from gateway.accounts.audit import Audit
from gateway.store.desk_records import AuditEntry
from pipelines.facts import Unavailable
from tests.fakes.memory_desk_records import MemoryDeskRecords


def test_who_did_what_to_which_contact_is_written_with_the_time() -> None:
    async def main() -> None:
        records = MemoryDeskRecords()
        audit = Audit(records, lambda: 12.5)
        await audit.note("a_1", "message", "s_1", length=20, private=False)
        await audit.note("a_1", "sign_in")
        expected = AuditEntry(12.5, "a_1", "message", "s_1", {"length": 20, "private": False})
        assert await audit.entries(session_id="s_1") == [expected]
        assert [entry.action for entry in await audit.entries(agent_id="a_1")] == ["sign_in", "message"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("action", "details"),
    [
        ("Message", {}),
        ("x" * 40, {}),
        ("", {}),
        ("message", {"text": "x" * 121}),
        ("message", {"pii_name": "Alice"}),
        ("message", {f"key{number}": 1 for number in range(17)}),
    ],
)
def test_what_is_no_entry_is_our_own_fault(action: str, details: dict[str, str | int]) -> None:
    records = MemoryDeskRecords()
    with pytest.raises(ValueError, match="audit"):
        asyncio.run(Audit(records).note("a_1", action, None, **details))
    assert records.audit == []


def test_an_entry_that_cannot_be_written_is_told() -> None:
    records = MemoryDeskRecords()
    records.down = True
    with pytest.raises(Unavailable):
        asyncio.run(Audit(records).note("a_1", "message"))
