"""A telephone call as a `Leg`: its signalling and its RTP stream, as a room and the bot see them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from gateway.events import Message
from gateway.leg import Channel, Hangup, Kind
from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import Direction
from gateway.sip import call_events
from gateway.sip.body import description
from gateway.sip.call_events import CallEvent, Ended, Established, Offered, TransferAsked, TransferProgress
from gateway.sip.call_media import CallMedia
from gateway.sip.context import USER_TO_USER, user_to_user
from gateway.sip.invitation import Invitation
from gateway.sip.keypad import Keypad
from gateway.sip.uri import URI
from pipelines.audio import Frame

log = structlog.get_logger(__name__)

PROGRESS_WAITING = 16
TRANSFERRED = "transferred"
DECLINED = 603


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is connected through which trunk."""

    trunk: str
    caller: str = field(repr=False)
    called: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """What a leg needs of its endpoint."""

    settle: Callable[[], None]
    "To be called after every call of an `Invitation`: sends what is to be sent."
    target: Callable[[str], URI]
    "The address of a number in the leg's trunk. Raises `ProtocolError` (403) when it may not be called."


class SipLeg:
    """One call, whoever placed it; see `gateway.leg.Leg`. Made by the endpoint, which brings its events."""

    def __init__(self, leg_id: str, call: Invitation, media: CallMedia, parties: Parties, way: Way) -> None:
        self._leg_id = leg_id
        self._call = call
        self._media = media
        self._parties = parties
        self._way = way
        self._stream = media.stream
        self._keypad = Keypad(media.stream.digits)
        self._messages: Channel[str] = Channel("sip_messages", 1)
        self._progress: Channel[TransferProgress] = Channel("sip_transfer", PROGRESS_WAITING)
        self._ended: Hangup | None = None
        self.ringing: Callable[[], None] | None = None
        "Called when the other side of a call of ours rings."
        self.outcome: Ended | None = None
        "What the signalling said of the end."
        self.talking = asyncio.Event()
        "Set once audio can flow, or the leg has ended."
        self.over = asyncio.Event()
        "Set once the leg has ended."

    # --- what every leg offers ---

    @property
    def leg_id(self) -> str:
        """Unique in the process's life; no Call-ID, so safe to log and to show."""
        return self._leg_id

    @property
    def kind(self) -> Kind:
        """`sip`."""
        return "sip"

    @property
    def about(self) -> Mapping[str, str]:
        """`caller`, `called`, `trunk`, and the context headers that came, by their names."""
        parties = self._parties
        return {"caller": parties.caller, "called": parties.called, "trunk": parties.trunk, **self.headers}

    @property
    def sample_rate(self) -> int:
        """8000 Hz for G.711, 16 000 for G.722 and Opus; both ways, and for the whole call."""
        return self._stream.sample_rate

    @property
    def ended(self) -> Hangup | None:
        """How it ended, or None while it lives."""
        return self._ended

    def frames(self) -> AsyncIterator[Frame]:
        """A frame every 20 ms once audio can flow; 25 wait for a slow reader."""
        return self._stream.frames

    def play(self, frame: Frame) -> Coroutine[Any, Any, None]:
        """Queue a frame, waiting while 400 ms are queued; does nothing once the leg ended."""
        return self._stream.play(frame)

    def relay(self, frame: Frame) -> None:
        """Play a live frame as soon as possible, without waiting."""
        self._stream.relay(frame)

    def clear(self) -> int:
        """Drop what was queued but not played; return how many ms of it were dropped."""
        return self._stream.clear()

    def played_ms(self) -> int:
        """Milliseconds of queued audio that left for the other side."""
        return self._stream.played_ms()

    def digits(self) -> AsyncIterator[str]:
        """Keys the other side pressed, by RTP or by INFO; a key that comes both ways is given once."""
        return self._keypad.pressed()

    async def send(self, message: Message) -> None:
        """Nothing: a telephone shows no messages."""

    def messages(self) -> AsyncIterator[str]:
        """None ever come; ends with the leg."""
        return self._messages

    async def hang_up(self, reason: str) -> None:
        """End the call, or the attempt at one; safe to call twice."""
        if self._ended is None:
            self._end(Hangup("local", reason))
            self._call.hang_up(_now_ms(), reason)
            self._way.settle()

    # --- what only a telephone can ---

    @property
    def caller(self) -> str:
        """Number or name of who called; personal data, and only as true as the trunk is honest."""
        return self._parties.caller

    @property
    def called(self) -> str:
        """The number that was dialled."""
        return self._parties.called

    @property
    def headers(self) -> Mapping[str, str]:
        """User-to-User and the configured X- headers of the other side, by their names. Untrusted."""
        names = {name.lower(): name for name in (USER_TO_USER, *self._call.terms.context_headers)}
        return {names[name]: value for name, value in self._call.context.items()}

    def send_digits(self, digits: str) -> bool:
        """Press keys (`0-9*#A-D`): by RTP, or by INFO where that was not agreed. False once it has ended.

        Raises ValueError for what is no key.
        """
        if self._ended is not None:
            return False
        if not self._stream.send_digits(digits):
            for digit in digits:
                self._call.send_info(digit, _now_ms())
            self._way.settle()
        return True

    async def hold(self) -> bool:
        """Put the other side on hold: we go on sending (music, or nothing). Whether it agreed."""
        return await self._change(Direction.SENDONLY)

    async def resume(self) -> bool:
        """Take it off hold."""
        return await self._change(Direction.SENDRECV)

    def transfer(
        self, number: str, replaces: "SipLeg | None" = None, *, context: str | None = None
    ) -> AsyncIterator[TransferProgress]:
        """Ask the other side to call `number` in our place, or to take the place of our leg `replaces`.

        `context` is for whoever answers there, as User-to-User (RFC 7433, section 4.2).
        Gives how it goes; the last progress is `final`. When it worked this leg ends by itself, its reason
        is `transferred`. Raises `ProtocolError` (403) at once for a number that may not be called.
        """
        target = self._way.target(number)
        other = replaces._call if replaces is not None else None
        if other is not None and other.dialog is not None:
            target = other.dialog.remote_target
        self._progress.close()
        self._progress = Channel("sip_transfer", PROGRESS_WAITING)
        if self._ended is not None:
            self._progress.close()
        headers = {USER_TO_USER: user_to_user(context)} if context else {}
        self._call.refer(target, _now_ms(), replaces=other, headers=headers)
        self._way.settle()
        return self._progress

    # --- what the endpoint does with it ---

    @property
    def trunk(self) -> str:
        """The name of its trunk."""
        return self._parties.trunk

    @property
    def call(self) -> Invitation:
        """Its signalling, which changes when another call takes its place."""
        return self._call

    @property
    def media(self) -> CallMedia:
        """Its media terms."""
        return self._media

    async def pick_up(self, ring_s: float, *, early_media: bool) -> bool:
        """Answer a call to us, after letting it ring; whether there is one to talk to then.

        With `early_media` that is at once, and it is answered by itself after `ring_s`.
        """
        now_ms = _now_ms()
        offer = description(self._call.request)
        try:
            sdp = self._media.answer(offer) if offer is not None else self._media.offer()
        except ProtocolError as error:
            self._end(Hangup("local", error.message))
            self._call.reject(error.status, now_ms)
            self._way.settle()
            return False
        if ring_s and early_media and offer is not None:
            self._call.ring(now_ms, sdp)
            asyncio.get_running_loop().call_later(ring_s, self._accept)
        else:
            if ring_s:
                await self._ring(ring_s)
            self._accept(sdp)
        self._way.settle()
        if self._media.agreed is not None:
            self.talking.set()
        await self.talking.wait()
        return self._ended is None

    def take_over(self, call: Invitation, offer: bytes | None) -> None:
        """Go on as another call, that of somebody who takes the other side's place (RFC 3891).

        Raises `ProtocolError` when its offer cannot be taken; then nothing has changed.
        """
        sdp = self._media.answer(offer) if offer is not None else self._media.offer()
        self._call = call
        call.answer(_now_ms(), sdp)

    def look_after(self) -> None:
        """To be called every second or so: ends a call without media."""
        if self._stream.lost.is_set() and self._ended is None:
            self._end(Hangup("network", self._stream.lost_reason))
            self._call.hang_up(_now_ms(), self._stream.lost_reason)

    def told(self, event: CallEvent) -> None:
        """The signalling tells something; whoever calls this settles afterwards."""
        match event:
            case call_events.Ringing():
                if self.ringing is not None:
                    self.ringing()
            case Established(sdp=sdp) | call_events.Answered(sdp=sdp):
                self._agree(sdp)
            case Offered():
                self._answer(event)
            case call_events.OfferRefused():
                self._media.take_refusal()
            case call_events.Digit():
                self._keypad.informed(event.digit, event.duration_ms)
            case TransferAsked():
                # A call that the other side wants us to place would be ours to pay for.
                self._call.refuse_transfer(event.key, DECLINED, _now_ms())
            case TransferProgress():
                self._progressed(event)
            case Ended():
                self.outcome = event
                self._end(Hangup(event.by, event.reason))

    def close(self, reason: str) -> None:
        """End everything that is still open, at once and without a word to the other side."""
        self._end(Hangup("local", reason))

    # --- what follows from that ---

    async def _ring(self, seconds: float) -> None:
        self._call.ring(_now_ms())
        self._way.settle()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()

    def _accept(self, sdp: bytes | None = None) -> None:
        if self._ended is None:
            self._call.answer(_now_ms(), sdp)
            self._way.settle()

    def _agree(self, sdp: bytes | None) -> None:
        try:
            if self._media.offering and sdp is not None:
                self._media.take_answer(sdp)
        except ProtocolError as error:
            self._end(Hangup("network", "the media answered cannot be used"))
            self._call.hang_up(_now_ms(), error.message)
            return
        if self._media.agreed is not None:
            self.talking.set()

    def _answer(self, offered: Offered) -> None:
        try:
            sdp = self._media.answer(offered.sdp) if offered.sdp is not None else self._media.offer()
        except ProtocolError as error:
            self._call.refuse_offer(offered.key, error.status, _now_ms())
        else:
            self._call.answer_offer(offered.key, sdp, _now_ms())

    async def _change(self, direction: Direction) -> bool:
        if self._ended is not None:
            return False
        return await self._media.change(direction, self._propose)

    def _propose(self, sdp: bytes) -> None:
        self._call.update_media(sdp, _now_ms())
        self._way.settle()

    def _progressed(self, progress: TransferProgress) -> None:
        self._progress.put(progress)
        if not progress.final:
            return
        if progress.code < 300 and self._ended is None:
            self._end(Hangup("local", TRANSFERRED))
            self._call.hang_up(_now_ms(), TRANSFERRED)
        self._progress.close()

    def _end(self, how: Hangup) -> None:
        if self._ended is None:
            self._ended = how
            log.info("leg_ended", leg=self._leg_id, by=how.by, reason=how.reason)
        self._media.close()
        self._messages.close()
        self._progress.close()
        self.talking.set()
        self.over.set()


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
