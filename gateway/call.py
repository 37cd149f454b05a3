"""One call of a session: the customer's leg, the room around it, and the bot that has the floor.

The reception comes first: the bot begins once the call has a place.

The leg belongs to the room, the bot only borrows a port to it: a bot that fails is replaced, and the customer
hears a pause, no more. What happens in the session goes to the client as RTVI messages; what the client
sends and the keys that a caller presses come in here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from gateway.events import LegJoined, LegLeft
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.talk import Speaks, Talk
from gateway.leg import Leg
from gateway.live import LiveSession, TakesInput
from gateway.reception import Reception
from gateway.room import Role, Room
from gateway.subscription import Subscription
from gateway.webrtc import rtvi
from gateway.webrtc.rtvi import BadRequest, ClientMessage, ClientReady, DisconnectBot, SendText
from pipelines.audio import AudioPort
from pipelines.facts import Trouble, Unavailable, Values

log = structlog.get_logger()


BOTS = 3
"So many bots in one call; when the last one fails the call ends."
REPLACED = Trouble(code="bot_failed", message="Sorry, I lost the thread for a moment.", retry=True)


class Bot(TakesInput, Speaks, Protocol):
    """The pipeline that hears and speaks at a port."""

    async def run(self) -> None:
        """Talk until the port's frames end. May raise anything: it is then replaced by another."""


MakeBot = Callable[[AudioPort, LiveSession, str | None], Bot]
"At a port, for a session; says the text first instead of its greeting if there is one."


Welcome = Callable[[Leg, LiveSession], Awaitable[str | None]]
"What the bot says first to this caller, instead of its greeting; None: the usual."


class Calls:
    """Conducts calls with bots made by `make_bot`."""

    def __init__(
        self, make_bot: MakeBot, reception: Reception, handoffs: Handoffs, longest_text: int
    ) -> None:
        self._make_bot = make_bot
        self._reception = reception
        self._handoffs = handoffs
        self._longest_text = longest_text
        self.welcome: Welcome | None = None
        "Set once those who were cut off are known again."
        self._sessions: set[str] = set()
        "Those that are in a call, or wait for one to begin."

    async def conduct(self, leg: Leg, live: LiveSession, *, opening: str | None = None) -> None:
        """Everything from the moment the leg is connected until it has ended.

        `opening`: what the bot says first instead of its greeting; for a call that we placed.
        """
        subscription = live.log.subscribe()
        try:
            await live.log.emit(_joined(leg))
            async with Room(leg) as room, asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(_deliver(subscription, leg), name=f"deliver {leg.leg_id}"),
                    tasks.create_task(self._obey(leg, live), name=f"messages {leg.leg_id}"),
                    tasks.create_task(_press(leg, live), name=f"keys {leg.leg_id}"),
                ]
                await self._one_call(room, live, tasks, opening)
                for task in beside:
                    task.cancel()
        finally:
            live.log.unsubscribe(subscription)
            live.touch()
            await _record_end(leg, live)

    async def drain(self) -> None:
        """Begin no more calls; returns when those who waited for one have been told."""
        await self._reception.drain()

    async def _one_call(
        self, room: Room, live: LiveSession, tasks: asyncio.TaskGroup, opening: str | None
    ) -> None:
        """Have a bot talk once there is a place for the call; a session has one call at a time."""
        if live.session_id in self._sessions:
            await room.customer.send(rtvi.error("this session is in a call already; end the other one first"))
            return
        self._sessions.add(live.session_id)
        try:
            async with self._reception.place(room, live) as admitted:
                if admitted:
                    await self._talk(self._handoffs.call_began(room, live, tasks), opening)
        finally:
            self._sessions.discard(live.session_id)

    async def _talk(self, talk: Talk, opening: str | None) -> None:
        """The conversation, from its first word to the last that is written down."""
        try:
            if opening is None and self.welcome is not None:
                opening = await self.welcome(talk.room.customer, talk.live)
            await self._by_turns(talk, opening)
        finally:
            self._handoffs.call_ended(talk)
        await talk.written()

    async def _by_turns(self, talk: Talk, opening: str | None) -> None:
        """Let a bot or a person talk, until the leg has ended or the bot has said goodbye."""
        opening, failed = talk.opening() or opening, 0
        while talk.room.customer.ended is None and failed < BOTS:
            if talk.with_person:
                opening, failed = await talk.listen() or "", 0
            elif await self._bot_talks(talk, opening):
                failed += 1
                opening = "" if opening is not None else None  # who replaces it does not say it again
            elif not talk.with_person:
                return

    async def _bot_talks(self, talk: Talk, opening: str | None) -> bool:
        """Let a bot talk; whether it failed in a way that another has to take its place."""
        room, live = talk.room, talk.live
        bot = self._make_bot(room.port(Role.BOT), live, opening)
        live.join_call(bot)
        talk.speaks(bot)
        try:
            await bot.run()
            return False
        except Exception:
            # The outermost loop of a bot: its failure must not reach the customer's leg.
            log.exception("bot failed", session_id=live.session_id)
        finally:
            talk.speaks(None)
            live.leave_call(bot)
        if room.customer.ended is None:
            live.log.show(REPLACED)
        return True

    async def _obey(self, leg: Leg, live: LiveSession) -> None:
        """Do what the client's messages ask."""
        async for text in leg.messages():
            try:
                await self._do(rtvi.read(text), leg, live)
            except BadRequest as error:
                await leg.send(error.response)

    async def _do(self, request: rtvi.Request, leg: Leg, live: LiveSession) -> None:
        match request:
            case ClientReady():
                for message in rtvi.bot_ready(request):
                    await leg.send(message)
            case SendText():
                await self._write(request, leg, live)
            case DisconnectBot():
                await leg.hang_up("the client ended the call")
            case ClientMessage():
                await leg.send(rtvi.error_response(request.id, f"There is no `{request.type}` here."))

    async def _write(self, request: SendText, leg: Leg, live: LiveSession) -> None:
        length = len(request.text)
        if not request.text.strip() or length > self._longest_text:
            fault = f"A message has 1 to {self._longest_text} characters; this one has {length}."
            await leg.send(rtvi.error_response(request.id, fault))
            return
        try:
            await live.receive(request.text, request.id or live.log.new_id("m"))
        except Unavailable as error:
            await leg.send(rtvi.error_response(request.id, f"Not taken: {error}."))


def _joined(leg: Leg) -> LegJoined:
    about = Values(values=dict(leg.about)) if leg.about else None
    return LegJoined(leg_id=leg.leg_id, role="customer", kind=leg.kind, pii=about)


async def _press(leg: Leg, live: LiveSession) -> None:
    """Hand on the keys that the caller presses; before a bot talks with them nobody asked for any."""
    async for digit in leg.digits():
        live.press(digit)


async def _deliver(subscription: Subscription, leg: Leg) -> None:
    """Show the session's events to the client; one that falls behind loses the call, not the session."""
    feed = rtvi.EventFeed()
    async for event in subscription:
        for message in feed.messages(event):
            await leg.send(message)
    await leg.hang_up("the client fell behind" if subscription.behind else "the gateway is about to restart")


async def _record_end(leg: Leg, live: LiveSession) -> None:
    ended = leg.ended
    by, reason = (ended.by, ended.reason) if ended else ("local", "the bot had finished")
    try:
        await live.log.emit(LegLeft(leg_id=leg.leg_id, by=by, reason=reason))
    except Unavailable as error:
        log.warning("end of a call not stored", session_id=live.session_id, reason=str(error))
