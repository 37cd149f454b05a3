"""Streams from connection to end: recorded conversations, tickets, bounds, and what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.live import Busy
from gateway.stream.calls import MOST_NONCES, Line, StreamCalls
from gateway.stream.carrier import Carrier
from gateway.stream.counts import REFUSED
from gateway.stream.genesys import PROBE, GenesysWire
from gateway.stream.leg import StreamLeg
from gateway.stream.providers import ONCE
from gateway.stream.settings import Streams
from gateway.stream.telnyx import TelnyxWire
from gateway.stream.twilio import TwilioWire
from gateway.stream.wire import Message, Wire
from tests import virtual_time
from tests.contracts.leg import loud, tone
from tests.fakes.stream_provider import StreamProvider, Telnyx, Twilio
from tests.gateway.stream import record
from tests.gateway.stream.scripted_bot import ANSWER_FRAMES, ScriptedBot
from tests.gateway.stream.test_genesys import EXTERNAL, Client

Answer = Callable[[StreamLeg], Awaitable[None]]
CLOCK = 1_000


@asynccontextmanager
async def calls(answer: Answer, **settings: Any) -> AsyncIterator[StreamCalls]:
    async with httpx.AsyncClient() as http:
        chosen = Streams.model_validate(settings)
        yield StreamCalls(chosen, answer, Carrier(chosen, http), clock=lambda: CLOCK)


def refused(provider: str, reason: str) -> float:
    count: float = REFUSED.labels(provider, reason)._value.get()
    return count


class Replay(StreamProvider):
    """A recorded conversation; what we send is kept and, like the recording's provider, played."""

    async def replay(self, lines: list[record.Line], **parameters: str) -> None:
        """Say what was recorded, when it was said."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for line in lines:
            await asyncio.sleep(max(begun + line["at_ms"] / 1000 - loop.time(), 0))
            message = line["message"]
            if "start" in message and parameters:
                message["start"]["customParameters"] |= parameters
            self.tell(json.dumps(message))


@pytest.mark.parametrize(
    ("name", "wire", "dialect", "ticketed"),
    [("twilio", TwilioWire, Twilio, True), ("telnyx", TelnyxWire, Telnyx, False)],
)
def test_a_recorded_conversation_gets_its_answer(
    name: str, wire: Callable[[], Wire], dialect: Callable[[], Twilio | Telnyx], ticketed: bool
) -> None:
    bot, provider = ScriptedBot(), Replay(dialect())

    async def main() -> None:
        async with calls(bot.answer) as the, asyncio.TaskGroup() as tasks:
            given = {"ticket": the.issue_ticket(name)} if ticketed else {}
            serving = tasks.create_task(the.serve(Line(name, wire(), provider, ticketed=ticketed)))
            tasks.create_task(provider.replay(record.read(name), **given))
            await serving

    virtual_time.run(main())
    assert bot.spoken > 30, "the question was heard"
    assert bot.keys == "5"
    (leg,) = bot.legs
    assert leg.about["caller"] == "+15550001" and leg.about["called"] == "+15550002"
    said = [dialect().read(message) for message in provider.sent]
    answer = b"".join(content for kind, content in said if kind == "media")
    assert answer == b"".join(_as_sent(frame.pcm) for frame in tone(ANSWER_FRAMES, rate=8_000))
    assert [content for kind, content in said if kind == "mark"] == [f"w0-{n}00" for n in range(1, 5)]
    assert bot.played_ms == 400, "all of it, by the marks that came back"
    assert leg.ended is not None and leg.ended.by == "remote"


def _as_sent(pcm: bytes) -> bytes:
    kind, content = Twilio().read(json.dumps({"streamSid": "MZ1", **_media(pcm)}))
    assert kind == "media" and isinstance(content, bytes)
    return content


def _media(pcm: bytes) -> dict[str, Any]:
    wire = TwilioWire()
    for message in Twilio().opening():
        wire.receive(message)
    media: dict[str, Any] = json.loads(wire.media(pcm))
    return media


def serve_one(
    provider: StreamProvider,
    wire: Wire,
    answer: Answer,
    name: str,
    *,
    ticketed: bool = False,
    **settings: Any,
) -> None:
    """One connection, as it is, to its end."""

    async def main() -> None:
        async with calls(answer, **settings) as the:
            async with asyncio.timeout(60):
                await the.serve(Line(name, wire, provider, ticketed=ticketed))

    virtual_time.run(main())


async def nobody(leg: StreamLeg) -> None:
    raise AssertionError("no call may begin")


def opened(*messages: Message) -> StreamProvider:
    provider = StreamProvider(Twilio())
    provider.tell(*messages)
    return provider


@pytest.mark.parametrize("ticket", ["", "TICKET", "1060xabcx00"])
def test_a_start_without_a_good_ticket_is_closed_and_no_call_begins(ticket: str) -> None:
    before = refused("twilio", "bad_ticket")
    provider = opened(*Twilio(ticket=ticket).opening())
    serve_one(provider, TwilioWire(), nobody, "twilio", ticketed=True)
    assert provider.closed == (1008, "bad_ticket")
    assert refused("twilio", "bad_ticket") == before + 1


def test_a_ticket_is_good_once() -> None:
    bot = ScriptedBot()

    async def main() -> None:
        async with calls(bot.answer) as the:
            opening = Twilio(ticket=the.issue_ticket("twilio")).opening()
            first, second = opened(*opening), opened(*opening)
            for provider in (first, second):
                provider.drop(clean=True)
                await the.serve(Line("twilio", TwilioWire(), provider, ticketed=True))
            assert first.closed == (1000, "")
            assert second.closed == (1008, "bad_ticket")

    virtual_time.run(main())
    assert len(bot.legs) == 1


def test_a_start_that_never_comes_is_not_waited_for() -> None:
    provider = opened(Twilio().opening()[0])
    serve_one(provider, TwilioWire(), nobody, "twilio", start_s=5)
    assert provider.closed == (1008, "no_start")


@pytest.mark.parametrize(
    ("message", "code"), [("{", 1007), (b"\xff", 1003), ('{"event":"media"}', 1002), ("x" * 40_000, 1009)]
)
def test_what_breaks_the_protocol_before_the_start_is_closed(message: Message, code: int) -> None:
    provider = opened(message)
    serve_one(provider, TwilioWire(), nobody, "twilio")
    assert provider.closed is not None and provider.closed[0] == code


def test_a_connection_that_leaves_before_the_start_is_no_call() -> None:
    provider = opened()
    provider.drop(clean=False)
    serve_one(provider, TwilioWire(), nobody, "twilio")
    assert provider.closed == (1000, "")


def test_genesys_may_try_the_connection() -> None:
    client = Client()
    provider = opened(client.open(PROBE, [EXTERNAL]), client.message("close", 1, reason="end"))
    provider.dialect = _Deaf()
    serve_one(provider, GenesysWire(), nobody, "genesys")
    assert [json.loads(message)["type"] for message in provider.sent] == ["opened", "closed"]
    assert provider.closed == (1000, "")


class _Deaf(Twilio):
    """Plays nothing."""

    def read(self, message: Message) -> tuple[str, Any]:
        return "other", None


def test_a_bot_that_breaks_ends_its_call_and_no_other() -> None:
    bot, providers = ScriptedBot(), [StreamProvider(Twilio()), StreamProvider(Twilio())]

    async def answer(leg: StreamLeg) -> None:
        if not bot.legs:
            bot.legs.append(leg)
            raise RuntimeError("the bot broke")
        await bot.answer(leg)

    async def main() -> None:
        async with calls(answer) as the, asyncio.TaskGroup() as tasks:
            for provider in providers:
                provider.tell(*Twilio().opening())
                tasks.create_task(the.serve(Line("twilio", TwilioWire(), provider)))
                tasks.create_task(provider.run())
            await asyncio.sleep(1)
            assert [provider.closed for provider in providers] == [(1011, ""), None]
            providers[1].say(tone(20, rate=8_000))
            await asyncio.sleep(1.5)
            assert sum(loud(frame) for frame in providers[1].heard) == ANSWER_FRAMES
            await the.hang_up_all("the gateway is about to stop")

    virtual_time.run(main())
    assert [provider.closed for provider in providers] == [(1011, ""), (1000, "")]


def test_lines_are_counted_and_given_back() -> None:
    async def main() -> None:
        async with calls(nobody, calls=2) as the:
            with the.line("twilio"), the.line("twilio"):
                with pytest.raises(Busy), the.line("twilio"):
                    pass
            with the.line("twilio"):
                pass

    virtual_time.run(main())


def test_a_proof_may_be_shown_once_and_memory_is_bounded() -> None:
    async def main() -> None:
        async with calls(nobody) as the:
            assert not the.spend(None)
            assert the.spend(ONCE) and the.spend(ONCE)
            assert the.spend("n1") and not the.spend("n1")
            for number in range(MOST_NONCES):
                assert the.spend(f"other-{number}")
            assert len(the._nonces) == MOST_NONCES

    virtual_time.run(main())


def test_tickets_of_one_secret_are_good_on_every_node() -> None:
    async def main() -> None:
        async with calls(nobody, ticket_secret="s") as one, calls(nobody, ticket_secret="s") as other:
            provider = opened(*Twilio(ticket=one.issue_ticket("twilio")).opening())
            provider.drop(clean=True)
            begun: list[StreamLeg] = []

            async def answer(leg: StreamLeg) -> None:
                begun.append(leg)

            other._answer = answer
            await other.serve(Line("twilio", TwilioWire(), provider, ticketed=True))
            assert begun

    virtual_time.run(main())
