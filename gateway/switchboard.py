"""The telephone's calls as an operator sees them: those that come in, those that we place, what can be done.

The switchboard begins a session for every call and lets `conduct` have it. It remembers a call for a while
after its end, so that whoever placed it learns how it went.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import structlog
from prometheus_client import Counter

from gateway.events import SessionEnded
from gateway.leg import Leg
from gateway.live import LiveSession, LiveSessions
from gateway.placed_call import Conduct, Wish
from gateway.protocol_error import ProtocolError
from gateway.sip.call_events import TransferProgress
from gateway.sip.call_failed import CallFailed
from pipelines.answering_machine import Verdict
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

REMEMBERED = 1_000
"Calls that are over; the oldest are forgotten first."

PLACED = Counter("warmline_calls_placed_total", "Calls that we placed, by how they went", ["outcome"])
TRANSFERS = Counter("warmline_transfers_total", "Transfers that we asked for, by how they went", ["outcome"])

State = Literal["dialling", "ringing", "talking", "transferring", "ended"]


@runtime_checkable
class TelephoneLeg(Leg, Protocol):
    """A leg whose person can be sent on to another number; that of a carrier's media stream cannot."""

    def transfer(self, number: str, *, context: str | None = None) -> AsyncIterator[TransferProgress]:
        """Ask the other side to call that number in our place; ends with `final` progress.

        `context` is for whoever answers there; nothing personal. Once it has worked the leg ends.
        Raises `ProtocolError` (403) for a destination that is not allowed.
        """


class Lines(Protocol):
    """The way out to the telephone network; `gateway.sip.endpoint.Endpoint` in production."""

    def call(
        self,
        number: str,
        *,
        trunk: str | None,
        headers: Mapping[str, str],
        ringing: Callable[[], None],
    ) -> AbstractAsyncContextManager[TelephoneLeg]:
        """A call to a number, answered; raises `CallFailed`, `ProtocolError` (403, 429), `Unavailable`."""


class Hold(Protocol):
    """Has a call that we placed, once it is answered; `PlacedCalls.hold` in production."""

    def __call__(
        self, leg: Leg, live: LiveSession, wish: Wish, tell: Callable[[Verdict], None]
    ) -> Coroutine[Any, Any, None]:
        """Until the call is to be over; `tell` gets who took it."""


@dataclass(slots=True)
class TelephoneCall:
    """One call, as it stands."""

    call_id: str
    direction: Literal["in", "out"]
    session_id: str
    state: State
    code: int | None = None
    "Of a call that failed, or a transfer: what the network answered."
    reason: str = ""
    "Why it ended; for people."
    answerer: str | None = None
    "Who took a call that we placed: `person`, `machine`, `fax`, `network`, `unknown`."
    leg: Leg | None = field(default=None, repr=False)
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state == "ended"


class Switchboard:
    """All telephone calls of this process."""

    def __init__(
        self,
        sessions: LiveSessions,
        conduct: Conduct,
        hold: Hold,
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
    ) -> None:
        self._sessions = sessions
        self._conduct = conduct
        self._hold = hold
        self._spawn = spawn
        self._calls: OrderedDict[str, TelephoneCall] = OrderedDict()
        self.lines: Lines | None = None
        "Set once the telephone is open."

    def calls(self) -> list[TelephoneCall]:
        """Those under way and those remembered, oldest first."""
        return list(self._calls.values())

    def find(self, call_id: str) -> TelephoneCall:
        """Raises `ProtocolError` (404)."""
        call = self._calls.get(call_id)
        if call is None:
            raise ProtocolError("unknown_call", "There is no such call.", 404)
        return call

    async def answer(self, leg: Leg) -> None:
        """Talk with somebody who calls us, until the call is over. Raises `Unavailable`."""
        live, _ = await self._sessions.begin("voice")
        call = self._note("in", live)
        try:
            call.leg, call.state = leg, "talking"
            await self._conduct(leg, live)
        finally:
            self._over(call)

    async def place(self, wish: Wish) -> tuple[TelephoneCall, str]:
        """Begin to call somebody; how it goes is to be seen in the call. Also gives the session's token.

        Raises `ProtocolError` (400) and `Unavailable`; what the lines raise ends the call.
        """
        wish.check()
        if self.lines is None:
            raise Unavailable("there is no telephone to call with; see `telephone` in the configuration")
        live, token = await self._sessions.begin("voice")
        call = self._note("out", live)
        call.task = self._spawn(self._dial(wish, live, self.lines, call))
        return call, token

    async def transfer(self, call_id: str, number: str) -> TelephoneCall:
        """Send the person on to another number; returns the call once that has worked or failed.

        A caller whose transfer failed stays with the bot. Raises `ProtocolError`: 403 (not an allowed
        destination), 404, 409 (not the moment).
        """
        call = self.find(call_id)
        if call.leg is None or call.state != "talking":
            raise ProtocolError("not_talking", "Only a call that is under way can be moved on.", 409)
        if not isinstance(call.leg, TelephoneLeg):
            raise ProtocolError("not_transferable", "Its carrier has to move this call on, not we.", 409)
        call.state = "transferring"
        try:
            async for progress in call.leg.transfer(number):
                call.code, call.reason = progress.code, progress.phrase
        finally:
            if call.state == "transferring":
                call.state = "talking"
        moved = call.code is not None and 200 <= call.code < 300
        TRANSFERS.labels("moved" if moved else "failed").inc()
        if moved:
            await call.leg.hang_up("transferred")
        return call

    async def hang_up(self, call_id: str, reason: str = "an operator ended the call") -> TelephoneCall:
        """End a call, also one that rings; one that is over stays as it was. Raises `ProtocolError` (404)."""
        call = self.find(call_id)
        if call.leg is not None:
            await call.leg.hang_up(reason)
        elif call.task is not None and not call.over:
            call.reason = reason
            call.task.cancel()
        return call

    async def hang_up_all(self, reason: str) -> None:
        """End every call, also those that ring."""
        for call in self.calls():
            if not call.over:
                await self.hang_up(call.call_id, reason)

    # --- a call's life ---

    async def _dial(self, wish: Wish, live: LiveSession, lines: Lines, call: TelephoneCall) -> None:
        try:
            await self._dialled(wish, live, lines, call)
        except CallFailed as failure:
            call.code, call.reason = failure.code, failure.reason
            await _not_reached(live, str(failure))
        except ProtocolError as error:
            call.code, call.reason = error.status, error.message
            await _not_reached(live, error.code)
        except Unavailable as error:
            call.code, call.reason = 503, str(error)
            await _not_reached(live, "unavailable")
        except asyncio.CancelledError:
            call.code = 487
            await _not_reached(live, "cancelled")
            raise
        finally:
            PLACED.labels("answered" if call.leg is not None else str(call.code)).inc()
            self._over(call)

    async def _dialled(self, wish: Wish, live: LiveSession, lines: Lines, call: TelephoneCall) -> None:
        def ringing() -> None:
            call.state = "ringing"

        dialled = lines.call(wish.number, trunk=wish.trunk, headers=wish.headers, ringing=ringing)
        async with dialled as leg:
            call.leg, call.state = leg, "talking"

            def tell(verdict: Verdict) -> None:
                call.answerer = verdict.answerer.value

            await self._hold(leg, live, wish, tell)

    def _note(self, direction: Literal["in", "out"], live: LiveSession) -> TelephoneCall:
        call = TelephoneCall(f"t_{secrets.token_urlsafe(9)}", direction, live.session_id, "dialling")
        self._calls[call.call_id] = call
        return call

    def _over(self, call: TelephoneCall) -> None:
        call.state = "ended"
        if call.leg is not None and call.leg.ended is not None:
            call.reason = call.leg.ended.reason
        self._calls.move_to_end(call.call_id)
        over = [each.call_id for each in self._calls.values() if each.over]
        for call_id in over[: max(0, len(over) - REMEMBERED)]:
            del self._calls[call_id]


async def _not_reached(live: LiveSession, reason: str) -> None:
    """State in the session that nobody was reached: a call that we placed must not leave an open record."""
    try:
        await live.log.emit(SessionEnded(outcome="failed", reason=reason, by="network"))
    except Unavailable as error:
        log.warning("end of a call not stored", session_id=live.session_id, reason=str(error))
