"""The telephone of one gateway: calls that come in and calls that we place, as legs.

A call is one function of the user's, run in the endpoint's task group for as long as the call lives.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from prometheus_client import Counter, Gauge

from gateway.protocol_error import ProtocolError
from gateway.rtp.clock import RtpClock
from gateway.rtp.ports import Ports
from gateway.rtp.stream import RtpStream
from gateway.sip.address import Address
from gateway.sip.body import description
from gateway.sip.call_events import Ended
from gateway.sip.call_failed import CallFailed
from gateway.sip.call_media import CallMedia, capabilities
from gateway.sip.context import LONGEST, USER_TO_USER, user_to_user
from gateway.sip.hop import Hop
from gateway.sip.invitation import Invitation
from gateway.sip.leg import Parties, SipLeg, Way
from gateway.sip.line import Line, LineState
from gateway.sip.outgoing import NewCall
from gateway.sip.signalling import Signalling, new_id
from gateway.sip.uri import URI
from gateway.sip.user_agent import Invited, Told
from gateway.trunks import Number, Telephone
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
FAREWELL_S = 2.0
"How long a closing endpoint waits for what it said last to be acknowledged."
BUSY = [("Retry-After", "30")]
CALLS = Gauge("warmline_sip_calls_under_way", "SIP calls under way", ["trunk", "direction"])
CALLED = Counter("warmline_sip_calls_total", "SIP calls that are over", ["trunk", "direction", "outcome"])

Answer = Callable[[SipLeg], Awaitable[None]]
"Has the call: returns, or raises, when it is to be over."


class Endpoint:
    """Made by `open_endpoint`."""

    def __init__(self, telephone: Telephone, answer: Answer) -> None:
        self._telephone = telephone
        self._answer = answer
        self._ports = Ports(telephone.rtp_ports.first, telephone.rtp_ports.last)
        self._clock = RtpClock()
        self._signalling = Signalling(telephone, self._tell, self._spawn)
        self._tasks: asyncio.TaskGroup | None = None
        self._legs: dict[Invitation, SipLeg] = {}
        self._dialled = 0

    # --- what others may know and do ---

    @property
    def addresses(self) -> list[str]:
        """Where we really listen: `udp:127.0.0.1:5060`."""
        return self._signalling.sockets.addresses

    def trunks(self) -> list[LineState]:
        """How each trunk is."""
        return self._signalling.lines.states()

    def drain(self) -> None:
        """Take no more calls and place none; those under way go on. OPTIONS is answered 503."""
        self._signalling.user_agent.draining = True

    @asynccontextmanager
    async def call(
        self,
        number: str,
        *,
        trunk: str | None = None,
        headers: Mapping[str, str] | None = None,
        ringing: Callable[[], None] | None = None,
    ) -> AsyncIterator[SipLeg]:
        """A call to a number, answered; hung up at the end of the block, or of the attempt.

        `headers`: User-to-User and configured X- headers, as plain text. Raises `CallFailed` when it is not
        answered, `ProtocolError` when it may not be placed (400, 403, 404, 429), `Unavailable`.
        """
        signalling = self._signalling
        if signalling.user_agent.draining:
            raise Unavailable("no more calls are placed: the gateway is going down")
        sent = self._checked(headers or {})
        line, hop = signalling.lines.way_out(trunk)
        wanted = signalling.destinations.place(number, self._dialled, signalling.now_ms())
        leg = self._dial(line, hop, wanted, sent)
        leg.ringing = ringing
        self._dialled += 1
        try:
            signalling.settle()
            await self._answered(leg)
            yield leg
        finally:
            self._dialled -= 1
            await leg.hang_up("the call is over")

    # --- life ---

    def bind(self) -> None:
        """Take all addresses. Raises `Unavailable`, with what cannot be had."""
        self._signalling.sockets.bind()

    async def open(self, tasks: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Begin to work in a task group; returns what is to be cancelled at the end."""
        self._tasks = tasks
        await self._signalling.sockets.open()
        return [
            tasks.create_task(self._clock.run(), name="rtp clock"),
            tasks.create_task(self._look_after(), name="telephone"),
        ]

    async def leave(self) -> None:
        """Hang up what is left, say goodbye to the trunks and wait briefly for their answers."""
        self.drain()
        for leg in list(self._legs.values()):
            await leg.hang_up("the gateway is going down")
        self._signalling.leave()
        for _ in range(int(FAREWELL_S / 0.05)):
            calls = self._signalling.user_agent.calls
            if not self._signalling.lines.asking and not any(call.unsettled for call in calls):
                break
            await asyncio.sleep(0.05)

    def close(self) -> None:
        """Close all sockets and legs at once."""
        for leg in list(self._legs.values()):
            leg.close("no longer served")
        self._signalling.close()

    async def _look_after(self) -> None:
        while True:
            await self._guarded(self._look())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        for leg in list(self._legs.values()):
            leg.look_after()
        self._signalling.look_after()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        assert self._tasks is not None, "the endpoint is open"
        self._tasks.create_task(self._guarded(work), name=name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """The outermost frame of everything here that may have a bug: it must not end all calls."""
        try:
            await work
        except Exception:
            log.exception("telephone_task_failed")

    # --- legs ---

    def _made(self, call: Invitation, line: Line, media: CallMedia, parties: Parties) -> SipLeg:
        way = Way(self._signalling.settle, self._target(line))
        leg = SipLeg(f"s_{new_id()[:12]}", call, media, parties, way)
        self._legs[call] = leg
        line.calls += 1
        CALLS.labels(parties.trunk, _direction(call)).inc()
        return leg

    def _media(self, line: Line, hop: Hop) -> CallMedia:
        """Raises `Unavailable` when no port is free."""
        family = ":" in hop.host
        hosts = (at.host for at in self._telephone.listen if (":" in at.host) == family)
        stream = RtpStream(self._ports, self._clock, next(hosts, "::" if family else "0.0.0.0"))
        host = self._signalling.sockets.local_address(hop.host)
        return CallMedia(stream, capabilities(line.trunk, host, stream.local_port))

    def _target(self, line: Line) -> Callable[[str], URI]:
        def target(number: str) -> URI:
            return line.address(self._signalling.destinations.check(number))

        return target

    def _tell(self, event: Invited | Told) -> None:
        """A bug in what one call makes of it ends that call, and keeps no other from hearing of its own."""
        leg = self._legs.get(event.invitation)
        try:
            if isinstance(event, Invited):
                self._invited(event)
            elif leg is not None:
                leg.told(event.event)
        except Exception:
            log.exception("call_event_failed")
            event.invitation.hang_up(self._signalling.now_ms(), "an error of ours")
            if leg is not None:
                leg.close("an error of ours")
        if isinstance(event, Told) and isinstance(event.event, Ended):
            self._forget(event.invitation)

    def _forget(self, call: Invitation) -> None:
        leg = self._legs.pop(call, None)
        if leg is None:
            return
        self._signalling.lines[leg.trunk].calls -= 1
        direction, outcome = _direction(call), _outcome(leg)
        CALLS.labels(leg.trunk, direction).dec()
        CALLED.labels(leg.trunk, direction, outcome).inc()

    # --- calls that come in ---

    def _invited(self, event: Invited) -> None:
        """Somebody calls. Nothing is waited for here: what takes time is the call's own task."""
        call, admitted = event.invitation, event.admitted
        replaced = self._legs.get(event.replaces) if event.replaces is not None else None
        try:
            if event.replaces is not None and replaced is None:
                raise ProtocolError("nothing_to_replace", "there is no such call", 481)
            if replaced is not None:
                self._replace(event, replaced)
                return
            assert admitted.number is not None, "an INVITE is admitted for a number"
            line = self._signalling.lines[admitted.trunk.name]
            media = self._media(line, event.invitation.hop)
        except ProtocolError as error:
            call.reject(error.status, self._signalling.now_ms())
        except Unavailable as error:
            log.warning("call_refused", trunk=admitted.trunk.name, reason=str(error))
            call.reject(503, self._signalling.now_ms(), BUSY)
        else:
            parties = Parties(admitted.trunk.name, admitted.caller, admitted.called)
            leg = self._made(call, line, media, parties)
            self._spawn(self._receive(leg, admitted.number), leg.leg_id)

    def _replace(self, event: Invited, leg: SipLeg) -> None:
        """The new call takes the old one's place under its leg: nobody above notices."""
        old = leg.call
        leg.take_over(event.invitation, description(event.request))
        self._legs[event.invitation] = leg
        del self._legs[old]

    async def _receive(self, leg: SipLeg, number: Number) -> None:
        log.info("call_received", leg=leg.leg_id, trunk=leg.trunk)
        try:
            if await leg.pick_up(number.ring_s, early_media=number.early_media):
                await self._answer(leg)
        except Exception:
            # The outermost loop of a call: its failure must not reach the others.
            log.exception("call_failed", leg=leg.leg_id)
        finally:
            await leg.hang_up("the call is over")

    # --- calls that we place ---

    def _checked(self, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Headers as they are sent. Raises `ProtocolError` for others than those that are configured."""
        known = {name.lower(): name for name in (USER_TO_USER, *self._telephone.headers)}
        sent = []
        for name, value in headers.items():
            if name.lower() not in known or not value.isprintable() or len(value) > LONGEST:
                raise ProtocolError(
                    "header_not_allowed", "A header is not one of those that calls may carry."
                )
            canonical = known[name.lower()]
            sent.append((canonical, user_to_user(value) if canonical == USER_TO_USER else value))
        return sent

    def _dial(self, line: Line, hop: Hop, number: str, headers: list[tuple[str, str]]) -> SipLeg:
        trunk = line.trunk
        media = self._media(line, hop)
        ours = trunk.caller_id or trunk.username or "anonymous"
        new = NewCall(line.address(number), Address(line.address(ours)), media.offer(), headers)
        call = self._signalling.user_agent.invite(
            new, hop, self._signalling.terms(trunk), self._signalling.now_ms()
        )
        leg = self._made(call, line, media, Parties(trunk.name, ours, number))
        log.info("call_placed", leg=leg.leg_id, trunk=trunk.name)
        return leg

    async def _answered(self, leg: SipLeg) -> None:
        """Wait until it is answered. Raises `CallFailed`."""
        try:
            async with asyncio.timeout(self._telephone.dial.ring_s):
                await leg.talking.wait()
        except TimeoutError:
            await leg.hang_up("not answered")
            raise CallFailed(408, "nobody answered", None) from None
        if leg.ended is not None:
            outcome = leg.outcome
            if outcome is None:
                raise CallFailed(488, leg.ended.reason, None)
            raise CallFailed(outcome.code, outcome.reason, outcome.retry_after_s)


@asynccontextmanager
async def open_endpoint(telephone: Telephone, answer: Answer) -> AsyncIterator[Endpoint]:
    """The telephone, open for the block; then every call is hung up.

    `answer` has each call that comes in: it gets a leg that talks already (with `early_media`, that can be
    heard) and the call is over when it returns. Raises `Unavailable`, with what to do about it.
    """
    endpoint = Endpoint(telephone, answer)
    endpoint.bind()
    try:
        async with asyncio.TaskGroup() as tasks:
            own = await endpoint.open(tasks)
            try:
                yield endpoint
            finally:
                await endpoint.leave()
                for task in own:
                    task.cancel()
    finally:
        endpoint.close()


def _direction(call: Invitation) -> str:
    return "out" if call.calling else "in"


def _outcome(leg: SipLeg) -> str:
    code = leg.outcome.code if leg.outcome else 500
    return "answered" if code < 300 else f"{code // 100}xx"
