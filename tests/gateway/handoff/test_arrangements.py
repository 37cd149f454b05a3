import asyncio
from typing import Any

import pytest

from gateway.handoff.arrangements import Arrangements, WantedCall
from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.said_number import whom_we_can_call
from gateway.queue.settings import Queues
from gateway.session import begin
from gateway.store.desk_records import FollowUp
from gateway.trunks import Telephone
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


def told(choice: str, contact: dict[str, str], **chosen: Any) -> tuple[str, FollowUp]:
    """What the customer is told, and what is kept."""

    async def main() -> tuple[str, FollowUp]:
        store = MemoryStore()
        record, _ = begin("chat", 0)
        await store.create(record)
        records = MemoryDeskRecords(store)
        arrangements = Arrangements(records, Queues.model_validate(HOURS), lambda: FRIDAY_EVENING)
        sentence = await arrangements.arrange(record.session_id, choice, "general", contact, chosen)  # type: ignore[arg-type]
        (owed,) = await records.follow_ups_of(record.session_id)
        return sentence, owed

    return asyncio.run(main())


def test_what_the_customer_said_goes_before_what_the_wire_told_and_is_said_back() -> None:
    monday = FRIDAY_EVENING + (64 + 6) * 3600
    sentence, owed = told("callback", {"phone": "+4930987654"}, number="+4930111111", at=monday)
    assert (owed.number, owed.due_at) == ("+4930111111", monday)
    assert sentence == "We'll call you back on Monday at 3 PM."


def test_without_a_time_it_is_the_next_opening() -> None:
    sentence, owed = told("callback", {"phone": "+4930987654"})
    assert sentence == "We'll call you back on Monday at 9 AM."
    sentence, owed = told("message", {"phone": "+4930987654"}, at=FRIDAY_EVENING + 9)
    assert sentence == HandoffPhrases().arranged and owed.due_at == FRIDAY_EVENING + 64 * 3600


def test_a_queue_that_is_open_calls_as_soon_as_it_can() -> None:
    assert HandoffPhrases().called_back(None) == "We'll call you back as soon as a colleague is free."


@pytest.mark.parametrize(
    ("words", "known", "wanted"),
    [
        ("call me back", "+4930987654", WantedCall("+4930987654", None)),
        ("call me back", None, WantedCall(None, None)),
        ("call me back", "anonymous", WantedCall(None, None)),
        ("call me at 030 111 1111", "+4930987654", WantedCall("+49301111111", None)),
        ("call me on Monday at 10 am", "+4930987654", WantedCall("+4930987654", FRIDAY_EVENING + 65 * 3600)),
        ("call me at +1 206 555 0100", "+4930987654", WantedCall(None, None, said_another=True)),
        ("call +49900123456", "+4930987654", WantedCall(None, None, said_another=True)),
    ],
)
def test_number_and_time_come_from_the_words_else_from_the_wire(
    words: str, known: str | None, wanted: WantedCall
) -> None:
    telephone = Telephone.model_validate(
        {
            "listen": ["udp:127.0.0.1:5060"],
            "trunks": [{"name": "carrier", "address": "192.0.2.1"}],
            "dial": {"allowed": ["+49*"], "refused": ["+49900*"]},
        }
    )
    arrangements = Arrangements(
        MemoryDeskRecords(), Queues.model_validate(HOURS), lambda: FRIDAY_EVENING, whom_we_can_call(telephone)
    )
    assert arrangements.wanted_call(words, "general", known) == wanted
