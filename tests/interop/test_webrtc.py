"""Browser calls over real sockets: our leg and an aiortc peer on loopback. A few real seconds."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.config import WebRtc
from gateway.events import Message
from gateway.leg import Hangup
from gateway.protocol_error import ProtocolError
from gateway.webrtc import caller
from gateway.webrtc.caller import Caller
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.liveness import Patience
from gateway.webrtc.signalling import Offer, Signalling
from pipelines.audio import SAMPLE_RATE, Frame
from tests.contracts.leg import Ends, LegContract, listen, loud, tone
from tests.gateway.webrtc.offers import OFFER

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

IMPATIENT = Patience(connect_ms=4_000, quiet_ms=1_500, grace_ms=3_000)


class Gateway:
    """Signalling with an answerer that keeps the leg for the test."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.signalling = Signalling(WebRtc(calls=2), tasks.create_task, IMPATIENT)
        self.legs: asyncio.Queue[WebRtcLeg] = asyncio.Queue(4)
        self.answered = 0

    async def signal(self, offer: Message) -> Message:
        answer = await self.signalling.offer(Offer.model_validate(offer), self._answer)
        return answer.model_dump()

    def resume(self, person: Caller) -> caller.Signal:
        async def signal(offer: Message) -> Message:
            return await self.signal({**offer, "pc_id": person.answer["pc_id"], "restart_pc": True})

        return signal

    async def _answer(self, leg: WebRtcLeg, offer: Offer) -> None:
        self.answered += 1
        await self.legs.put(leg)
        while leg.ended is None:  # noqa: ASYNC110 - frames and messages are the test's to read
            await asyncio.sleep(0.02)


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    async with asyncio.timeout(50), asyncio.TaskGroup() as tasks:
        the = Gateway(tasks)
        yield the
        await the.signalling.hang_up_all("the test is over")


@asynccontextmanager
async def call(the: Gateway) -> AsyncIterator[tuple[Caller, WebRtcLeg]]:
    async with caller.connect(the.signal) as person:
        assert await person.opened()
        leg = await the.legs.get()
        yield person, leg


class TestWebRtcLeg(LegContract):
    TOLERANCE = 3

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        asyncio.run(main)

    @asynccontextmanager
    async def ends(self) -> AsyncIterator[Ends]:
        async with gateway() as the, call(the) as (person, leg):
            await listen(leg, 0.0)  # what came while the call was set up
            yield _ends(person, leg)


def _ends(person: Caller, leg: WebRtcLeg) -> Ends:
    async def hush(frames: int) -> None:
        (sender,) = person._pc.getSenders()
        sender._enabled = False
        await asyncio.sleep(frames * 0.02)
        sender._enabled = True

    def heard() -> list[Frame]:
        pcm, size = person.recording, SAMPLE_RATE // 50 * 2
        return [Frame(pcm[i : i + size]) for i in range(0, len(pcm), size)]

    async def got(count: int) -> list[Message]:
        messages: list[Message] = []
        async for message in person.messages():
            messages.append(message)
            if len(messages) == count:
                break
        return messages

    async def leave() -> None:
        await person._pc.close()

    return Ends(leg, person.say, hush, heard, got, person.send_text, leave)


def test_a_caller_who_comes_back_is_in_the_same_call() -> None:
    async def main() -> None:
        async with gateway() as the, call(the) as (person, leg):
            async with caller.connect(the.resume(person)) as again:
                assert await again.opened()
                await listen(leg, 0.0)
                again.say(tone(20))
                assert sum(loud(f) for f in await listen(leg, 0.8)) >= 17
                await leg.send({"type": "hello"})
                assert await anext(aiter(again.messages())) == {"type": "hello"}
                assert leg.ended is None
            assert the.answered == 1

    asyncio.run(main())


def test_frames_go_on_as_silence_while_the_path_is_lost_and_speech_waits() -> None:
    async def main() -> None:
        async with gateway() as the, call(the) as (person, leg):
            await _cut(person)
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(listen(leg, 3.5))
                await asyncio.sleep(3.2)
                assert leg.ended is None
                played = leg.played_ms()
                for frame in tone(20):
                    await leg.play(frame)
            assert abs(len(listening.result()) - 175) <= 30, "a frame every 20 ms, connection or not"
            assert leg.played_ms() == played, "nothing is said into a dead line"
            async with caller.connect(the.resume(person)) as again:
                await again.opened()
                await asyncio.sleep(0.8)
                assert leg.played_ms() == played + 400
                assert leg.ended is None

    asyncio.run(main())


def test_a_caller_who_does_not_come_back_has_hung_up() -> None:
    async def main() -> None:
        async with gateway() as the, call(the) as (person, leg):
            await _cut(person)
            async with asyncio.timeout(10):
                [f async for f in leg.frames()]
            assert leg.ended == Hangup("network", "the connection was lost")
            with pytest.raises(ProtocolError, match="over or was never here"):
                await the.resume(person)({"sdp": OFFER, "type": "offer"})

    asyncio.run(main())


def test_an_offer_that_nobody_follows_up_is_given_up() -> None:
    async def main() -> None:
        async with gateway() as the:
            await the.signal({"sdp": OFFER, "type": "offer"})
            leg = await the.legs.get()
            assert not await leg.connected()
            assert leg.ended == Hangup("network", "never connected")

    asyncio.run(main())


def test_hostile_messages_get_an_error_each_and_the_call_goes_on() -> None:
    async def main() -> None:
        async with gateway() as the, call(the) as (person, leg):
            for text in ("no JSON", "[1, 2]", json.dumps("x" * 70_000), "[" * 60_000):
                person.send_text(text)
            person.send_text(json.dumps({"type": "signalling", "message": {"type": "trackStatus"}}))
            person.send_text(json.dumps({"type": "mine"}))
            assert json.loads(await anext(aiter(leg.messages()))) == {"type": "mine"}
            errors = [(await anext(aiter(person.messages())))["data"]["error"] for _ in range(4)]
            assert [error.split(";")[0] for error in errors] == [
                "The message is not JSON.",
                "The message is not a JSON object.",
                "A message has at most 65536 characters",
                "The message is not JSON.",
            ]

    asyncio.run(main())


def test_a_client_that_floods_us_is_told_and_the_first_messages_are_kept() -> None:
    async def main() -> None:
        async with gateway() as the, call(the) as (person, leg):
            for n in range(100):
                person.send({"n": n})
            error = await anext(aiter(person.messages()))
            assert "Too many messages" in error["data"]["error"]
            kept = [json.loads(await anext(aiter(leg.messages())))["n"] for _ in range(64)]
            assert kept == list(range(64))

    asyncio.run(main())


def test_hanging_up_tells_the_client_at_once() -> None:
    async def main() -> None:
        async with gateway() as the, call(the) as (person, leg):
            await leg.hang_up("done")
            async with asyncio.timeout(1):
                await person.over()

    asyncio.run(main())


def test_an_answerer_that_fails_ends_its_call_and_no_other() -> None:
    async def main() -> None:
        async def fail(leg: WebRtcLeg, offer: Offer) -> None:
            await leg.connected()
            raise RuntimeError("a bug of ours")

        async def signal(offer: Message) -> Message:
            return (await the.signalling.offer(Offer.model_validate(offer), fail)).model_dump()

        async with gateway() as the, call(the) as (_, leg):
            async with caller.connect(signal) as unlucky, asyncio.timeout(5):
                await unlucky.over()
            assert leg.ended is None

    asyncio.run(main())


async def _cut(person: Caller) -> None:
    """Pull the plug: from now on nothing of the caller reaches us, and nobody says goodbye."""
    (transceiver,) = person._pc.getTransceivers()
    connection = transceiver.receiver.transport.transport._connection

    async def nowhere(data: bytes, component: int) -> None:
        pass

    connection.sendto = nowhere
    transceiver.receiver.transport.transport._send = lambda data: nowhere(data, 1)
