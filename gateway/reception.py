"""Where calls arrive: each gets a place, is asked to hold until there is one, or is turned away politely.

`admission` decides; here are the callers. Each is connected and hears at once how it stands, in sentences
that are played from memory, so that a crowd at the door costs no model. The session's log says the same, and
its typed chat goes on meanwhile. Relies on a voice that knows the sentences by heart: without one (a
service as the voice) a waiting caller hears silence and sees the events only.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Gauge, Histogram

from gateway.admission import Admission, Admitted, Pressure, Refused, Waiting, Why
from gateway.events import CallAdmitted, CallRefused, CallWaiting
from gateway.health import Health
from gateway.live import LiveSession
from gateway.room import Role, Room
from pipelines.audio import AudioPort, Frame
from pipelines.facts import Fact, Unavailable
from pipelines.phrases import HoldPhrases
from pipelines.speech import Load

log = structlog.get_logger(__name__)

TALKING = Gauge("warmline_calls_talking", "Calls that have a place")
WAITING = Gauge("warmline_calls_waiting", "Calls in the queue for a place")
FULL = Gauge("warmline_calls_full", "1 while a new call would not get a place at once")
REFUSED = Counter("warmline_calls_refused_total", "Calls turned away with a sentence", ["reason"])
WAITED = Histogram(
    "warmline_call_wait_seconds",
    "Time in the queue, by how it ended",
    ["outcome"],
    buckets=(1, 2, 5, 10, 20, 40, 60, 90, 120, 180, 300),
)

TICK_S = 0.25
LAG_WEIGHT = 0.2
"Of the newest reading in the moving average of the event loop's lag: about a second and a half."
HOLD_EVERY_S = 20.0
"Pause before a waiting caller is spoken to again."
PICK_UP_S = 0.5
"Before the first word: the caller's side may still be connecting, and people need a moment too."
UNTIL_HEARD_S = 0.6
"What is queued at the end of a sentence (400 ms) has left, and arrived, after this time."


class Voice(Protocol):
    """What is needed of the speech models: `pipelines.voice_call.VoiceParts` has it."""

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        """The sound of a fixed sentence; nothing if it is not known."""

    @property
    def load(self) -> Load:
        """How the recogniser keeps up."""


@dataclass(slots=True)
class _Waiter:
    live: LiveSession
    position: int
    decided: "asyncio.Future[Admitted | Refused]"


class Reception:
    """Of one process; `run` must run beside the calls."""

    def __init__(
        self, admission: Admission, voice: Voice, health: Health, phrases: HoldPhrases | None = None
    ) -> None:
        self._admission = admission
        self._voice = voice
        self._health = health
        self._phrases = phrases or HoldPhrases()
        self._queue: dict[str, _Waiter] = {}
        self._received = 0
        "Calls between their arrival and the moment they talk or are gone."
        self._served = asyncio.Event()
        self._lag_s = 0.0

    async def run(self) -> None:
        """Measure what decisions rest on, and make those that time makes, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + TICK_S
            await asyncio.sleep(TICK_S)
            self._lag_s += (max(clock() - due, 0.0) - self._lag_s) * LAG_WEIGHT
            load = self._voice.load
            self._admission.feel(Pressure(load.waited_s, load.worked_s, self._lag_s), _now_ms())
            self._settle()

    @asynccontextmanager
    async def place(self, room: Room, live: LiveSession) -> AsyncIterator[bool]:
        """Receive a call and keep its place while the block lasts.

        Yields whether it has one; if not, the caller was told why and hung up on, or has hung up.
        """
        self._received += 1
        try:
            try:
                admitted = await self._receive(room, live)
            finally:
                self._received -= 1
                self._served.set()
            yield admitted
        finally:
            self._admission.leave(room.customer.leg_id)
            self._settle()

    async def drain(self) -> None:
        """Give no more places; returns when everybody who waited for one has been told so."""
        self._admission.drain()
        self._settle()
        while self._received:
            self._served.clear()
            await self._served.wait()

    async def _receive(self, room: Room, live: LiveSession) -> bool:
        verdict: Admitted | Waiting | Refused | None
        verdict = self._admission.offer(room.customer.leg_id, _now_ms())
        self._show()
        if isinstance(verdict, Waiting):
            verdict = await self._wait(room, live, verdict.position)
        if isinstance(verdict, Refused):
            await self._turn_away(room, live, verdict.why)
        return isinstance(verdict, Admitted)

    async def _wait(self, room: Room, live: LiveSession, position: int) -> Admitted | Refused | None:
        """Until there is a decision; None: the caller has hung up."""
        leg_id, begun_ms = room.customer.leg_id, _now_ms()
        waiter = _Waiter(live, position, asyncio.get_running_loop().create_future())
        self._queue[leg_id] = waiter
        outcome = "left"
        try:
            await _tell(live, CallWaiting(leg_id=leg_id, position=position))
            port = room.port(Role.BOT)
            await _attend(port, self._hold(port, waiter), waiter.decided)
            if not waiter.decided.done():
                return None
            verdict = waiter.decided.result()
            outcome = "admitted" if isinstance(verdict, Admitted) else "refused"
            if isinstance(verdict, Admitted):
                await _tell(live, CallAdmitted(leg_id=leg_id, waited_ms=_now_ms() - begun_ms))
            return verdict
        finally:
            self._queue.pop(leg_id, None)
            WAITED.labels(outcome).observe((_now_ms() - begun_ms) / 1_000)

    async def _turn_away(self, room: Room, live: LiveSession, why: Why) -> None:
        sentence: str = getattr(self._phrases, why)
        REFUSED.labels(why).inc()
        log.info("call refused", leg=room.customer.leg_id, reason=why)
        await _tell(live, CallRefused(leg_id=room.customer.leg_id, reason=why, message=sentence))
        port = room.port(Role.BOT)
        await _attend(port, self._say_goodbye(port, sentence))
        await room.customer.hang_up(f"not taken: {why}")

    async def _hold(self, port: AudioPort, waiter: _Waiter) -> None:
        """Say how it stands, at once and then now and again, for ever."""
        await asyncio.sleep(PICK_UP_S)
        sentence = self._phrases.waiting
        while True:
            await self._say(port, sentence)
            await self._say(port, self._phrases.position(waiter.position))
            await asyncio.sleep(HOLD_EVERY_S)
            sentence = self._phrases.still_waiting

    async def _say_goodbye(self, port: AudioPort, sentence: str) -> None:
        await asyncio.sleep(PICK_UP_S)
        await self._say(port, sentence)
        await asyncio.sleep(UNTIL_HEARD_S)

    async def _say(self, port: AudioPort, sentence: str) -> None:
        for frame in self._voice.by_heart(sentence, port.sample_rate):
            await port.play(frame)

    def _settle(self) -> None:
        """Carry out what the admission has decided, and tell those who moved up."""
        for leg_id, verdict in self._admission.decide(_now_ms()).items():
            waiter = self._queue.pop(leg_id)
            if not waiter.decided.done():
                waiter.decided.set_result(verdict)
        for leg_id, waiter in self._queue.items():
            position = self._admission.position(leg_id)
            if position != waiter.position:
                waiter.position = position
                waiter.live.log.show(CallWaiting(leg_id=leg_id, position=position))
        self._show()

    def _show(self) -> None:
        """To those who watch from outside."""
        TALKING.set(self._admission.talking)
        WAITING.set(self._admission.waiting)
        FULL.set(self._admission.full)
        self._health.full = self._admission.full


async def _attend(
    port: AudioPort, talk: Coroutine[Any, Any, None], until: "asyncio.Future[Any] | None" = None
) -> None:
    """Talk to a caller until that is done, or `until` is, or they have hung up; they are not listened to."""
    async with asyncio.TaskGroup() as tasks:
        own = [
            tasks.create_task(talk, name="talk to a caller at the door"),
            tasks.create_task(_gone(port), name="caller at the door"),
        ]
        await asyncio.wait([*own, *([until] if until else [])], return_when=asyncio.FIRST_COMPLETED)
        for task in own:
            task.cancel()


async def _gone(port: AudioPort) -> None:
    """Wait until the caller has hung up."""
    async for _ in port.frames():
        pass


async def _tell(live: LiveSession, fact: Fact) -> None:
    """The session's log, or at least who listens to it: a call is not lost because the store is."""
    try:
        await live.log.emit(fact)
    except Unavailable as error:
        log.warning("fact of a call not stored", session_id=live.session_id, reason=str(error))
        live.log.show(fact)


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1_000)
