import asyncio

from gateway.handoff.arrangements import Arrangements
from gateway.queue.settings import Queues
from gateway.session import begin
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.memory_store import MemoryStore

FRIDAY_EVENING = 1_795_194_000.0
"2026-11-20 17:00 UTC."
HOURS = {"named": [{"name": "general", "hours": "mon-fri 09:00-16:00"}]}


def arranged(choice: str, contact: dict[str, str]) -> tuple[str, str | None, str, float]:
    async def main() -> tuple[str, str | None, str, float]:
        store = MemoryStore()
        record, _ = begin("chat", 0)
        await store.create(record)
        records = MemoryDeskRecords(store)
        arrangements = Arrangements(records, Queues.model_validate(HOURS), lambda: FRIDAY_EVENING)
        await arrangements.arrange(record.session_id, choice, "general", contact)  # type: ignore[arg-type]
        await arrangements.summarise(record.session_id, ["One.", "Two.", "Three."])
        (owed,) = await records.follow_ups_of(record.session_id)
        return owed.kind, owed.number, owed.words, owed.due_at

    return asyncio.run(main())


def test_a_callback_is_due_when_the_queue_opens_again() -> None:
    kind, number, words, due_at = arranged("callback", {"phone": "+4930987654", "name": "Ada Byron"})
    assert (kind, number, words) == ("callback", "+4930987654", "Ada Byron")
    assert due_at == FRIDAY_EVENING + 64 * 3600, "Monday, nine o'clock"


def test_without_a_number_somebody_has_to_write() -> None:
    kind, number, words, _ = arranged("callback", {"email": "ada@example.org"})
    assert (kind, number, words) == ("message", None, "ada@example.org")


def test_a_message_is_read_and_not_called_back() -> None:
    assert arranged("message", {"phone": "+4930987654"})[0] == "message"
