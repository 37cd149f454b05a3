"""This node's desk: agents come and go, and ask for what they need.

A connection may break at any time: the agent's seat stays for a grace, and a tab that comes back finds
everything as it is. Only then is the agent absent for routing, and the conductor told so.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from prometheus_client import Gauge

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.permissions import Action, DeskRole
from gateway.desk import views
from gateway.desk.attendance import Attendance
from gateway.desk.commands import Command, Ping, SetPresence, Unwatch, Watch
from gateway.desk.conductor import Conductor, Watching
from gateway.desk.dispatch import NOT_YOURS, Dispatch, explain, not_allowed
from gateway.desk.files import DeskFiles
from gateway.desk.history import CustomerHistory
from gateway.desk.legs import AgentLegs
from gateway.desk.measured import Measured, waits
from gateway.desk.messages import AgentInfo, BriefingChanged, Done, History, Pong, ToolInfo, Welcome
from gateway.desk.outbox import RESTART, Goodbye
from gateway.desk.ringing import Ringing
from gateway.desk.seat import Seat, Tab
from gateway.desk.seats import Seats, packet
from gateway.desk.settings import DeskSettings
from gateway.desk.snapshots import Snapshots
from gateway.desk.watching import deliver
from gateway.handoff.recent import Recent
from gateway.live import Draining
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue
from gateway.queue.settings import Queues
from pipelines.facts import Unavailable
from pipelines.wrap_up import WrapUpDraft, draft

log = structlog.get_logger()
T = TypeVar("T")

PAUSE_S = 1.0
"Before something that failed begins again."
RESTARTING = "this gateway is about to restart; connect again in a moment"

TABS = Gauge("warmline_desk_connections", "Desk websockets that are open")


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What a desk needs of the rest of the gateway."""

    queue: ContactQueue
    conductor: Conductor
    seats: Seats
    audit: Audit
    history: CustomerHistory
    queues: Queues
    tools: Callable[[DeskRole], Sequence[ToolInfo]]
    "What an agent of this role may run."
    customer_typing: Callable[[str, bool], None]
    "Shows that a customer types to the agents of every node."
    recent: Recent = field(default_factory=Recent)
    "The handoffs of this node."
    node: str | None = None
    "Its name, where there may be others."


class Desk:
    """The agents who are connected to this node; made by `open_desk`."""

    def __init__(
        self, parts: DeskParts, settings: DeskSettings, tasks: asyncio.TaskGroup, now: Callable[[], float]
    ) -> None:
        self.legs: AgentLegs | None = None
        "Where agents connect their audio, once calls are possible."
        self.draining = False
        "No new connections; those that are there stay until `dismiss_all`."
        self.attendance = Attendance(parts.queue, parts.conductor, parts.seats)
        self._parts = parts
        self._settings = settings
        self._tasks = tasks
        self._now = now
        self._closed = False
        self._graces: set[asyncio.Task[None]] = set()
        self._seats = parts.seats
        self.files = DeskFiles(parts.conductor, parts.audit, parts.seats, self.attendance.look_up, self.admit)
        self._dispatch = Dispatch(parts.conductor, self.attendance, parts.audit, tasks)
        self._ringing = Ringing(parts.queue, parts.conductor, parts.seats, tasks)
        self._snapshots = Snapshots(parts.queue, parts.conductor, parts.seats)

    # --- coming and going ---

    async def join(self, account: Account) -> Tab:
        """A new tab of this agent; what they need to know is in its outbox.

        Raises `Draining`, `ProtocolError` (`too_many_tabs`) and `Unavailable`.
        """
        if self.draining:
            raise Draining(RESTARTING)
        seat = self._seats.get(account.agent_id) or Seat(account)
        if len(seat.tabs) >= self._settings.tabs:
            text = f"You have {self._settings.tabs} tabs open already; close one."
            raise ProtocolError("too_many_tabs", text, status=409)
        self._seats.add(seat)
        seat.account = account
        seat.visits += 1
        try:
            await self.attendance.come(seat)
        except BaseException:
            self._begin_grace(seat)
            raise
        return self._open(seat)

    def leave(self, tab: Tab, *, for_good: bool = False) -> None:
        """A tab was closed or lost; `for_good`: the agent signed out, or was."""
        seat = tab.seat
        for session_id in list(tab.watched):
            tab.stop_watching(session_id)
        seat.tabs.remove(tab)
        TABS.dec()
        self._begin_grace(seat, for_good)

    def _begin_grace(self, seat: Seat, for_good: bool = False) -> None:
        if seat.tabs or self._closed:
            return
        seat.visits += 1
        grace = self.attendance.let_go(seat, seat.visits, 0.0 if for_good else self._settings.grace_s)
        task = self._tasks.create_task(grace, name=f"grace {seat.agent_id}")
        self._graces.add(task)
        task.add_done_callback(self._graces.discard)

    def dismiss_all(self) -> None:
        """The gateway stops: agents are to come back to another."""
        self.draining = self._closed = True
        for seat in self._seats:
            seat.dismiss(Goodbye(RESTART))

    def customer_typing(self, session_id: str, on: bool) -> None:
        """A customer began or stopped typing."""
        self._parts.customer_typing(session_id, on)

    # --- what tabs ask for ---

    async def obey(self, tab: Tab, command: Command) -> None:
        """Do what a tab asks, all but `watch`; the answer goes to its outbox."""
        match command:
            case Ping(id=ping_id):
                tab.outbox.push(Pong(id=ping_id))
            case Unwatch(session=session_id):
                tab.stop_watching(session_id)
                _done(tab, command)
            case SetPresence():
                await self._answer(tab, command, self._set_presence(tab.seat, command))
            case _ if self._closed:
                tab.outbox.push(explain(Draining(RESTARTING), command.id))
            case _:
                await self._dispatch.obey(tab, command)

    async def watch(self, tab: Tab, command: Watch) -> None:
        """Send the tab what happens in a session, until it has had enough; a task of its connection."""
        watching = await self._answer(tab, command, self._begin_watch(tab, command))
        if watching is not None:
            history = self._parts.history if self._sees_history(tab.seat, command.session) else None
            await deliver(tab, command.session, watching, command.after, history)

    @staticmethod
    def _sees_history(seat: Seat, session_id: str) -> bool:
        """Who is only asked about a customer reads this session, and none of their earlier ones."""
        return seat.may(Action.SEE_ALL) or seat.has(session_id)

    async def _answer(self, tab: Tab, command: Command, doing: Coroutine[Any, Any, T]) -> T | None:
        try:
            result = await doing
        except (ProtocolError, Unavailable) as error:
            tab.outbox.push(explain(error, command.id))
            return None
        _done(tab, command)
        return result

    async def _set_presence(self, seat: Seat, command: SetPresence) -> None:
        if not seat.may(Action.ACCEPT):
            raise not_allowed(Action.ACCEPT)
        await self._parts.audit.note(seat.agent_id, "presence", state=command.state, voice=command.voice)
        await self.attendance.change(seat, command.state, command.voice)

    async def _begin_watch(self, tab: Tab, command: Watch) -> Watching:
        seat, session_id = tab.seat, command.session
        own = await self.admit(seat, session_id, consulted=True)
        tab.stop_watching(session_id)
        if len(tab.watched) >= self._settings.watched:
            text = f"At most {self._settings.watched} sessions at a time; stop watching another."
            raise ProtocolError("too_many_watched", text, status=409)
        asked = {"consulted": True} if not own and seat.is_consulted(session_id) else {}
        await self._parts.audit.note(seat.agent_id, "watch", session_id, own=own, **asked)
        watching = await self._parts.conductor.watch(session_id)
        if not seat.may_read(session_id):
            watching.close()  # it ended while we asked
            raise ProtocolError("not_yours", NOT_YOURS, status=403)
        tab.stop_watching(session_id)
        tab.watched[session_id] = watching
        await self._brief(tab, session_id)
        return watching

    async def admit(self, seat: Seat, session_id: str, *, consulted: bool = False) -> bool:
        """Whether the session is the agent's own; raises `ProtocolError` where they may not read it.

        `consulted`: for what a colleague may read, too, who is asked about it, and as long as that lasts.
        """
        if not (seat.may(Action.WATCH) and seat.may(Action.SEE_PII)):
            raise not_allowed(Action.WATCH)
        if not seat.has(session_id):
            await self.attendance.look_up(seat)
        own = seat.has(session_id)
        asked = consulted and seat.is_consulted(session_id)
        if not own and not asked and not seat.may(Action.SEE_ALL):
            raise ProtocolError("not_yours", NOT_YOURS, status=403)
        return own

    def has_contacts(self, agent_id: str) -> bool:
        """Whether the agent is with a customer, has one to wrap up, or is asked about one."""
        seat = self._seats.get(agent_id)
        return seat is not None and bool(seat.contacts or seat.consults)

    async def history_for(self, account: Account, session_id: str) -> History:
        """Earlier sessions of a session's customer; raises `ProtocolError` where that is not for them."""
        await self.admit(self._seats.get(account.agent_id) or Seat(account), session_id)
        await self._parts.audit.note(account.agent_id, "history", session_id)
        return await self._parts.history.of(session_id)

    async def wrap_up_draft(self, account: Account, session_id: str) -> WrapUpDraft:
        """What may be written down of a contact; raises `ProtocolError` where that is not for them."""
        await self.admit(self._seats.get(account.agent_id) or Seat(account), session_id)
        await self._parts.audit.note(account.agent_id, "draft_wrap_up", session_id)
        return draft((await self._parts.conductor.briefing(session_id)).for_role(account.role))

    async def measured(self) -> Measured:
        """What the handoffs of this node took, and who waits at any; for those who may see it.

        Raises `Unavailable`.
        """
        now, parts = self._now(), self._parts
        line = waits(await parts.queue.waiting(), now)
        return Measured(node=parts.node, now=round(now, 3), waiting=line, recent=parts.recent.report(now))

    async def _brief(self, tab: Tab, session_id: str) -> None:
        try:
            briefing = packet(await self._parts.conductor.briefing(session_id), tab.seat.account.role)
        except (ProtocolError, Unavailable) as error:
            log.warning("no briefing to watch with", session_id=session_id, reason=type(error).__name__)
        else:
            tab.outbox.replace(BriefingChanged(session=session_id, briefing=briefing), session_id)

    # --- what a new tab is told ---

    def _open(self, seat: Seat) -> Tab:
        tab = Tab(seat)
        seat.tabs.append(tab)
        TABS.inc()
        tab.outbox.push(self._welcome(seat))
        for offer in seat.offers.values():
            tab.outbox.push(offer)
        for contact in seat.contacts.values():
            tab.outbox.push(seat.view(contact))
        for consult in seat.consults.values():
            tab.outbox.push(consult)
        self._snapshots.show(tab)
        self._ringing.ring(seat)
        return tab

    def _welcome(self, seat: Seat) -> Welcome:
        account, queues = seat.account, self._parts.queues
        return Welcome(
            agent=AgentInfo(agent_id=account.agent_id, name=account.display_name, role=account.role),
            presence=seat.me(),
            now=round(self._now(), 3),
            queues=views.queue_infos(queues),
            dispositions=views.dispositions(queues, account),
            canned=views.canned(queues, account),
            tools=tuple(self._parts.tools(account.role)),
            voice=self.legs is not None,
            offers=tuple(seat.offers),
            contacts=tuple(seat.contacts),
            consults=tuple(seat.consults),
        )


def _done(tab: Tab, command: Command) -> None:
    if command.id is not None:
        tab.outbox.push(Done(id=command.id))


async def _for_ever(doing: Callable[[], Awaitable[None]], what: str) -> None:
    """Begin again whenever it ends or fails."""
    while True:
        try:
            await doing()
        except Unavailable as error:
            log.warning("interrupted", what=what, reason=str(error))
        except Exception:
            # The outermost loop of a worker: our own bug must not end the desk.
            log.exception("failed", what=what)
        await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def open_desk(
    parts: DeskParts, settings: DeskSettings, now: Callable[[], float] = time.time
) -> AsyncIterator[Desk]:
    """The desk with its tasks; at the end everybody is sent away."""
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(parts, settings, tasks, now)
        work = {
            "desk offers": desk._ringing.follow,
            "desk snapshots": desk._snapshots.follow,
            "desk presence": desk.attendance.keep_alive,
        }
        workers = [tasks.create_task(_for_ever(each, name), name=name) for name, each in work.items()]
        try:
            yield desk
        finally:
            desk.dismiss_all()
            await desk.attendance.say_goodbye()
            for task in [*workers, *desk._graces]:
                task.cancel()
