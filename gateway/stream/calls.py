"""The media streams of this process: from an accepted connection to the end of the call.

Knows nothing of HTTP: a route (or the AudioSocket server) checks who connects, takes a line, and hands the
connection in. What goes wrong on one stays with that one.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from gateway.live import Busy
from gateway.protocol_error import ProtocolError
from gateway.stream import ticket
from gateway.stream.carrier import Carrier
from gateway.stream.connection import INTERNAL, NORMAL, POLICY, Connection, Gone, close_code
from gateway.stream.counts import REFUSED, STREAMS
from gateway.stream.leg import StreamLeg
from gateway.stream.providers import ONCE, Provider, providers, ticket_of
from gateway.stream.settings import Streams
from gateway.stream.wire import Respond, Started, Stopped, Wire

log = structlog.get_logger(__name__)

MOST_NONCES = 10_000
"Remembered; each is good for a minute, so there are as many only under attack: then the oldest goes."

Answerer = Callable[[StreamLeg], Awaitable[None]]
"Conducts one call; returns when it is over. The leg is connected and is being served."


class Refused(Exception):
    """A stream that may not begin; `reason` is for the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Line:
    """An accepted connection and how to talk on it."""

    provider: str
    wire: Wire
    connection: Connection
    ticketed: bool = False


class StreamCalls:
    """Answers streams with `answer`; ends calls by `carrier` when asked to."""

    def __init__(
        self,
        settings: Streams,
        answer: Answerer,
        carrier: Carrier,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self._answer = answer
        self._carrier = carrier
        self._clock = clock
        given = settings.ticket_secret
        self._secret = given.get_secret_value().encode() if given else secrets.token_bytes(32)
        self.providers: Mapping[str, Provider] = providers(settings, self._secret)
        self._lines = 0
        self._legs: dict[str, StreamLeg] = {}
        self._nonces: OrderedDict[str, None] = OrderedDict()

    @property
    def now_s(self) -> int:
        """Unix time."""
        return int(self._clock())

    def issue_ticket(self, provider: str) -> str:
        """A ticket for one stream that begins within a minute."""
        return ticket.issue(self._secret, provider, secrets.token_hex(16), self.now_s)

    def spend(self, nonce: str | None) -> bool:
        """Whether a proof is good: it has not been shown before, or may be shown again."""
        if nonce is None or nonce in self._nonces:
            return False
        if nonce != ONCE:
            self._nonces[nonce] = None
            if len(self._nonces) > MOST_NONCES:
                self._nonces.popitem(last=False)
        return True

    @contextmanager
    def line(self, provider: str) -> Iterator[None]:
        """Keep one of the lines while the block lasts. Raises `Busy` when all are taken."""
        if self._lines >= self.settings.calls:
            REFUSED.labels(provider, "busy").inc()
            raise Busy("all lines are taken")
        self._lines += 1
        try:
            with STREAMS.labels(provider).track_inprogress():
                yield
        finally:
            self._lines -= 1

    async def serve(self, line: Line) -> None:
        """The life of one stream, with a line taken. Raises nothing of what may happen in it."""
        started = await self._begin(line)
        if started is None:
            return
        leg = self._leg(line, started)
        self._legs[leg.leg_id] = leg
        log.info("stream_started", leg=leg.leg_id, provider=line.provider)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(leg.serve(line.connection), name=f"{leg.leg_id} leg")
                try:
                    await self._answer(leg)
                finally:
                    await leg.hang_up("the call is over")
        except Exception:
            # The outermost loop of a call: our own bug ends this one, nobody else's.
            log.exception("call_failed", leg=leg.leg_id)
        finally:
            del self._legs[leg.leg_id]
            await line.connection.close(INTERNAL, "")  # where the leg had no time to

    async def hang_up_all(self, reason: str) -> None:
        """End every call; their connections close soon after."""
        for leg in list(self._legs.values()):
            await leg.hang_up(reason)

    def _leg(self, line: Line, started: Started) -> StreamLeg:
        async def end_call(call_id: str) -> None:
            await self._carrier.end_call(line.provider, call_id)

        able = self._carrier.can_end(line.provider)
        leg_id = f"m_{secrets.token_hex(6)}"
        return StreamLeg(leg_id, line.provider, line.wire, started, end_call if able else None)

    async def _begin(self, line: Line) -> Started | None:
        """Wait for the start; None when the connection was closed instead."""
        try:
            async with asyncio.timeout(self.settings.start_s):
                started = await _start(line)
            if started is not None and line.ticketed:
                self._check_ticket(line.provider, started)
        except Gone:
            started = None
        except TimeoutError:
            await self._turn_away(line, "no_start", POLICY)
            return None
        except Refused as refused:
            await self._turn_away(line, refused.reason, POLICY)
            return None
        except ProtocolError as error:
            await self._turn_away(line, error.code, close_code(error))
            return None
        if started is None:
            await line.connection.close(NORMAL, "")
        return started

    def _check_ticket(self, provider: str, started: Started) -> None:
        if not self.spend(ticket.check(self._secret, provider, ticket_of(started), self.now_s)):
            raise Refused("bad_ticket")

    async def _turn_away(self, line: Line, reason: str, code: int) -> None:
        REFUSED.labels(line.provider, reason).inc()
        log.warning("stream_refused", provider=line.provider, reason=reason)
        await line.connection.close(code, reason)


async def _start(line: Line) -> Started | None:
    """The start; None when the provider only tried the connection. Raises `Gone`, `ProtocolError`."""
    while True:
        for event in line.wire.receive(await line.connection.receive()):
            match event:
                case Respond():
                    await line.connection.send(event.message)
                case Started():
                    return event
                case Stopped():
                    return None
