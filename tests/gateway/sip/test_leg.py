"""A telephone call as a leg: two gateways on loopback call each other, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.events import Message
from gateway.leg import Hangup
from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import Direction
from gateway.sip.call_events import Digit, TransferProgress
from gateway.sip.call_failed import CallFailed
from gateway.sip.leg import SipLeg
from pipelines.audio import Frame
from tests import virtual_time
from tests.contracts.leg import Ends, LegContract, listen, loud, tone
from tests.gateway.sip.telephones import Pair, connected, pair


async def _speak(leg: SipLeg, frames: list[Frame]) -> None:
    for frame in frames:
        await leg.play(frame)


class TestSipLeg(LegContract):
    RATE = 8000
    TOLERANCE = 3

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def ends(self) -> AsyncIterator[Ends]:
        heard: list[Frame] = []

        async def hear(person: SipLeg) -> None:
            async for frame in person.frames():
                heard.append(frame)

        async def hush(person: SipLeg, frames: int) -> None:
            stream = person.media.stream
            stream._clock.remove(stream)
            await asyncio.sleep(frames * 0.02)
            stream._clock.add(stream)

        async def got(count: int) -> list[Message]:
            raise AssertionError("a telephone shows no messages")

        async with connected() as (leg, person), asyncio.TaskGroup() as tasks:
            tasks.create_task(hear(person))
            yield Ends(
                leg=leg,
                say=lambda frames: void(tasks.create_task(_speak(person, frames))),
                hush=lambda frames: hush(person, frames),
                heard=lambda: heard,
                got=got,
                write=lambda text: None,
                leave=lambda: person.hang_up("goodbye"),
            )
            await person.hang_up("the test is over")

    def test_messages_go_both_ways_in_order(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                await ends.leg.send({"type": "note"})
                await ends.leave()
                assert [m async for m in ends.leg.messages()] == [], "a telephone has none"

        self.run(main())


def void(_: object) -> None:
    """For a function that is only wanted for what it does."""


# --- who is there ---


def test_both_sides_know_who_is_connected() -> None:
    async def main() -> None:
        headers = {"User-to-User": "order 4711, ä", "x-session": "s_1"}
        far = {"headers": ["X-Session"], "trunk": {"caller_id": "+49401"}}
        async with connected(near={"headers": ["X-Session"]}, far=far, headers=headers) as (near, theirs):
            assert near.kind == "sip"
            assert near.about == {
                "caller": "+49401",
                "called": "+4930123456",
                "trunk": "peer",
                "User-to-User": "order 4711, ä",
                "X-Session": "s_1",
            }
            assert (theirs.caller, theirs.called) == ("+49401", "+4930123456")
            assert near.leg_id != theirs.leg_id
            assert near.sample_rate == theirs.sample_rate == 8000

    virtual_time.run(main())


@pytest.mark.parametrize(("codec", "rate"), [("PCMA", 8000), ("G722", 16_000), ("opus", 16_000)])
def test_speech_goes_through_every_codec(codec: str, rate: int) -> None:
    async def main() -> None:
        trunk = {"trunk": {"codecs": [codec]}}
        async with connected(near=trunk, far=trunk) as (near, theirs):
            assert near.sample_rate == rate
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_speak(theirs, tone(25, rate=rate)))
                frames = await listen(near, 1.0)
            assert abs(sum(map(loud, frames)) - 25) <= 4

    virtual_time.run(main())


@pytest.mark.parametrize("srtp", ["optional", "required"])
def test_speech_goes_through_encrypted(srtp: str) -> None:
    async def main() -> None:
        trunk = {"trunk": {"srtp": srtp}}
        async with connected(near=trunk, far=trunk) as (near, theirs):
            agreed = near.media.agreed
            assert agreed is not None and agreed.srtp_send is not None
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_speak(theirs, tone(25, rate=8000)))
                frames = await listen(near, 1.0)
            assert abs(sum(map(loud, frames)) - 25) <= 4

    virtual_time.run(main())


# --- keys ---


async def pressed(leg: SipLeg, seconds: float) -> str:
    keys = ""
    try:
        async with asyncio.timeout(seconds):
            async for key in leg.digits():
                keys += key
    except TimeoutError:
        pass
    return keys


def test_keys_go_both_ways() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            assert theirs.send_digits("12#")
            assert await pressed(near, 2.0) == "12#"
            assert near.send_digits("0")
            assert await pressed(theirs, 2.0) == "0"

    virtual_time.run(main())


def test_keys_by_info_are_keys_too_and_one_that_comes_both_ways_is_one() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            theirs.call.send_info("5", 0)
            theirs._way.settle()
            assert await pressed(near, 1.5) == "5"
            theirs.send_digits("7")
            theirs.call.send_info("7", 0)
            theirs._way.settle()
            assert await pressed(near, 1.5) == "7"
            theirs.send_digits("99")
            assert await pressed(near, 1.5) == "99", "pressed twice"

    virtual_time.run(main())


def test_what_is_no_key_is_refused_and_after_the_end_none_is_sent() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            with pytest.raises(ValueError, match="key"):
                theirs.send_digits("x")
            await theirs.hang_up("enough")
            assert not theirs.send_digits("1")

    virtual_time.run(main())


# --- hold ---


def direction(leg: SipLeg) -> Direction:
    assert leg.media.agreed is not None
    return leg.media.agreed.direction


def test_hold_and_resume() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            assert await theirs.hold()
            assert (direction(near), direction(theirs)) == (Direction.RECVONLY, Direction.SENDONLY)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_speak(theirs, tone(25, rate=8000)))
                assert sum(map(loud, await listen(near, 1.0))) >= 20, "music on hold"
            assert await theirs.resume()
            assert (direction(near), direction(theirs)) == (Direction.SENDRECV, Direction.SENDRECV)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_speak(near, tone(25, rate=8000)))
                assert sum(map(loud, await listen(theirs, 1.0))) >= 20

    virtual_time.run(main())


def test_who_is_gone_cannot_be_held() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            await theirs.hang_up("enough")
            assert not await theirs.hold()

    virtual_time.run(main())


def test_a_hold_that_is_under_way_when_the_call_ends_is_answered() -> None:
    async def main() -> None:
        async with connected() as (near, theirs), asyncio.TaskGroup() as tasks:
            holding = tasks.create_task(theirs.hold())
            await near.hang_up("enough")
            await asyncio.sleep(1)
            assert holding.done()

    virtual_time.run(main())


# --- the end ---


def test_silence_of_the_network_ends_the_call() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            stream = theirs.media.stream
            stream._clock.remove(stream)
            async with asyncio.timeout(60):
                await near.over.wait()
            assert near.ended is not None
            assert near.ended.by == "network"
            await asyncio.sleep(1)
            assert theirs.ended is not None and theirs.ended.by == "remote"

    virtual_time.run(main())


# --- transfer ---


async def progress_of(leg: SipLeg, number: str) -> list[TransferProgress]:
    return [progress async for progress in leg.transfer(number)]


def test_a_transfer_that_the_other_side_declines_leaves_the_call_as_it_is() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            progress = await progress_of(near, "+4940999")
            assert [(p.code, p.final) for p in progress] == [(603, True)]
            assert near.ended is None and theirs.ended is None

    virtual_time.run(main())


def test_a_transfer_to_where_we_may_not_call_is_not_even_asked_for() -> None:
    async def main() -> None:
        async with connected(near={"dial": {"allowed": ["+49*"]}}) as (near, theirs):
            with pytest.raises(ProtocolError) as refused:
                near.transfer("+1900")
            assert refused.value.status == 403

    virtual_time.run(main())


def test_a_transfer_that_worked_ends_the_leg() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            progress = near.transfer("+4940999")
            near.told(TransferProgress(180, "Ringing", False))
            near.told(TransferProgress(200, "OK", True))
            assert [p.code async for p in progress] == [180, 200]
            assert near.ended == Hangup("local", "transferred")

    virtual_time.run(main())


def test_a_transfer_of_a_leg_that_is_gone_has_no_progress() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            await near.hang_up("enough")
            assert await progress_of(near, "+4940999") == []

    virtual_time.run(main())


def test_events_after_the_end_do_no_harm() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            await near.hang_up("enough")
            near.told(Digit("1", 100))
            near.told(TransferProgress(200, "OK", True))
            near.look_after()
            assert near.ended == Hangup("local", "enough")

    virtual_time.run(main())


# --- another takes the other side's place ---


async def replacing(both: Pair, leg: SipLeg) -> SipLeg:
    """The caller's gateway calls once more, to take the place of its own call (an attended transfer)."""
    dialog = leg.call.dialog
    assert dialog is not None
    line, hop = both.far._signalling.lines.way_out(None)
    value = f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}"
    new = both.far._dial(line, hop, "+4930", [("Replaces", value)])
    both.far._signalling.settle()
    await new.talking.wait()
    return new


def test_the_leg_goes_on_when_another_call_takes_the_place_of_its_own() -> None:
    async def main() -> None:
        async with pair() as both, both.far.call("+4930") as old:
            await both.answering.came.wait()
            near = both.answering.legs[0]
            new = await replacing(both, old)
            await asyncio.sleep(0.2)
            assert old.ended is not None and old.ended.by == "remote"
            assert near.ended is None and new.ended is None
            assert len(both.answering.legs) == 1, "nobody is asked to answer again"
            assert [line.calls for line in both.near.trunks()] == [1]
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_speak(new, tone(25, rate=8000)))
                assert sum(map(loud, await listen(near, 1.0))) >= 20
            await near.hang_up("enough")
            await asyncio.sleep(0.2)
            assert new.ended is not None and new.ended.by == "remote"

    virtual_time.run(main())


def test_a_call_that_cannot_be_taken_over_goes_on() -> None:
    async def main() -> None:
        async with pair() as both, both.far.call("+4930") as old:
            await both.answering.came.wait()
            line, _ = both.far._signalling.lines.way_out(None)
            line.trunk = line.trunk.model_copy(update={"codecs": ("PCMA",)})
            new = await replacing(both, old)
            assert new.outcome is not None and new.outcome.code == 488
            assert old.ended is None and both.answering.legs[0].ended is None

    virtual_time.run(main())


# --- when it rings ---


@pytest.mark.parametrize("early", [False, True])
def test_it_may_ring_before_it_is_answered(early: bool) -> None:
    rang: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        number = {"pattern": "*", "ring_s": 3.0, "early_media": early}
        async with pair(near={"numbers": [number]}) as both:
            begun = loop.time()
            async with both.far.call("+4930", ringing=lambda: rang.append(loop.time())):
                assert 2.9 <= loop.time() - begun <= 3.5
                assert len(both.answering.legs) == 1

    virtual_time.run(main())
    assert len(rang) == (0 if early else 1)


def test_who_hangs_up_while_it_rings_is_never_answered() -> None:
    async def main() -> None:
        number = {"pattern": "*", "ring_s": 30.0}
        async with pair(near={"numbers": [number]}, far={"dial": {"allowed": ["*"], "ring_s": 5.0}}) as both:
            with pytest.raises(CallFailed) as failed:
                async with both.far.call("+4930"):
                    raise AssertionError("nobody answered")
            assert failed.value.code == 408
            await asyncio.sleep(40)
            assert both.answering.legs == []
            assert [line.calls for line in both.near.trunks()] == [0]

    virtual_time.run(main())
