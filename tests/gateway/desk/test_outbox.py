import asyncio

from gateway.desk.messages import Done, OfferEnded, Pong, Presence, Queue
from gateway.desk.outbox import BEHIND, EVENTS, MOST, RESTART, Goodbye, Outbox
from tests import virtual_time


def test_messages_go_out_in_their_order() -> None:
    async def test() -> None:
        box = Outbox()
        for number in range(3):
            box.push(Done(id=str(number)))
        assert [await box.take() for _ in range(3)] == [Done(id=str(number)) for number in range(3)]

    virtual_time.run(test())


def test_a_newer_snapshot_takes_the_place_of_one_that_was_not_sent() -> None:
    async def test() -> None:
        box = Outbox()
        box.replace(Queue(waiting=()))
        box.push(Pong())
        box.replace(Presence(agents=()))
        newer = Queue.model_validate(
            {
                "waiting": [
                    {
                        "handoff_id": "h",
                        "session": "s",
                        "queue": "q",
                        "channel": "chat",
                        "reason": "",
                        "since": 1.0,
                    }
                ]
            }
        )
        box.replace(newer)
        assert [await box.take() for _ in range(3)] == [newer, Pong(), Presence(agents=())]
        box.replace(newer)
        assert await box.take() == newer

    virtual_time.run(test())


def test_who_reads_events_waits_while_a_tab_has_enough_and_others_do_not() -> None:
    async def test() -> None:
        box, put = Outbox(), []

        async def write() -> None:
            for number in range(EVENTS + 10):
                await box.put(Done(id=str(number)))
                put.append(number)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            await asyncio.sleep(1)
            assert len(put) == EVENTS
            box.push(OfferEnded(lease="l", why="missed"))  # an offer does not wait
            for _ in range(EVENTS + 11):
                assert await box.take() is not None
                assert box.waiting <= EVENTS + 1
        assert len(put) == EVENTS + 10

    virtual_time.run(test())


def test_a_tab_that_reads_too_slowly_is_let_go() -> None:
    async def test() -> None:
        box = Outbox()
        for number in range(MOST + 5):
            box.push(Done(id=str(number)))
        assert box.goodbye is BEHIND
        assert await box.take() is None

    virtual_time.run(test())


def test_what_was_there_before_the_end_still_goes_out_and_the_first_reason_counts() -> None:
    async def test() -> None:
        box = Outbox()
        box.push(Pong())
        box.close(Goodbye(RESTART))
        box.close(BEHIND)
        box.push(Done(id="late"))
        await box.put(Done(id="later"))
        box.replace(Queue(waiting=()))
        assert await box.take() == Pong()
        assert await box.take() is None
        assert box.goodbye == Goodbye(RESTART)

    virtual_time.run(test())


def test_the_end_frees_those_who_wait() -> None:
    async def test() -> None:
        box = Outbox()
        for number in range(EVENTS):
            box.push(Done(id=str(number)))
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(box.put(Pong()))
            await asyncio.sleep(1)
            assert not writing.done()
            box.close(Goodbye(RESTART))

        empty = Outbox()
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(empty.take())
            await asyncio.sleep(1)
            empty.close(Goodbye(RESTART))
        assert reading.result() is None

    virtual_time.run(test())
