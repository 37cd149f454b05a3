"""Calls to a fake office: scripted legs, and a bot that hums so that silence is heard as silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.accounts.account import Account
from gateway.admission import Admission, AdmissionLimits
from gateway.call import Calls, Welcome
from gateway.health import Health
from gateway.live import LiveSession
from gateway.reception import Reception
from pipelines.audio import SAMPLE_RATE, AudioPort, Frame
from pipelines.facts import HandoffRequested
from tests.fakes.office import Office
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts

CUSTOMER, AGENT, BOT = 1_000, 2_000, 3_000
"How loud they are: by this it is told whom somebody hears."


def tone(level: int) -> Frame:
    return Frame(level.to_bytes(2, "little", signed=True) * (SAMPLE_RATE // 50))


def levels(leg: ScriptedLeg, seconds: float) -> set[int]:
    """Whom somebody has heard in the last seconds; 0: nobody."""
    return {abs(int.from_bytes(f.pcm[:2], "little", signed=True)) for f in leg.heard[-int(seconds * 50) :]}


class Mouthpiece:
    """A bot that hums, and keeps what it was told to say."""

    def __init__(self, port: AudioPort, opening: str | None) -> None:
        self.port = port
        self.said = [opening] if opening else []
        self.ended = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            humming = tasks.create_task(self._hum())
            async for _ in self.port.frames():
                pass
            humming.cancel()
        self.ended = True

    async def _hum(self) -> None:
        while True:
            await self.port.play(tone(BOT))
            await asyncio.sleep(0.01)

    def announce(self, text: str) -> None:
        self.said.append(text)

    async def silent(self) -> None:
        await asyncio.sleep(0.2)

    async def write(self, text: str, client_id: str | None = None) -> None:
        raise AssertionError("nobody types here")

    def press(self, digit: str) -> None:
        """No keys."""


class Line:
    """A customer's call to the office, and what its bots said."""

    def __init__(self, office: Office, live: LiveSession, customer: ScriptedLeg) -> None:
        self.office = office
        self.live = live
        self.customer = customer
        self.customer.say([tone(CUSTOMER)] * 50_000)
        self.bots: list[Mouthpiece] = []

    @property
    def session_id(self) -> str:
        return self.live.session_id

    def make_bot(self, port: AudioPort, live: LiveSession, opening: str | None) -> Mouthpiece:
        bot = Mouthpiece(port, opening)
        self.bots.append(bot)
        return bot

    async def wishes(self) -> None:
        await self.live.log.emit(HandoffRequested(reason="customer_asked"))
        await asyncio.sleep(0.5)

    @property
    def state(self) -> str | None:
        return self.office.state(self.live)

    @property
    def said(self) -> list[str]:
        """By all bots, in order."""
        return [words for bot in self.bots for words in bot.said]


@asynccontextmanager
async def calling(
    office: Office,
    customer: ScriptedLeg | None = None,
    live: LiveSession | None = None,
    welcome: Welcome | None = None,
) -> AsyncIterator[Line]:
    """A call of a new session, or of one that was a chat so far."""
    if live is None:
        live, _ = await office.sessions.begin("voice")
    line = Line(office, live, customer or ScriptedLeg("customer"))
    admission = Admission(AdmissionLimits(calls=2, waiting=0, wait_ms=1_000))
    calls = Calls(line.make_bot, Reception(admission, FakeVoiceParts(), Health()), office.handoffs, 4000)
    calls.welcome = welcome
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(line.customer.serve())
        call = tasks.create_task(calls.conduct(line.customer, live))
        await asyncio.sleep(1)
        yield line
        line.customer.leave()
        await call


@asynccontextmanager
async def at_work(office: Office, *accounts: Account) -> AsyncIterator[dict[str, ScriptedLeg]]:
    """People with their audio connected, who talk without end."""
    legs = {account.agent_id: ScriptedLeg(account.agent_id) for account in accounts}
    async with asyncio.TaskGroup() as tasks:
        for account in accounts:
            leg = legs[account.agent_id]
            leg.say([tone(AGENT)] * 50_000)
            tasks.create_task(leg.serve())
            await office.desk.agent_leg(account.agent_id, leg)
            if account.queues:
                await office.comes(account)
        yield legs
        for leg in legs.values():
            leg.leave()
