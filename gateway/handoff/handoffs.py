"""All handoffs of this process: begins them, tells them what happens, and keeps every session's briefing.

A session's facts come by here as they are published (it is a `Watcher` of the logs): a wish for a person
begins a handoff, a choice goes to the one under way, and every fact goes into the session's briefing. The
queue's news come by too. What agents ask comes through `conducting.Conducting`.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import structlog

from gateway.events import Event, LegJoined, SessionStarted
from gateway.handoff.contact import Contact
from gateway.handoff.house import House
from gateway.handoff.line import Wish
from gateway.handoff.states import (
    Accepted,
    Agent,
    Cancelled,
    Chose,
    Input,
    Offered,
    OfferOver,
    State,
    WrappedUp,
)
from gateway.handoff.talk import MakeCopilot, Talk
from gateway.live import LiveSession, LiveSessions
from gateway.queue.contacts import News, OfferEnded
from gateway.queue.contacts import Offered as OfferMade
from gateway.room import Room
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.escalation import Escalation
from pipelines.facts import (
    CustomerTurn,
    Fact,
    HandoffChosen,
    HandoffRequested,
    HumanTurn,
    Suggestion,
    Unavailable,
)

log = structlog.get_logger(__name__)

RESTARTED = Wish("restarted", "general", "general", priority=50)
"For a customer whose handoff was under way when the process ended."
LOOK_EVERY_S = 2.0
"At who is there, for what the bot may say of it; sooner when anything has changed."
LOOK_AGAIN_S = 0.1
"Between two looks, however much changes."

MakeFold = Callable[[], BriefingFold]


@dataclass(slots=True)
class _Known:
    """What is kept of a session that is in memory."""

    fold: BriefingFold
    escalation: Escalation


class Handoffs:
    """Made by the composition root; `run` must run beside the sessions."""

    def __init__(
        self, house: House, make_fold: MakeFold, sessions: Callable[[], LiveSessions | None]
    ) -> None:
        self.house = house
        self._make_fold = make_fold
        self._sessions = sessions
        self._known: dict[str, _Known] = {}
        self._contacts: dict[str, Contact] = {}
        "By session: one handoff at a time."
        self._talks: dict[str, Talk] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.make_copilot: MakeCopilot | None = None
        "Set once there is a voice."
        self._online: dict[str, bool] = {}
        self.returning: set[str] = set()
        "Sessions in memory whose customers were cut off a moment ago, and are preferred in line."
        self.consulted: Callable[[str], bool] = lambda agent_id: False
        "Whether an agent is asked by a colleague now; `consulting.Consulting` knows."

    # --- what others see ------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Contact]:
        return iter(list(self._contacts.values()))

    def of(self, session_id: str) -> Contact | None:
        """The handoff of a session, while it is under way."""
        return self._contacts.get(session_id)

    def talk_of(self, session_id: str) -> Talk | None:
        """The call of a session."""
        return self._talks.get(session_id)

    def briefing(self, session_id: str) -> Briefing:
        """What is known of a session that is in memory."""
        return self._know(session_id).fold.briefing()

    def somebody_there(self, skill: str) -> bool:
        """Whether anybody could come for this, as far as is known; for what may be said before it is sure."""
        return self._online.get(self.house.settings.serving(skill, self.house.language).name, False)

    def waits(self, session_id: str) -> State | None:
        """Where the handoff stands; None: none is under way."""
        contact = self._contacts.get(session_id)
        return contact.state if contact is not None else None

    # --- the sessions' facts (`Watcher`) --------------------------------------------------------------

    def see(self, session_id: str, event: Event) -> None:
        """Something happened in a session."""
        try:
            self._see(session_id, event)
        except Exception:
            # Called where a session's log is written: our bug must not keep facts from it.
            log.exception("fact not seen", session_id=session_id, type=type(event.fact).__name__)

    def _see(self, session_id: str, event: Event) -> None:
        fact, contact = event.fact, self._contacts.get(session_id)
        if fact.durable and (wish := self._learn(session_id, event)) is not None:
            self._escalate(session_id, wish)
        match fact:
            case HandoffRequested():
                self._wished(session_id, fact)
            case HandoffChosen(choice="cancel"):
                self._soon(contact, Cancelled())
            case HandoffChosen(choice="callback" | "message" | "stay" | "wait" as choice):
                self._soon(contact, Chose(choice))
            case CustomerTurn() if contact is None:
                self._pick_up(session_id)
            case HumanTurn(channel="chat") if contact is not None:
                self._heard(contact)
        if contact is not None and fact.durable and not isinstance(fact, Suggestion):
            contact.saw(fact)
            if self.house.desks is not None:
                self.house.desks.briefing_changed(session_id, self.briefing(session_id))

    def recall(self, session_id: str, event: Event) -> None:
        """Something had happened in a session that is read from the store."""
        self._learn(session_id, event)  # what would have wished for a person then did so then

    def forget(self, session_id: str) -> None:
        """The session left memory."""
        self._known.pop(session_id, None)
        self.returning.discard(session_id)

    def _learn(self, session_id: str, event: Event) -> HandoffRequested | None:
        """Keep the briefing current; a person who should be brought in though nobody has asked."""
        if isinstance(event.fact, SessionStarted):
            return None  # ten thousand idle chats need no briefing
        known = self._know(session_id)
        known.fold.apply(event.fact)
        if isinstance(event.fact, LegJoined) and event.fact.role == "customer" and event.fact.pii:
            known.fold.claim(event.fact.pii.values)
        return known.escalation.apply(event.fact)

    def _escalate(self, session_id: str, wish: HandoffRequested) -> None:
        """Wish for a person where one could come; else the bot goes on, and it may be wished for again."""
        live = self._live(session_id)
        possible = self.somebody_there(wish.skill) and session_id not in self._contacts
        if possible and live is not None and self._tasks is not None and not live.log.with_person:
            self._tasks.create_task(_emit(live, wish), name=f"escalate {session_id}")

    def _know(self, session_id: str) -> _Known:
        known = self._known.get(session_id)
        if known is None:
            known = self._known[session_id] = _Known(self._make_fold(), Escalation())
        return known

    # --- beginning ------------------------------------------------------------------------------------

    def _wished(self, session_id: str, fact: HandoffRequested) -> None:
        """Somebody wants a person: begin a handoff, unless one is under way."""
        former = self._contacts.get(session_id)
        if former is not None and former.state is State.WRAP_UP:
            former.put_soon(WrappedUp("reopened"))
        elif former is not None and not former.over:
            return
        queue = self.house.settings.serving(fact.skill, self.house.language).name
        returning = session_id in self.returning
        priority = self.house.settings.priority.points(returning=returning, reason=fact.reason)
        self.begin(session_id, Wish(fact.reason, fact.skill, queue, priority))

    def _pick_up(self, session_id: str) -> None:
        """The customer goes on in a session whose handoff ended with the process: begin another."""
        live = self._live(session_id)
        if live is not None and live.log.handing_over:
            self.begin(session_id, RESTARTED)

    def begin(self, session_id: str, wish: Wish, first: Input | None = None) -> Contact | None:
        """A handoff for a session without one; None when that is not possible now."""
        live = self._live(session_id)
        if live is None or self._tasks is None:
            return None
        handoff_id = f"h_{secrets.token_hex(8)}"
        talk = self._talks.get(session_id)
        contact = Contact(handoff_id, live, wish, self.house, lambda: self.briefing(session_id), talk)
        contact.connection.heard = lambda: self._heard(contact)
        if talk is not None:
            talk.watch_silence()
        self._contacts[session_id] = contact
        self._tasks.create_task(self._conduct(contact, first), name=f"handoff {handoff_id}")
        return contact

    def _live(self, session_id: str) -> LiveSession | None:
        sessions = self._sessions()
        return sessions.find(session_id) if sessions is not None else None

    async def _conduct(self, contact: Contact, first: Input | None) -> None:
        session_id = contact.live.session_id
        try:
            await contact.run(first)
        except Exception:
            # The outermost loop of a handoff: our bug ends this one, and the customer stays with the bot.
            log.exception("handoff failed", session_id=session_id, handoff=contact.handoff_id)
            await contact.abandon()
        finally:
            if self._contacts.get(session_id) is contact:
                del self._contacts[session_id]
                self._measure_silence(contact)  # one that has begun since is measured on
            await self._keep_summary(session_id)
            contact.live.touch()
            contact.show()

    def _heard(self, contact: Contact) -> None:
        """The customer hears the person, or reads a message of theirs: they have been brought in."""
        contact.measures.heard(contact.channel, self.house.now())
        self._measure_silence(contact)

    @staticmethod
    def _measure_silence(contact: Contact) -> None:
        seconds = contact.talk.longest_silence() if contact.talk is not None else None
        if seconds is not None:
            contact.measures.silent(seconds)

    async def _keep_summary(self, session_id: str) -> None:
        """For whoever meets the customer next."""
        if (known := self._known.get(session_id)) is not None:
            known.escalation.resume()
            with suppress(Unavailable):
                summary = known.fold.briefing().for_role("agent").summary
                await self.house.arranges.summarise(session_id, summary)

    @staticmethod
    def _soon(contact: Contact | None, happened: Input) -> None:
        if contact is not None:
            contact.put_soon(happened)

    # --- calls ----------------------------------------------------------------------------------------

    def call_began(self, room: Room, live: LiveSession, tasks: asyncio.TaskGroup) -> Talk:
        """A bot is about to talk in a call, whose tasks these are; `call_ended` must follow."""
        assert self.make_copilot is not None
        talk = Talk(room, live, self.make_copilot, tasks)
        self._talks[live.session_id] = talk
        if (contact := self._contacts.get(live.session_id)) is not None:
            talk.watch_silence()
            contact.call(talk, agent_is_free=self._is_free(contact))
        return talk

    def _is_free(self, contact: Contact) -> bool:
        asked = contact.agent is not None and self.consulted(contact.agent.agent_id)
        return not asked and not self._has_call(contact.agent, besides=contact)

    def _has_call(self, agent: Agent | None, besides: Contact) -> bool:
        others = (contact for contact in self if contact is not besides and contact.talk is not None)
        return agent is not None and any(
            contact.agent is not None and contact.agent.agent_id == agent.agent_id for contact in others
        )

    def call_ended(self, talk: Talk) -> None:
        """The call is over: whoever is being brought in is told so."""
        session_id = talk.live.session_id
        if self._talks.get(session_id) is talk:
            del self._talks[session_id]
        contact = self._contacts.get(session_id)
        if contact is not None and contact.talk is talk:
            self._measure_silence(contact)
            contact.call_over()

    # --- tasks ----------------------------------------------------------------------------------------

    def beside(self, work: Callable[[], Awaitable[None]], name: str) -> "asyncio.Task[None]":
        """Do something beside the handoffs, whose bugs are nobody else's. Raises `Unavailable` at the end."""
        if self._tasks is None:
            raise Unavailable("handoffs are not possible right now")
        return self._tasks.create_task(_guarded(work, name), name=name)

    # --- the queue ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Carry the queue's news to the handoffs, until cancelled; handoffs run for as long as this does."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._look(), name="who is there")
            try:
                while True:
                    await self._catch_up()
                    async for news in self.house.queue.news():
                        self._tell(news)
            finally:
                self._tasks = None

    async def _catch_up(self) -> None:
        """What was offered while nobody read the news."""
        for offer in await self.house.queue.offers():
            self._tell(OfferMade(offer))

    def _tell(self, news: News) -> None:
        handoff_id = news.handoff_id if isinstance(news, OfferEnded) else news.offer.wanted.handoff_id
        contact = next((each for each in self if each.handoff_id == handoff_id), None)
        if contact is None:
            return
        match news:
            case OfferMade(offer):
                agent = Agent(offer.agent_id, offer.agent_name, offer.phone)
                contact.put_soon(Offered(offer.lease_id, agent))
            case OfferEnded(why="accepted"):
                contact.put_soon(Accepted(news.lease_id))
            case OfferEnded(why="declined" | "missed" | "withdrawn" | "offline" as why):
                contact.put_soon(OfferOver(news.lease_id, why))

    async def _look(self) -> None:
        """Know who is there before somebody asks."""
        house = self.house
        while True:
            for queue in house.settings.all:
                try:
                    there = await house.queue.availability(queue.name, frozenset(), house.language, "voice")
                    online = there.online
                    if not online:
                        there = await house.queue.availability(
                            queue.name, frozenset(), house.language, "chat"
                        )
                        online = there.online
                except Unavailable:
                    online = 0
                self._online[queue.name] = online > 0
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await house.queue.changed()
            await asyncio.sleep(LOOK_AGAIN_S)


async def _guarded(work: Callable[[], Awaitable[None]], name: str) -> None:
    try:
        await work()
    except Exception:
        # The outermost loop of what runs beside the handoffs.
        log.exception("failed beside the handoffs", what=name)


async def _emit(live: LiveSession, fact: Fact) -> None:
    try:
        await live.log.emit(fact)
    except Unavailable as error:
        log.warning("escalation not stored", session_id=live.session_id, reason=str(error))
