"""Who is here, as routing and the conductor are told: presence, the heartbeat, the end of a grace."""

import asyncio
import itertools
from contextlib import suppress

import structlog

from gateway.accounts.permissions import Action
from gateway.desk.conductor import Conductor
from gateway.desk.messages import State
from gateway.desk.seat import Seat
from gateway.desk.seats import Seats
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue
from pipelines.facts import Unavailable

log = structlog.get_logger()

BEAT_S = 1.0
"Whether the queue still knows them; their node before this one may have died."
LOOK_UP_BEATS = 10
RETRY_S = (0.5, 2.0, 8.0)
"When it could not be told that an agent is gone."
FAREWELL_S = 2.0


class Attendance:
    """Tells the queue and the conductor who is at this node's desk."""

    def __init__(self, queue: ContactQueue, conductor: Conductor, seats: Seats) -> None:
        self._queue = queue
        self._conductor = conductor
        self._seats = seats
        self._with_audio: set[str] = set()

    async def come(self, seat: Seat) -> None:
        """Somebody is at the seat, perhaps again. Raises `Unavailable`, `ProtocolError`."""
        seat.audio = seat.agent_id in self._with_audio
        try:
            await self.look_up(seat)
        except Unavailable:
            if seat.visits == 1:
                raise
            # Who only reloads the page while other nodes are out of reach has what they had.
        if not await self._queue.alive(seat.agent_id):
            await self._announce(seat)

    async def change(self, seat: Seat, state: State, voice: bool) -> None:
        """They take contacts and calls, or do not. Raises `Unavailable`, and then nothing has changed."""
        before = seat.state, seat.voice
        seat.state, seat.voice = state, voice
        try:
            await self._announce(seat)
        except Unavailable:
            seat.state, seat.voice = before
            raise
        seat.tell(seat.me())

    async def audio(self, agent_id: str, connected: bool) -> None:
        """The agent's audio came or went: calls may be offered, or no longer."""
        (self._with_audio.add if connected else self._with_audio.discard)(agent_id)
        seat = self._seats.get(agent_id)
        if seat is None or seat.audio == connected:
            return
        seat.audio = connected
        seat.tell(seat.me())
        try:
            await self._announce(seat)
        except Unavailable as error:
            log.warning("presence not announced", agent_id=agent_id, reason=str(error))

    async def keep_alive(self) -> None:
        """Announce whom the queue has forgotten, look up what is theirs, for ever. Raises `Unavailable`."""
        for beat in itertools.count(1):
            await asyncio.sleep(BEAT_S)
            for seat in self._seats:
                if not await self._queue.alive(seat.agent_id):
                    await self._announce(seat)
                if beat % LOOK_UP_BEATS == 0:
                    await self.look_up(seat)

    async def look_up(self, seat: Seat) -> None:
        """See which contacts are theirs, should the desk have missed a change. Raises `Unavailable`."""
        before = dict(seat.contacts)
        seat.settle(await self._conductor.contacts_of(seat.agent_id), before)

    async def let_go(self, seat: Seat, visit: int, grace_s: float) -> None:
        """Nobody is there since this visit: wait whether somebody comes back, then tell who has to know."""
        await asyncio.sleep(grace_s)
        if seat.visits != visit:
            return
        self._seats.remove(seat)
        for pause in (*RETRY_S, 0.0):
            if await self._told(seat.agent_id):
                return
            await asyncio.sleep(pause)
            if self._seats.get(seat.agent_id) is not None:
                return

    async def say_goodbye(self) -> None:
        """Nobody here is to get offers any more: this process is about to stop."""
        with suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(FAREWELL_S):
                for seat in self._seats:
                    await self._queue.absent(seat.agent_id)

    async def _announce(self, seat: Seat) -> None:
        if seat.may(Action.ACCEPT):
            async with seat.announcing:
                await self._queue.announce(seat.presence())

    async def _told(self, agent_id: str) -> bool:
        try:
            await self._queue.absent(agent_id)
            await self._conductor.agent_gone(agent_id)
        except (ProtocolError, Unavailable) as error:
            log.warning("absence not told", agent_id=agent_id, reason=str(error))
            return False
        except Exception:
            # The outermost loop of a departure: our own bug is nobody else's.
            log.exception("absence not told", agent_id=agent_id)
            return False
        return True
