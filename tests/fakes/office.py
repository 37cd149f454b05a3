"""A gateway's handoffs without its sockets, and people at work who do what a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gateway.accounts.account import Account
from gateway.desk.messages import Consult
from gateway.desk.messages import Contact as ContactView
from gateway.events import HandoffChanged
from gateway.handoff.answerer import HandoffAnswerer
from gateway.handoff.arrangements import Arrangements
from gateway.handoff.conducting import Conducting
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.house import House
from gateway.handoff.machine import HandoffLimits
from gateway.handoff.states import Agent
from gateway.handoff.talk import Listens, Talk
from gateway.live import LiveSession, LiveSessions, live_sessions
from gateway.protocol_error import ProtocolError
from gateway.queue.board_queue import BoardQueue
from gateway.queue.contacts import Offer, Presence
from gateway.queue.memory import MemoryLedger
from gateway.queue.settings import Queues
from pipelines.answer import Basis, Say
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import Channel, Fact, HandoffRequested, HumanTurn, ReplyDone
from tests import virtual_time
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.memory_store import MemoryStore
from tests.fakes.queue_with_outages import QueueWithOutages
from tests.fakes.scripted_answerer import ScriptedAnswerer, Step

BEGAN = 1_795_000_000.0
NOTE = "I've written that down for my colleagues."
ALEX = Account("a_alex", "alex", "Alex", queues=frozenset({"general"}))
KIM = Account("a_kim", "kim", "Kim", queues=frozenset({"general"}))
SAM = Account("a_sam", "sam", "Sam", role="supervisor", queues=frozenset())


def asks_for_person(words: str) -> list[Step]:
    """Says what it heard; asks for a person, and writes a note, when that is wished for."""
    if "person" in words:
        return [HandoffRequested(reason="customer_asked"), Basis("workflow"), Say(NOTE)]
    return [Basis("fixed"), Say(f"You said: {words}")]


class Quiet:
    """A copilot that hears nothing."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class Shown:
    """Desks that remember what they were shown."""

    def __init__(self) -> None:
        self.contacts: list[ContactView] = []
        self.briefings: list[Briefing] = []
        self.consults: list[tuple[Consult, Briefing | None]] = []

    def contact_changed(self, contact: ContactView) -> None:
        self.contacts.append(contact)

    def briefing_changed(self, session_id: str, briefing: Briefing) -> None:
        self.briefings.append(briefing)

    def consult_changed(self, consult: Consult, briefing: Briefing | None) -> None:
        self.consults.append((consult, briefing))


class Office:
    """Everything that brings people in, in one process and in virtual time."""

    def __init__(self, queues: Mapping[str, Any] | None = None, limits: HandoffLimits | None = None) -> None:
        self.settings = Queues.model_validate(queues or {})
        self.limits = limits or HandoffLimits()
        self.store = MemoryStore()
        self.records = MemoryDeskRecords(self.store)
        self.inner = ScriptedAnswerer(asks_for_person)
        self.shown = Shown()
        self.sessions: LiveSessions
        self.queue: QueueWithOutages
        self.handoffs: Handoffs
        self.desk: Conducting
        self.copilots: list[tuple[Talk, Agent]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Office"]:
        self.queue = QueueWithOutages(self.settings, self.now)
        house = House(
            self.queue,
            self.settings,
            self.now,
            Arrangements(self.records, self.settings, self.now),
            limits=self.limits,
            desks=self.shown,
        )
        opened: list[LiveSessions] = []
        self.handoffs = Handoffs(
            house, lambda: BriefingFold(Glossary()), lambda: opened[0] if opened else None
        )
        self.handoffs.make_copilot = self._copilot
        answerer = HandoffAnswerer(self.inner, self.handoffs)
        async with live_sessions(
            self.store, answerer, now=self.now, watchers=(self.handoffs,)
        ) as self.sessions:
            opened.append(self.sessions)
            self.desk = Conducting(self.handoffs, self.sessions, self.records, None)
            async with asyncio.TaskGroup() as tasks:
                work = [
                    tasks.create_task(self.queue.run(), name="queue"),
                    tasks.create_task(self.handoffs.run(), name="handoffs"),
                ]
                await asyncio.sleep(0)
                yield self
                for task in work:
                    task.cancel()

    def run(self, test: Callable[[], Any]) -> None:
        async def main() -> None:
            async with self.open():
                await test()

        virtual_time.run(main())

    def now(self) -> float:
        return BEGAN + asyncio.get_running_loop().time()

    def _copilot(self, talk: Talk, agent: Agent) -> Listens:
        self.copilots.append((talk, agent))
        return Quiet()

    # --- people at work ----------------------------------------------------------------------------------

    async def comes(self, account: Account, *, chats: int = 3, known_s: float = 2.1) -> None:
        """Somebody is available; that is known by then."""
        capacity: dict[Channel, int] = {"voice": 1, "chat": chats}
        presence = Presence(
            account.agent_id,
            account.display_name,
            "available",
            account.queues,
            account.skills,
            account.languages,
            capacity,
        )
        await self.queue.announce(presence)
        await asyncio.sleep(known_s)

    async def offer(self, account: Account, seconds: float = 10.0) -> Offer:
        """What rings at their desk, or begins to within so many seconds."""
        async with asyncio.timeout(seconds):
            while True:
                for offer in await self.queue.offers():
                    if offer.agent_id == account.agent_id:
                        return offer
                await asyncio.sleep(0.05)

    async def takes(self, account: Account) -> str:
        """Accepts what rings and connects at once; the session."""
        offer = await self.offer(account)
        await self.desk.accept(offer.lease_id, account)
        await asyncio.sleep(0.1)
        await self.desk.connect(offer.wanted.session_id, account)
        await asyncio.sleep(0.1)
        return offer.wanted.session_id

    # --- customers ------------------------------------------------------------------------------------------

    async def chat(self, *words: str) -> LiveSession:
        """A customer who writes this, one after the other."""
        live, _ = await self.sessions.begin("chat")
        for text in words:
            await self.writes(live, text)
        return live

    async def writes(self, live: LiveSession, text: str, seconds: float = 0.5) -> None:
        await live.receive(text, live.log.new_id("m"))
        await asyncio.sleep(seconds)

    def facts(self, live: LiveSession, *kinds: type[Fact]) -> list[Any]:
        """The stored facts of these kinds, in order."""
        return [event.fact for event in self.store.log[live.session_id] if isinstance(event.fact, kinds)]

    def states(self, live: LiveSession) -> list[str]:
        """All that its handoffs came to, in order."""
        return [fact.state for fact in self.facts(live, HandoffChanged)]

    def written(self, live: LiveSession) -> list[str]:
        """What the customer reads of the bot and of people."""
        return [fact.pii.text for fact in self.facts(live, ReplyDone, HumanTurn)]

    def outcome(self, live: LiveSession) -> str | None:
        """How the newest handoff went."""
        newest: HandoffChanged = self.facts(live, HandoffChanged)[-1]
        return newest.outcome

    def state(self, live: LiveSession) -> str | None:
        """Where the handoff stands; None: none is under way."""
        state = self.handoffs.waits(live.session_id)
        return state.value if state is not None else None


def nobody_works() -> Handoffs:
    """The handoffs of a gateway that nobody works at; to be asked by calls only, `run` is not needed."""
    office = Office()
    queue = BoardQueue(MemoryLedger(office.settings, lambda: BEGAN))
    arrangements = Arrangements(office.records, office.settings, lambda: BEGAN)
    house = House(queue, office.settings, lambda: BEGAN, arrangements)
    handoffs = Handoffs(house, lambda: BriefingFold(Glossary()), lambda: None)
    handoffs.make_copilot = lambda talk, agent: Quiet()
    return handoffs


async def refused(command: Awaitable[object]) -> str:
    """The code with which a command is refused; empty when it is done."""
    try:
        await command
    except ProtocolError as error:
        return error.code
    return ""
