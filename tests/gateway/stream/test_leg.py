"""A media stream as a leg: the contract of all legs, exact playout, and providers that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from gateway.leg import Hangup
from gateway.stream.asterisk import AsteriskWire
from gateway.stream.connection import MALFORMED, NORMAL
from gateway.stream.counts import MARKS_OUT
from gateway.stream.leg import StreamLeg
from gateway.stream.outbox import MOST_MESSAGES
from gateway.stream.playout import MARK_PATIENCE_MS
from gateway.stream.twilio import TwilioWire
from gateway.stream.wire import Started, Wire
from pipelines.audio import FRAME_MS, Frame
from tests import virtual_time
from tests.contracts.leg import Ends, LegContract, listen, loud, tone
from tests.fakes.stream_provider import AsteriskWebSocket, Dialect, StreamProvider, Twilio


def speech(frames: int) -> list[Frame]:
    return tone(frames, rate=8_000)


@asynccontextmanager
async def connected(
    wire: Wire | None = None, dialect: Dialect | None = None, **given: Any
) -> AsyncIterator[tuple[StreamLeg, StreamProvider]]:
    """A leg that is being served, and the provider."""
    wire, dialect = wire or TwilioWire(), dialect or Twilio(caller="+15550001", shop="7")
    provider = StreamProvider(dialect)
    events = [event for message in dialect.opening() for event in wire.receive(message)]
    (started,) = [event for event in events if isinstance(event, Started)]
    leg = StreamLeg("m_1", "twilio", wire, started, **given)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(provider.run(), name="provider")
        serving = tasks.create_task(leg.serve(provider), name="leg")
        await asyncio.sleep(0)
        yield leg, provider
        await leg.hang_up("the test is over")
        async with asyncio.timeout(10):
            await asyncio.wait([serving])
    assert provider.closed is not None


class _StreamContract(LegContract):
    RATE = 8_000
    TOLERANCE = 1
    wire: ClassVar[type[TwilioWire] | type[AsteriskWire]]
    dialect: ClassVar[type[Twilio] | type[AsteriskWebSocket]]

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def ends(self) -> AsyncIterator[Ends]:
        async with connected(self.wire(), self.dialect()) as (leg, provider):

            async def hush(frames: int) -> None:
                provider.say([None] * frames)

            async def leave() -> None:
                provider.leave()

            async def nothing(count: int) -> list[dict[str, Any]]:
                return []

            def write(text: str) -> None:
                raise AssertionError("a telephone writes nothing")

            yield Ends(leg, provider.say, hush, lambda: provider.heard, nothing, write, leave)

    def test_messages_go_both_ways_in_order(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                await ends.leg.send({"type": "note"})
                await ends.leg.hang_up("enough")
                assert [message async for message in ends.leg.messages()] == []

        self.run(main())


class TestTwilioLeg(_StreamContract):
    wire = TwilioWire
    dialect = Twilio


class TestAsteriskLeg(_StreamContract):
    wire = AsteriskWire
    dialect = AsteriskWebSocket


def test_a_leg_tells_who_calls_and_which_provider_brought_the_call() -> None:
    async def main() -> None:
        async with connected() as (leg, _):
            assert leg.kind == "stream"
            assert leg.call_id == "CA1"
            assert leg.about == {"caller": "+15550001", "trunk": "twilio", "shop": "7"}

    virtual_time.run(main())


def test_a_ticket_is_nobodys_business() -> None:
    async def main() -> None:
        async with connected(dialect=Twilio(ticket="secret")) as (leg, _):
            assert leg.about == {"trunk": "twilio"}

    virtual_time.run(main())


def test_keys_come_one_by_one_until_the_leg_ends() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            for key in "42#":
                provider.tell(f'{{"event":"dtmf","streamSid":"MZ1","dtmf":{{"digit":"{key}"}}}}')
            provider.tell('{"event":"dtmf","dtmf":{"digit":"hello"}}')
            await asyncio.sleep(0.1)
            await leg.hang_up("enough")
            assert [key async for key in leg.digits()] == ["4", "2", "#"]

    virtual_time.run(main())


def test_what_a_provider_holds_is_never_more_than_400_ms_and_one_frame() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            for frame in speech(150):
                await leg.play(frame)
                sent = sum(1 for message in provider.sent if '"media"' in str(message)) * FRAME_MS
                played = sum(loud(frame) for frame in provider.heard) * FRAME_MS
                assert sent - played <= 400 + 2 * FRAME_MS

    virtual_time.run(main())


def test_played_follows_the_marks_and_not_what_was_sent() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            for frame in speech(20):
                await leg.play(frame)
            for _ in range(30):
                await asyncio.sleep(0.02)
                given = sum(loud(frame) for frame in provider.heard) * FRAME_MS
                assert abs(leg.played_ms() - given) <= 2 * FRAME_MS
            assert leg.played_ms() == 400

    virtual_time.run(main())


def test_a_provider_that_stalls_is_not_credited_with_what_it_has_not_played() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            provider.returns_marks = False
            for frame in speech(20):
                await leg.play(frame)
            await asyncio.sleep(1)
            assert leg.played_ms() == 100, "up to the first mark and no further"

    virtual_time.run(main())


def test_a_provider_that_loses_marks_is_counted_by_time_and_nobody_hangs() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            provider.returns_marks = False
            async with asyncio.timeout(MARK_PATIENCE_MS / 1000 + 3):
                for frame in speech(100):
                    await leg.play(frame)
            await asyncio.sleep(1)
            assert leg.played_ms() == 2_000
            assert sum(loud(frame) for frame in provider.heard) == 100

    virtual_time.run(main())


def test_a_barge_in_empties_the_providers_buffer_at_once() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            for frame in speech(20):
                await leg.play(frame)
            await asyncio.sleep(0.1)
            dropped = leg.clear()
            await asyncio.sleep(0.5)
            given = sum(loud(frame) for frame in provider.heard) * FRAME_MS
            assert abs(given - (400 - dropped)) <= 2 * FRAME_MS
            for frame in speech(10):
                await leg.play(frame)
            await asyncio.sleep(0.5)
            assert leg.played_ms() == 400 - dropped + 200, "marks of before say nothing of what came after"

    virtual_time.run(main())


def test_marks_that_are_out_are_a_metric_and_none_are_left() -> None:
    async def main() -> None:
        before = MARKS_OUT._value.get()
        async with connected() as (leg, provider):
            provider.returns_marks = False
            for frame in speech(20):
                await leg.play(frame)
            assert MARKS_OUT._value.get() == before + 4
        assert MARKS_OUT._value.get() == before

    virtual_time.run(main())


def test_a_broken_message_ends_this_call_with_the_code_for_it() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            provider.tell("{nonsense")
            async with asyncio.timeout(1):
                [frame async for frame in leg.frames()]
            assert leg.ended == Hangup("remote", "broke the protocol: malformed_json")
            await asyncio.sleep(0.1)
            assert provider.closed == (MALFORMED, "")

    virtual_time.run(main())


def test_a_lost_connection_is_not_a_hang_up() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            provider.drop(clean=False)
            async with asyncio.timeout(1):
                [frame async for frame in leg.frames()]
            assert leg.ended == Hangup("network", "the stream was lost")

    virtual_time.run(main())


def test_a_provider_that_reads_nothing_loses_the_call_and_not_our_memory() -> None:
    async def main() -> None:
        async with connected(AsteriskWire(), AsteriskWebSocket()) as (leg, provider):
            provider.reads.clear()
            async with asyncio.timeout(MOST_MESSAGES * FRAME_MS / 1000 + 10):
                while leg.ended is None:
                    await leg.play(speech(1)[0])
            assert leg.ended == Hangup("limit", "the provider does not read what we send")
            provider.reads.set()

    virtual_time.run(main())


def test_a_provider_that_says_nothing_any_more_is_gone() -> None:
    async def main() -> None:
        async with connected() as (leg, provider):
            provider.say([None] * 5_000)
            async with asyncio.timeout(70):
                [frame async for frame in leg.frames()]
            assert leg.ended == Hangup("network", "nothing came from the provider any more")

    virtual_time.run(main())


def test_nothing_is_sent_while_the_provider_holds_the_stream() -> None:
    async def main() -> None:
        async with connected(AsteriskWire(), AsteriskWebSocket()) as (leg, provider):
            provider.tell("MEDIA_XOFF")
            await asyncio.sleep(0.1)
            for frame in speech(10):
                await leg.play(frame)
            await asyncio.sleep(0.5)
            assert not provider.sent
            provider.tell("MEDIA_XON")
            await asyncio.sleep(0.5)
            assert sum(loud(frame) for frame in provider.heard) == 10
            assert leg.played_ms() == 200

    virtual_time.run(main())


def test_hanging_up_says_goodbye_where_the_protocol_has_a_word_for_it() -> None:
    async def main() -> None:
        async with connected(AsteriskWire(), AsteriskWebSocket()) as (leg, provider):
            await leg.hang_up("enough")
            await asyncio.sleep(0.1)
            assert provider.sent == ["HANGUP"]
            assert provider.closed == (NORMAL, "")

    virtual_time.run(main())


def test_the_api_is_asked_only_when_the_call_itself_is_to_end() -> None:
    asked: list[str] = []

    async def end_call(call_id: str) -> None:
        asked.append(call_id)

    async def main() -> None:
        async with connected(end_call=end_call) as (leg, _):
            await leg.hang_up("the flow may go on")
        assert asked == []
        async with connected(end_call=end_call) as (leg, _):
            await leg.end_call("the caller said goodbye")
            await leg.end_call("twice")
            assert leg.ended == Hangup("local", "the caller said goodbye")
        assert asked == ["CA1"]

    virtual_time.run(main())


def test_cancelling_the_service_ends_the_leg_for_everyone_who_waits() -> None:
    async def main() -> None:
        provider, wire = StreamProvider(Twilio()), TwilioWire()
        started = [e for m in Twilio().opening() for e in wire.receive(m) if isinstance(e, Started)][0]
        leg = StreamLeg("m_1", "twilio", wire, started)

        async def speak() -> None:
            for frame in speech(100):
                await leg.play(frame)

        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(leg.serve(provider))
            speaking = tasks.create_task(speak())
            await asyncio.sleep(0.1)
            serving.cancel()
            async with asyncio.timeout(1):
                await asyncio.wait([speaking])
                assert [key async for key in leg.digits()] == []
        assert leg.ended == Hangup("local", "no longer served")
        assert provider.closed == (NORMAL, "")

    virtual_time.run(main())


@pytest.mark.parametrize("pieces", [1, 5, 10])
def test_sound_that_comes_in_large_pieces_has_no_holes(pieces: int) -> None:
    """Exotel sends a tenth of a second at a time, others more."""

    async def main() -> None:
        async with connected(AsteriskWire(), AsteriskWebSocket()) as (leg, provider):
            provider.say([None] * 1_000)
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(listen(leg, 3.0))
                for _ in range(100 // pieces):
                    pcm = b"".join(frame.pcm for frame in speech(pieces))
                    provider.tell(provider.dialect.speech(pcm))
                    await asyncio.sleep(pieces * FRAME_MS / 1000)
            spoken = [loud(frame) for frame in listening.result()]
            first, last = spoken.index(True), len(spoken) - spoken[::-1].index(True)
            assert last - first == sum(spoken) == 100

    virtual_time.run(main())
