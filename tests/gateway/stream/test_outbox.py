"""Messages on their way out."""

import asyncio

import pytest

from gateway.stream.connection import Gone
from gateway.stream.outbox import MOST_MESSAGES, Outbox
from gateway.stream.wire import Message
from tests import virtual_time


class Slow:
    """A connection that takes its time, or is gone."""

    def __init__(self, *, gone: bool = False) -> None:
        self.sent: list[Message] = []
        self._gone = gone

    async def receive(self) -> Message:
        raise AssertionError

    async def send(self, message: Message) -> None:
        await asyncio.sleep(0.1)
        if self._gone:
            raise Gone(clean=False)
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None:
        raise AssertionError


def test_messages_leave_in_order_and_a_full_box_says_so() -> None:
    async def main() -> None:
        outbox, slow = Outbox(), Slow()
        messages = [str(number) for number in range(MOST_MESSAGES)]
        assert all(outbox.put(message) for message in messages)
        assert not outbox.put("one too many")
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(outbox.send(slow))
            await outbox.empty()
            sending.cancel()
        assert slow.sent == messages

    virtual_time.run(main())


def test_nobody_waits_for_what_cannot_be_sent() -> None:
    async def main() -> None:
        outbox, gone = Outbox(), Slow(gone=True)
        for number in range(5):
            outbox.put(str(number))
        with pytest.raises(Gone):
            await outbox.send(gone)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(outbox.send(gone))
            async with asyncio.timeout(1):
                await outbox.empty()
            sending.cancel()

    virtual_time.run(main())
