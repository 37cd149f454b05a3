"""A call that we placed, from the moment it is answered: who took it, and what they are told.

A person talks with the bot. An answering machine gets the message it was given, after its beep, or nothing; a
fax and the network's announcements get nothing. A bot that talks to a machine helps nobody and costs money.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from gateway.events import CallPickedUp
from gateway.leg import Leg
from gateway.live import LiveSession
from gateway.protocol_error import ProtocolError
from pipelines.answering_machine import Answerer, Verdict
from pipelines.audio import FRAME_MS
from pipelines.facts import Unavailable
from pipelines.pickup import Pickup, PickupParts
from pipelines.synthesizer import Synthesizer

log = structlog.get_logger(__name__)

LONGEST_WORDS = 300
"Characters of what we say first, or leave on a machine."
TAIL_MS = 500
"Silence after a message, before we hang up: machines cut what comes last."


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that somebody wants us to place."""

    number: str
    trunk: str | None = None
    "None: the first that calls can go out through."
    opening: str | None = None
    "What the bot says first to a person, instead of its greeting."
    message: str | None = None
    "What an answering machine is told; None: we hang up on it."
    headers: Mapping[str, str] = field(default_factory=dict)
    "User-to-User and configured X- headers."

    def check(self) -> None:
        """Raises `ProtocolError` (400) for words of the wrong length."""
        for words in (self.opening, self.message):
            if words is not None and not 0 < len(words.strip()) <= LONGEST_WORDS:
                text = f"What is said in a call that we place has 1 to {LONGEST_WORDS} characters."
                raise ProtocolError("words_length", text)


class Conduct(Protocol):
    """Has a bot talk at a leg until the call is over; `Calls.conduct` in production."""

    def __call__(
        self, leg: Leg, live: LiveSession, *, opening: str | None = None
    ) -> Coroutine[Any, Any, None]:
        """`opening`: what the bot says first instead of its greeting."""


class Parts(PickupParts, Protocol):
    """Ears to tell who took the call, and a voice; `voice_models.VoiceModels` in production."""

    def synthesizer(self, sample_rate: int) -> Synthesizer:
        """A voice at the leg's sample rate, Hz."""


class PlacedCalls:
    """Holds calls that we placed."""

    def __init__(self, conduct: Conduct, parts: Parts) -> None:
        self._conduct = conduct
        self._parts = parts

    async def hold(self, leg: Leg, live: LiveSession, wish: Wish, tell: Callable[[Verdict], None]) -> None:
        """Everything from the answer to the end; `tell` gets who took the call."""
        pickup = Pickup(live.session_id, leg, self._parts)
        try:
            verdict = await pickup.verdict()
            tell(verdict)
            await _note(leg, live, verdict)
            if verdict.answerer is Answerer.MACHINE and wish.message is not None:
                await self._leave_message(leg, pickup, wish.message)
        finally:
            pickup.close()
        if verdict.answerer in (Answerer.PERSON, Answerer.UNKNOWN):
            await self._conduct(leg, live, opening=wish.opening)

    async def _leave_message(self, leg: Leg, pickup: Pickup, message: str) -> None:
        """Say it once the machine records; nothing if it never does."""
        if not await pickup.recording():
            return
        before_ms, frames = leg.played_ms(), 0
        async with aclosing(self._parts.synthesizer(leg.sample_rate).speak(message)) as speech:
            async for frame in speech:
                await leg.play(frame)
                frames += 1
        await _until_played(leg, before_ms + frames * FRAME_MS)


async def _until_played(leg: Leg, played_ms: int) -> None:
    """Wait until so much was heard, and a little longer; or they hang up."""
    left_ms = TAIL_MS
    async for _ in leg.frames():
        if leg.played_ms() >= played_ms:
            left_ms -= FRAME_MS
        if left_ms <= 0:
            return


async def _note(leg: Leg, live: LiveSession, verdict: Verdict) -> None:
    fact = CallPickedUp(
        leg_id=leg.leg_id, answerer=verdict.answerer.value, by=verdict.by, after_ms=verdict.after_ms
    )
    try:
        await live.log.emit(fact)
    except Unavailable as error:
        log.warning("fact of a call not stored", session_id=live.session_id, reason=str(error))
