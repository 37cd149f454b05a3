"""Sessions while somebody is there: messages in, replies under way, calls; and the registry that holds them.

Chat replies run in the registry's task group, so a reply goes on when the customer's connection drops, and
an idle session has no task at all. The registry loads a session from the store when somebody comes back to
it, answers what a killed process still owed, and lets go of sessions nobody is connected to.

Errors::

    UnknownSession        no such session, or a wrong token: the same to whoever asks
    Unavailable
     ├─ Busy              a bound is reached: try later
     └─ Draining          this process is about to stop: come back to the next one
"""

import asyncio
import contextlib
import time
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from gateway import metrics
from gateway import session as sessions
from gateway.events import SessionStarted
from gateway.session_log import Recorded, SessionLog, Surroundings, Watcher
from gateway.store.store import Store
from pipelines.answer import Answerer
from pipelines.chat import ChatReply, ReplyLimits
from pipelines.facts import Channel, CustomerTurn, Trouble, Unavailable, Words

log = structlog.get_logger()

OWED = 8
"Messages that may wait for their answer in one session."
RETRY_S = (0.5, 2.0, 8.0)
"When a reply could not be stored; after the last try it waits for the customer to come back."
UNSAVED = Trouble(
    code="store_unavailable",
    message="I can't save our conversation right now. I'll try again in a moment.",
    retry=True,
)


class UnknownSession(Exception):
    """There is no such session, or the token is not its own."""


class Busy(Unavailable):
    """A bound is reached."""


class Draining(Unavailable):
    """This process is about to stop."""


class TakesInput(Protocol):
    """A voice call: typed text and pressed keys of its session go to it while it lasts."""

    async def write(self, text: str, client_id: str | None = None) -> None:
        """Take typed text as the customer's turn, whose `CustomerTurn` is emitted when this returns.

        Raises `Unavailable` when it cannot be taken now.
        """

    def press(self, digit: str) -> None:
        """The customer pressed a key of their telephone, one of `0-9*#A-D`."""


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """Bounds of the registry."""

    sessions: int = 10_000
    idle_s: float = 300.0
    reply: ReplyLimits = field(default_factory=ReplyLimits)


class LiveSession:
    """One session with everything that is going on in it."""

    def __init__(self, registry: "LiveSessions", session_id: str) -> None:
        self.log = SessionLog(session_id, registry.surroundings)
        self.touched = asyncio.get_running_loop().time()
        "When somebody last came, wrote or left."
        self.began_at = registry.surroundings.now()
        "Unix time, seconds: when it came into memory."
        self._registry = registry
        self._reply: ChatReply | None = None
        self._silent = asyncio.Event()
        self._silent.set()
        self._answering = False
        self._call: TakesInput | None = None
        self._chats = 0
        self.left_at: float | None = None
        "Loop time when the customer's last chat connection closed; None while there is one, or never was."

    @property
    def session_id(self) -> str:
        """The session's id, as clients know it."""
        return self.log.session_id

    @property
    def busy(self) -> bool:
        """A chat reply or a call is under way."""
        return self._answering or self._call is not None

    async def receive(self, text: str, client_id: str) -> Recorded:
        """Take the customer's typed message; the same `client_id` again changes nothing.

        Raises `Busy` while too many messages wait for their answer, `Draining`, `Unavailable`.
        """
        self.touch()
        if (seq := self.log.taken.get(client_id)) is not None:
            return Recorded(seq, duplicate=True)
        self._registry.refuse_when_draining()
        if len(self.log.owed) >= OWED:
            raise Busy(f"{OWED} messages are waiting for their answers; wait for one of them")
        if self._call is not None:
            await self._call.write(text, client_id)
            return Recorded(self.log.taken[client_id])
        turn_id, words = self.log.new_id("c"), Words(text=self.log.conversation.withhold(text))
        turn = CustomerTurn(turn_id=turn_id, channel="chat", client_id=client_id, pii=words)
        recorded = await self.log.record(turn)
        self.answer_owed()
        return recorded

    def press(self, digit: str) -> None:
        """A key was pressed: for the call, if there is one."""
        if self._call is not None:
            self._call.press(digit)

    def cancel(self) -> None:
        """Stop the chat reply under way, if there is one."""
        if self._reply is not None:
            self._reply.cancel()

    async def silent(self) -> None:
        """Return when no chat reply is being written."""
        await self._silent.wait()

    def join_call(self, call: TakesInput) -> None:
        """From now on typed text goes to this call. Raises `Busy` when there is one already."""
        if self._call is not None:
            raise Busy("this session is in a call already")
        self._call = call

    def leave_call(self, call: TakesInput) -> None:
        """The call is over; what it still owed of typed text is answered by chat."""
        if self._call is call:
            self._call = None
            self.touch()
            self._registry.calmed()
            self.answer_owed()

    def came(self) -> None:
        """A chat connection of the customer begins; `left` must follow."""
        self._chats += 1
        self.left_at = None
        self.touch()

    def left(self) -> None:
        """It is over; perhaps the page is only reloaded."""
        self._chats -= 1
        self.touch()
        if not self._chats:
            self.left_at = self.touched

    def answer_owed(self) -> None:
        """Begin to answer typed turns that have no answer, unless that is being done."""
        if self.log.owed and not self.busy and not self._registry.draining and not self.log.with_person:
            self._answering = True
            self._registry.work(self._answer_all(), f"replies {self.session_id}")

    def touch(self) -> None:
        """Somebody came, wrote or left: it is not idle yet."""
        self.touched = asyncio.get_running_loop().time()

    async def _answer_all(self) -> None:
        """The worker that answers typed turns; tries again while the store is down."""
        try:
            with metrics.REPLIES.track_inprogress():
                for pause in (*RETRY_S, 0.0):
                    if await self._answer_each():
                        return
                    self.log.show(UNSAVED)
                    await asyncio.sleep(pause)
        except Exception:
            # The outermost loop of a worker: our own bug ends this session's replies, nobody else's.
            log.exception("replies failed", session_id=self.session_id)
        finally:
            self._answering = False
            self.touch()
            self._registry.calmed()

    async def _answer_each(self) -> bool:
        """Answer what is owed, one after the other; False when the store failed on the way."""
        while self._may_answer():
            turn_id = next(iter(self.log.owed))
            answerer, limits = self._registry.answerer, self._registry.limits.reply
            self._silent.clear()
            self._reply = ChatReply(self.log.conversation, answerer, self.log.emit, limits)
            try:
                await self._reply.run(f"r{turn_id.removeprefix('c')}", turn_id)
            except Unavailable as error:
                log.warning("reply not stored", session_id=self.session_id, reason=str(error))
                return self.log.stale
            finally:
                self._reply = None
                self._silent.set()
        return True

    def _may_answer(self) -> bool:
        """Whether the bot owes an answer, and it is its turn to give it."""
        log, free = self.log, self._call is None and not self._registry.draining
        return bool(log.owed) and free and not log.stale and not log.with_person


class LiveSessions:
    """All sessions this process holds; made by `live_sessions`."""

    def __init__(self, surroundings: Surroundings, answerer: Answerer, limits: LiveLimits) -> None:
        self.surroundings = surroundings
        self.answerer = answerer
        self.limits = limits
        self.draining = False
        self._sessions: dict[str, LiveSession] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._calmer = asyncio.Event()
        self._loading: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._sessions)

    async def begin(self, channel: Channel) -> tuple[LiveSession, str]:
        """A new session and the token that opens it. Raises `Busy`, `Draining`, `Unavailable`."""
        self.refuse_when_draining()
        self._make_room()
        record, token = sessions.begin(channel, self.surroundings.now())
        await self.surroundings.store.create(record)
        live = LiveSession(self, record.session_id)
        await live.log.emit(SessionStarted(channel=channel))
        self._keep(live)
        return live, token

    async def open(self, session_id: str, token: str) -> LiveSession:
        """The session that the token opens, from memory or from the store.

        Raises `UnknownSession`, `Busy`, `Draining`, `Unavailable`.
        """
        self.refuse_when_draining()
        await self.check(session_id, token)
        # Two connections of one customer come at once: only one of them may load.
        async with self._loading.setdefault(session_id, asyncio.Lock()):
            live = self._sessions.get(session_id)
            if live is None or live.log.stale:
                self._make_room()
                live = LiveSession(self, session_id)
                await live.log.read()
                self._keep(live)
        live.touch()
        live.answer_owed()
        return live

    async def check(self, session_id: str, token: str) -> None:
        """Raise `UnknownSession` unless the token is that of a session, here or elsewhere; `Unavailable`."""
        record = await self.surroundings.store.session(session_id)
        if not sessions.opens(record, token):
            raise UnknownSession

    def find(self, session_id: str) -> LiveSession | None:
        """A session that is in memory."""
        return self._sessions.get(session_id)

    def __iter__(self) -> Iterator[LiveSession]:
        return iter(list(self._sessions.values()))

    def refuse_when_draining(self) -> None:
        """Raise `Draining` once the process is about to stop."""
        if self.draining:
            raise Draining("this gateway is about to restart; connect again in a moment")

    def calmed(self) -> None:
        """A reply or a call has ended."""
        self._calmer.set()

    def work(self, replies: Coroutine[None, None, None], name: str) -> None:
        """Run a session's replies, for as long as the registry is open at most."""
        task = self.surroundings.tasks.create_task(replies, name=name)
        self._workers.add(task)
        task.add_done_callback(self._workers.discard)

    async def drain(self, seconds: float) -> None:
        """Take nothing new, and wait until no reply or call is under way, at most so long."""
        self.draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(live.busy for live in self._sessions.values()):
                    self._calmer.clear()
                    await self._calmer.wait()

    def stop(self) -> None:
        """Cancel the replies under way, which are then still owed, and end every listener."""
        self.draining = True
        for task in self._workers:
            task.cancel()
        for live in self._sessions.values():
            live.log.close()

    async def let_go_of_idle(self) -> None:
        """Forget sessions nobody needs, for ever."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self.limits.idle_s / 10)
            self._evict(clock() - self.limits.idle_s)

    def _make_room(self) -> None:
        if len(self._sessions) >= self.limits.sessions:
            self._evict(asyncio.get_running_loop().time())
        if len(self._sessions) >= self.limits.sessions:
            raise Busy("too many people are here at the moment; try again in a minute")

    def _evict(self, untouched_since: float) -> None:
        for session_id, live in list(self._sessions.items()):
            needed = live.busy or live.log.handing_over or not live.log.quiet
            if not needed and live.touched <= untouched_since:
                del self._sessions[session_id]
                for watcher in self.surroundings.watchers:
                    watcher.forget(session_id)
        metrics.SESSIONS.set(len(self._sessions))

    def _keep(self, live: LiveSession) -> None:
        self._sessions[live.session_id] = live
        metrics.SESSIONS.set(len(self._sessions))


@asynccontextmanager
async def live_sessions(
    store: Store,
    answerer: Answerer,
    limits: LiveLimits | None = None,
    now: Callable[[], float] = time.time,
    watchers: tuple[Watcher, ...] = (),
) -> AsyncIterator[LiveSessions]:
    """The registry with its sessions' tasks; what is under way at the end is cancelled, and still owed."""
    async with asyncio.TaskGroup() as tasks:
        live = LiveSessions(Surroundings(store, tasks, now, watchers), answerer, limits or LiveLimits())
        sweeper = tasks.create_task(live.let_go_of_idle(), name="idle sessions")
        try:
            yield live
        finally:
            sweeper.cancel()
            live.stop()
