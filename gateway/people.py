"""Opens what brings people in: the queue, the handoffs, the agents' desk.

Made around the agent, because its answers change where people can be brought in; opened once sessions are.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from gateway.accounts.audit import Audit
from gateway.call import Welcome
from gateway.callbacks import CallbackParts, Callbacks
from gateway.caller_keys import CallerKeys, secret_of
from gateway.config import Config, state_folder
from gateway.desk.conductor import Conductor
from gateway.desk.desk import Desk, DeskParts, open_desk
from gateway.desk.history import CustomerHistory
from gateway.desk.legs import AgentLegs
from gateway.desk.messages import ToolInfo
from gateway.desk.seats import Seats
from gateway.handoff.answerer import HandoffAnswerer
from gateway.handoff.arrangements import Arrangements
from gateway.handoff.conducting import Conducting
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.house import House
from gateway.handoff.roll_call import RollCall
from gateway.handoff.said_number import whom_we_can_call
from gateway.handoff.states import Agent
from gateway.handoff.talk import MakeCopilot, Talk
from gateway.handoff.telephone import AgentTelephones
from gateway.handoff.webhooks import Webhooks
from gateway.live import LiveSessions
from gateway.nodes.conducting import NodesConducting
from gateway.nodes.desks import NodesDesks
from gateway.nodes.mesh import Alone, Mesh
from gateway.nodes.watching import RemoteWatchings
from gateway.placed_call import Parts
from gateway.queue.contacts import ContactQueue
from gateway.queue.opening import open_queue
from gateway.returning import Returning, Welcomes
from gateway.room import Role
from gateway.store.sql import SqlStore
from gateway.store.sql_caller_index import SqlCallerIndex
from gateway.store.sql_desk_records import SqlDeskRecords
from gateway.switchboard import Lines, Switchboard
from gateway.webrtc.signalling import Signalling
from pipelines.advisor import Advisor
from pipelines.answer import Answerer
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.copilot import Copilot, CopilotSettings, Person, Side
from pipelines.facts import Emit, Unavailable
from pipelines.suggestions import Suggestions
from pipelines.voice_call import VoiceParts

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What the nodes of one contact center have in common."""

    queue: ContactQueue
    mesh: Mesh


@asynccontextmanager
async def open_shared(config: Config) -> AsyncIterator[Shared]:
    """In memory, or on the configured Redis. Raises `Unavailable` when its client is not installed."""
    async with open_queue(config) as queue:
        if config.redis.url is None:
            yield Shared(queue, Alone())
            return
        from gateway.nodes.redis_mesh import open_mesh  # an extra; the queue has seen that it is there

        async with open_mesh(config.redis.url.get_secret_value()) as mesh:
            yield Shared(queue, mesh)


class RoomCopilot:
    """Listens to the customer and to whom of us they talk with, as long as `run` runs."""

    def __init__(self, talk: Talk, agent: Agent, models: VoiceParts, settings: CopilotSettings) -> None:
        self._talk = talk
        self._agent = agent
        self._models = models
        self._settings = settings

    async def run(self) -> None:
        """Write down what both say, until one of them is gone."""
        room, human, log = self._talk.room, self._talk.human, self._talk.live.log
        if human is None:
            return
        with room.ears(Role.CUSTOMER) as customer, room.ears(Role.HUMAN) as agent:
            copilot = Copilot(
                Side(customer, room.customer.sample_rate),
                Side(agent, human.leg.sample_rate),
                Person(self._agent.agent_id, self._agent.name),
                log.conversation,
                log.emit,
                self._models,
                ids=log.new_id,
                settings=self._settings,
            )
            await copilot.run()


class Greets(Welcomes, Protocol):
    """What the agent says first in calls that are not like others; `pipelines.agent.agent.Agent`."""

    def calling_back(self) -> str:
        """In a call that the customer asked for: who calls, and why."""


class People:
    """Everything about people of ours, of one process."""

    def __init__(
        self,
        config: Config,
        store: SqlStore,
        shared: Shared,
        advisor: Advisor | None,
        audit: Audit,
        agent: Greets | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._queue, self._mesh = shared.queue, shared.mesh
        self._advisor = advisor
        self._audit = audit
        self._agent = agent
        self._in_full = whom_we_can_call(config.telephone)
        self.switchboard: Switchboard | None = None
        "Set once there is a telephone: customers are called back."
        self._records = SqlDeskRecords(store.database)
        self._seats = Seats()
        self._sessions: LiveSessions | None = None
        self._conducting: Conductor | None = None
        self.welcome: Welcome | None = None
        "Greets those who were cut off; once sessions are open."
        self._desks = NodesDesks(self._seats, self._mesh)
        self._webhooks = Webhooks(self._desks, config.queues.webhooks, self._brief, time.time)
        house = House(
            queue=self._queue,
            settings=config.queues,
            now=time.time,
            arranges=Arrangements(self._records, config.queues, time.time, self._in_full),
            language=config.recogniser.language,
            desks=self._webhooks,
            make_suggestions=self._make_suggestions if advisor is not None else None,
        )
        self.handoffs = Handoffs(house, self._make_fold, lambda: self._sessions)

    def answerer(self, inner: Answerer) -> Answerer:
        """The agent, with what it says of people who can be brought in."""
        return HandoffAnswerer(inner, self.handoffs)

    @asynccontextmanager
    async def open(self, sessions: LiveSessions) -> AsyncIterator[Desk]:
        """Bring people in while the block lasts."""
        self._sessions = sessions
        here = Conducting(self.handoffs, sessions, self._records, self._advisor)
        watchings = RemoteWatchings(self._mesh, self._store, here.watch)
        conducting = NodesConducting(
            here, lambda session_id: sessions.find(session_id) is not None, self._mesh, watchings
        )
        self._conducting = conducting
        parts = DeskParts(
            self._queue,
            conducting,
            self._seats,
            self._audit,
            CustomerHistory(self._store, self._records),
            self._config.queues,
            self._tools,
            self._desks.customer_typing,
            self.handoffs.house.recent,
            None if isinstance(self._mesh, Alone) else self._mesh.node,
        )
        async with asyncio.TaskGroup() as tasks:
            work = [
                *self._callers(sessions, tasks),
                tasks.create_task(self._queue.run(), name="queue"),
                tasks.create_task(self.handoffs.run(), name="handoffs"),
                tasks.create_task(self._mesh.run(), name="mesh"),
                tasks.create_task(self._webhooks.run(), name="webhooks"),
                tasks.create_task(watchings.run(), name="watched by other nodes"),
                tasks.create_task(
                    RollCall(self._queue, here.engaged, here.agent_gone).run(), name="roll call"
                ),
            ]
            try:
                async with open_desk(parts, self._config.desk) as desk:
                    yield desk
            finally:
                for task in work:
                    task.cancel()

    def with_voice(self, desk: Desk, signalling: Signalling, models: VoiceParts) -> None:
        """Calls are possible from now on: agents may connect their audio, and the bot listens to them."""
        assert self._conducting is not None
        self.handoffs.make_copilot = self._copilots(models)
        desk.legs = AgentLegs(signalling, self._conducting, desk.attendance)

    def with_telephone(self, lines: Callable[[], Lines | None], parts: Parts) -> None:
        """Agents who are reached by telephone can be called from now on."""
        house = self.handoffs.house
        house.telephones = AgentTelephones(lines, self._config.queues, self._queue, parts, house.phrases)

    def _callers(self, sessions: LiveSessions, tasks: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Know callers again, and call customers back."""
        if self._agent is None:
            return []
        try:
            keys = CallerKeys(secret_of(state_folder(), self._config.store.caller_key))
        except Unavailable as error:
            log.error("callers are not known again, and nobody is called back", reason=str(error))
            return []
        returning = Returning(
            self._store,
            SqlCallerIndex(self._store.database),
            self._records,
            keys,
            sessions,
            self._make_fold,
            self._agent,
            self.handoffs.returning.add,
        )
        self.welcome = returning.welcome
        parts = CallbackParts(
            self._records,
            self._queue,
            self._config.queues,
            sessions,
            lambda: self.switchboard,
            dials=bool(self._config.telephone.listen),
            in_full=self._in_full,
            in_touch=returning.in_touch,
            make_fold=self._make_fold,
            opening=self._agent.calling_back(),
            language=self._config.recogniser.language,
        )
        return [tasks.create_task(Callbacks(parts).run(), name="callbacks")]

    def _copilots(self, models: VoiceParts) -> MakeCopilot:
        lengths = frozenset(self._config.recogniser.number_lengths)

        return lambda talk, agent: RoomCopilot(talk, agent, models, CopilotSettings(number_lengths=lengths))

    def _make_suggestions(self, emit: Emit) -> Suggestions:
        assert self._advisor is not None
        return Suggestions(self._advisor, emit)

    def _brief(self, session_id: str) -> Briefing:
        return self.handoffs.briefing(session_id)

    def _make_fold(self) -> BriefingFold:
        return BriefingFold(self._advisor.glossary if self._advisor is not None else Glossary())

    def _tools(self, role: str) -> Sequence[ToolInfo]:
        if self._advisor is None:
            return ()
        return [
            ToolInfo(
                tool=tool.tool,
                description=tool.description,
                effect=tool.effect,
                parameters=dict(tool.parameters),
            )
            for tool in self._advisor.tools(role)
        ]
