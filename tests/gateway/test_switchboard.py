"""Telephone calls as an operator sees them, over scripted lines and under virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.events import SessionEnded
from gateway.leg import Hangup, Leg
from gateway.live import LiveSession, live_sessions
from gateway.placed_call import LONGEST_WORDS, Wish
from gateway.protocol_error import ProtocolError
from gateway.sip.call_failed import CallFailed
from gateway.switchboard import REMEMBERED, Switchboard
from pipelines.answer import Say
from pipelines.answering_machine import Answerer, Verdict
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.scripted_lines import ScriptedLines, TransferableLeg


class World:
    def __init__(self, board: Switchboard, store: MemoryStore, tasks: asyncio.TaskGroup) -> None:
        self.board = board
        self.store = store
        self.tasks = tasks
        self.lines = ScriptedLines()
        board.lines = self.lines
        self.openings: list[str | None] = []

    def end(self, session_id: str) -> SessionEnded | None:
        facts = [event.fact for event in self.store.log[session_id]]
        return next((fact for fact in facts if isinstance(fact, SessionEnded)), None)


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        store = MemoryStore()
        answerer = ScriptedAnswerer(lambda words: [Say("ok")])
        async with live_sessions(store, answerer) as sessions, asyncio.TaskGroup() as tasks:
            openings: list[str | None] = []

            async def conduct(leg: Leg, live: LiveSession, *, opening: str | None = None) -> None:
                openings.append(opening)
                async for _ in leg.frames():
                    pass

            async def hold(leg: Leg, live: LiveSession, wish: Wish, tell: Callable[[Verdict], None]) -> None:
                tell(Verdict(Answerer.PERSON, "length", 1_200))
                await conduct(leg, live, opening=wish.opening)

            the = World(Switchboard(sessions, conduct, hold, tasks.create_task), store, tasks)
            the.openings = openings
            await test(the)

    virtual_time.run(main())


def test_a_caller_has_a_session_and_is_seen_until_and_after_the_end() -> None:
    async def test(the: World) -> None:
        leg = TransferableLeg()
        talking = the.tasks.create_task(the.board.answer(leg))
        await asyncio.sleep(0.1)
        [call] = the.board.calls()
        assert (call.direction, call.state) == ("in", "talking")
        assert call.session_id in the.store.log
        leg.leave(Hangup("remote", "hung up"))
        await talking
        assert the.board.find(call.call_id) is call
        assert (call.state, call.reason) == ("ended", "hung up")

    run(test)


def test_a_call_that_we_place_rings_is_answered_and_says_first_what_it_was_told() -> None:
    async def test(the: World) -> None:
        wish = Wish("100", "exchange", "Your parcel is here.", headers={"X-Session": "7"})
        call, token = await the.board.place(wish)
        assert token
        seen = []
        for _ in range(4):
            await asyncio.sleep(0.9)
            seen.append(call.state)
        assert seen == ["dialling", "ringing", "ringing", "talking"]
        assert call.answerer == "person"
        assert the.lines.dialled == [("100", "exchange", {"X-Session": "7"})]
        assert the.openings == ["Your parcel is here."]
        the.lines.leg.leave()
        await asyncio.sleep(0.1)
        assert call.over and call.code is None

    run(test)


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        (CallFailed(486, "Busy Here"), 486, "Busy Here"),
        (ProtocolError("destination_not_allowed", "Not allowed.", 403), 403, "Not allowed."),
        (Unavailable("all ports are taken"), 503, "all ports are taken"),
    ],
)
def test_a_call_that_nobody_takes_ends_with_the_reason_and_leaves_no_open_session(
    failure: Exception, code: int, reason: str
) -> None:
    async def test(the: World) -> None:
        the.lines.failure = failure
        call, _ = await the.board.place(Wish("100"))
        await asyncio.sleep(4)
        assert (call.state, call.code, call.reason) == ("ended", code, reason)
        ended = the.end(call.session_id)
        assert ended is not None and ended.outcome == "failed"

    run(test)


def test_a_call_that_rings_can_be_given_up() -> None:
    async def test(the: World) -> None:
        call, _ = await the.board.place(Wish("100"))
        await asyncio.sleep(1.5)
        await the.board.hang_up(call.call_id)
        await asyncio.sleep(0.1)
        assert the.lines.given_up
        assert (call.state, call.code, call.reason) == ("ended", 487, "an operator ended the call")
        assert the.end(call.session_id) is not None
        await the.board.hang_up(call.call_id)
        assert call.reason == "an operator ended the call", "one that is over stays as it was"

    run(test)


def test_a_caller_who_is_moved_on_leaves_us_and_one_who_cannot_be_stays() -> None:
    async def test(the: World) -> None:
        leg = TransferableLeg()
        talking = the.tasks.create_task(the.board.answer(leg))
        await asyncio.sleep(0.1)
        [call] = the.board.calls()
        leg.codes = (100, 486)
        failed = await the.board.transfer(call.call_id, "200")
        assert (failed.state, failed.code, leg.ended) == ("talking", 486, None)
        with pytest.raises(ProtocolError, match="not allowed"):
            await the.board.transfer(call.call_id, "900")
        assert call.state == "talking"
        leg.codes = (100, 200)
        await the.board.transfer(call.call_id, "200")
        assert leg.moved_to == "200"
        assert leg.ended == Hangup("local", "transferred")
        await talking
        with pytest.raises(ProtocolError) as refused:
            await the.board.transfer(call.call_id, "200")
        assert refused.value.status == 409

    run(test)


def test_a_carriers_media_stream_cannot_be_moved_on_by_us() -> None:
    async def test(the: World) -> None:
        leg = ScriptedLeg()
        talking = the.tasks.create_task(the.board.answer(leg))
        await asyncio.sleep(0.1)
        with pytest.raises(ProtocolError) as refused:
            await the.board.transfer(the.board.calls()[0].call_id, "200")
        assert (refused.value.code, refused.value.status) == ("not_transferable", 409)
        leg.leave()
        await talking

    run(test)


def test_at_the_end_every_call_is_hung_up_whatever_it_was_doing() -> None:
    async def test(the: World) -> None:
        leg = TransferableLeg()
        talking = the.tasks.create_task(the.board.answer(leg))
        ringing, _ = await the.board.place(Wish("100"))
        await asyncio.sleep(1.5)
        await the.board.hang_up_all("the gateway is about to stop")
        await talking
        await asyncio.sleep(0.1)
        assert leg.ended == Hangup("local", "the gateway is about to stop")
        assert ringing.over and the.lines.given_up

    run(test)


def test_only_one_transfer_of_a_call_at_a_time() -> None:
    async def test(the: World) -> None:
        leg = TransferableLeg()
        talking = the.tasks.create_task(the.board.answer(leg))
        await asyncio.sleep(0.1)
        [call] = the.board.calls()
        first = the.tasks.create_task(the.board.transfer(call.call_id, "200"))
        await asyncio.sleep(0.1)
        with pytest.raises(ProtocolError) as refused:
            await the.board.transfer(call.call_id, "300")
        assert refused.value.status == 409
        await first
        await talking
        assert leg.moved_to == "200"

    run(test)


def test_wishes_that_cannot_be_are_refused_before_anything_is_begun() -> None:
    async def test(the: World) -> None:
        for opening in ("", " ", "x" * (LONGEST_WORDS + 1)):
            with pytest.raises(ProtocolError):
                await the.board.place(Wish("100", opening=opening))
            with pytest.raises(ProtocolError):
                await the.board.place(Wish("100", message=opening))
        the.board.lines = None
        with pytest.raises(Unavailable, match="telephone"):
            await the.board.place(Wish("100"))
        with pytest.raises(ProtocolError) as unknown:
            the.board.find("t_nobody")
        assert unknown.value.status == 404
        assert the.board.calls() == [] and the.store.log == {}

    run(test)


def test_calls_that_are_over_are_forgotten_one_day() -> None:
    async def test(the: World) -> None:
        the.lines.failure = CallFailed(486, "Busy Here")
        first, _ = await the.board.place(Wish("100"))
        for _ in range(REMEMBERED):
            await the.board.place(Wish("100"))
        await asyncio.sleep(4)
        assert len(the.board.calls()) == REMEMBERED
        with pytest.raises(ProtocolError):
            the.board.find(first.call_id)

    run(test)
