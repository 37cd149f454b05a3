"""The composition root: builds everything once, serves until told to stop, and drains.

First the store, without which nothing works; then the web routes, so that health answers from the first
second on; then the agent; then, beside the running chat, the voice. What fails is reported by `/readyz`, and
the rest goes on where that is honest: without voice models there is still the chat.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import uvicorn

from gateway import metrics
from gateway.accounts.audit import Audit
from gateway.accounts.passwords import Argon2Passwords
from gateway.accounts.sign_ins import SignIns
from gateway.admission import Admission, AdmissionLimits, places
from gateway.answering import articles, key_choices
from gateway.call import Calls
from gateway.config import Config, ConfigError, WebRtc
from gateway.files.customers import CustomerFiles
from gateway.files.files import Files
from gateway.handoff.phrases import HandoffPhrases
from gateway.health import Health, State
from gateway.live import LiveLimits, LiveSession, LiveSessions, live_sessions
from gateway.people import People, open_shared
from gateway.reception import Reception
from gateway.session_log import Watcher
from gateway.speech import voice_settings
from gateway.store.sql import SqlStore, open_store
from gateway.store.sql_accounts import SqlAccounts
from gateway.store.sql_desk_records import SqlDeskRecords
from gateway.store.sql_files import SqlFiles
from gateway.telephone import open_telephone
from gateway.tracing import open_tracing
from gateway.web.edge import Edge
from gateway.web.origins import Origins
from gateway.web.rates import Visitors
from gateway.web.server import web_application
from gateway.webrtc.signalling import Signalling
from pipelines.agent.agent import Agent
from pipelines.answer import Answerer
from pipelines.audio import AudioPort
from pipelines.chat import ReplyLimits
from pipelines.facts import Unavailable
from pipelines.phrases import HoldPhrases
from pipelines.voice_call import CallSettings, VoiceCall, VoiceParts
from pipelines.voice_models import open_voice_models

log = structlog.get_logger()

PAGES = Path(__file__).parent.parent / "web-demo" / "dist"
CUT_OFF = 4
"Times the frame limit. Up to it a frame is answered with an error, beyond it the connection is cut unread."
AT_THE_DOOR = 12
"Lines for callers who are told that we cannot take their call; it takes ten seconds."
GOODBYE_S = 3
"Connections may take so long to close at the end."

OpenAnswerer = Callable[[Config, Health], AbstractAsyncContextManager[Answerer]]
OpenVoice = Callable[[Config, Answerer], AbstractAsyncContextManager[VoiceParts]]
Announce = Callable[[str], None]
"Called with our address once we listen; parts may still be starting."


@asynccontextmanager
async def configured_voice(config: Config, answerer: Answerer) -> AsyncIterator[VoiceParts]:
    """The configured voice models; what is always or often said is known by heart."""
    learnt = (answerer.greeting("voice"), *HoldPhrases().all())
    often = (*HandoffPhrases().all(), *answerer.sayings())
    async with open_voice_models(voice_settings(config, learnt, often)) as models:
        yield models


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a gateway is put together from."""

    open_answerer: OpenAnswerer
    open_voice: OpenVoice | None = configured_voice
    "None: no calls, chat only."


@dataclass(frozen=True, slots=True)
class Stop:
    """Told to stop: first politely, then at once."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    forced: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        """Drain; asked again, stop without waiting."""
        (self.forced if self.asked.is_set() else self.asked).set()


async def serve(config: Config, assembly: Assembly, health: Health, announce: Announce) -> None:
    """Run a gateway until SIGTERM or SIGINT.

    Raises `Unavailable` or `ConfigError` when it cannot start, with what to do about it; our own bugs as an
    exception group.
    """
    health.expect("store")
    health.expect("agent")
    health.hope_for("queue")
    if assembly.open_voice is not None:
        health.hope_for("voice")
    with _listening(config) as listener:
        async with open_store(config.store.url.get_secret_value()) as store:
            health.report("store", State.UP)
            health.ask("store", store.check)
            announce(_address(config, listener))
            try:
                await Gateway(config, assembly, health, store).run(listener)
            except* (Unavailable, ConfigError) as group:
                failure = _first(group)
            else:
                return
    raise failure


class Gateway:
    """A gateway whose store is open and whose port is taken."""

    def __init__(self, config: Config, assembly: Assembly, health: Health, store: SqlStore) -> None:
        self._config = config
        self._assembly = assembly
        self._health = health
        self._store = store
        self._edge = _edge(config, health)
        self._edge.records = SqlDeskRecords(store.database)
        self._edge.audit = Audit(self._edge.records)
        self._edge.files = Files(SqlFiles(store.database), config.files)
        self._edge.sign_ins = SignIns(SqlAccounts(store.database), Argon2Passwords(), self._edge.audit)

    async def run(self, listener: socket.socket) -> None:
        """Serve, drain, stop."""
        stop = Stop()
        with _signals(stop):
            async with asyncio.TaskGroup() as tasks:
                lag = tasks.create_task(metrics.watch_event_loop(), name="event loop lag")
                server = _WebServer(self._config, self._edge)
                tasks.create_task(server.serve([listener]), name="web")
                work = tasks.create_task(self._work(stop), name="gateway")
                await self._supervise(work, stop)
                server.should_exit = True
                lag.cancel()
        log.info("stopped")

    async def _work(self, stop: Stop) -> None:
        limits = self._config.limits
        async with (
            open_tracing(self._config.tracing) as traces,
            open_shared(self._config) as shared,
            self._assembly.open_answerer(self._config, self._health) as agent,
        ):
            assert self._edge.audit is not None
            advisor = agent.advisor if isinstance(agent, Agent) else None
            greets = agent if isinstance(agent, Agent) else None
            people = People(self._config, self._store, shared, advisor, self._edge.audit, greets)
            answerer = people.answerer(agent)
            watchers: tuple[Watcher, ...] = (people.handoffs,)
            if traces is not None:
                watchers += (traces,)
            live_limits = LiveLimits(limits.sessions, limits.idle_s, ReplyLimits(whole_s=limits.reply_s))
            async with (
                live_sessions(self._store, answerer, live_limits, watchers=watchers) as live,
                people.open(live) as desk,
                asyncio.TaskGroup() as tasks,
            ):
                self._edge.live, self._edge.desk = live, desk
                self._edge.customer_files = CustomerFiles(live, shared.mesh)
                self._health.report("agent", State.UP)
                self._health.ask("queue", shared.queue.check)
                voice = tasks.create_task(self._speak(answerer, live, people), name="voice")
                await stop.asked.wait()
                log.info("draining", seconds=limits.drain_s)
                self._health.draining = desk.draining = True
                await self._drain(live)
                voice.cancel()

    async def _drain(self, live: LiveSessions) -> None:
        """Let replies and calls under way finish, and those who wait hear that they cannot be taken."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(live.drain(self._config.limits.drain_s), name="drain sessions")
            if self._edge.calls is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._config.limits.drain_s):
                        await self._edge.calls.drain()

    async def _speak(self, answerer: Answerer, live: LiveSessions, people: People) -> None:
        """Load the voice and take calls; without one the chat goes on alone."""
        if self._assembly.open_voice is None:
            return
        try:
            async with self._assembly.open_voice(self._config, answerer) as models:
                await self._take_calls(answerer, models, live, people)
        except (OSError, ValueError, RuntimeError, Unavailable) as error:
            # What a missing or broken model file raises; the chat does not need it.
            log.error("no voice", reason=str(error))
            self._health.report("voice", State.DOWN, f"{error}; run `warmline doctor`")

    async def _take_calls(
        self, answerer: Answerer, models: VoiceParts, sessions: LiveSessions, people: People
    ) -> None:
        lengths = frozenset(self._config.recogniser.number_lengths)
        keys = key_choices(self._config)

        def make_bot(port: AudioPort, live: LiveSession, opening: str | None) -> VoiceCall:
            session = live.log
            return VoiceCall(
                port,
                session.conversation,
                answerer,
                session.emit,
                models,
                ids=session.new_id,
                settings=CallSettings(number_lengths=lengths, opening=opening, keys=keys),
            )

        reception = Reception(Admission(admission_limits(self._config)), models, self._health)
        async with asyncio.TaskGroup() as calls:
            calls.create_task(reception.run(), name="reception")
            self._edge.signalling = Signalling(with_lines(self._config), calls.create_task)
            self._with_voice(people, models, calls)
            longest = self._config.limits.message_characters
            self._edge.calls = Calls(make_bot, reception, people.handoffs, longest)
            self._edge.calls.welcome = people.welcome
            self._health.report("voice", State.UP)
            gc.freeze()  # models and modules stay for ever: the collector need not look at them again
            try:
                async with open_telephone(
                    self._config, sessions, self._edge.calls, models, self._health
                ) as telephone:
                    self._edge.switchboard, self._edge.streams = telephone.switchboard, telephone.streams
                    people.with_telephone(lambda: telephone.switchboard.lines, models)
                    people.switchboard = telephone.switchboard
                    await asyncio.Event().wait()
            finally:
                await self._edge.signalling.hang_up_all("the gateway is about to stop")

    def _with_voice(self, people: People, models: VoiceParts, tasks: asyncio.TaskGroup) -> None:
        """Let agents connect their audio, on lines of their own."""
        if self._edge.desk is not None:
            lines = self._config.webrtc.model_copy(update={"calls": self._config.desk.lines})
            people.with_voice(self._edge.desk, Signalling(lines, tasks.create_task), models)

    async def _supervise(self, work: "asyncio.Task[None]", stop: Stop) -> None:
        """Wait until the work is done; cut it short when it has not begun, or when forced."""
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(stop.asked.wait(), name="stop asked")
            forced = tasks.create_task(stop.forced.wait(), name="stop forced")
            await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            if self._edge.live is not None:
                await asyncio.wait({work, forced}, return_when=asyncio.FIRST_COMPLETED)
            for task in (work, asked, forced):
                task.cancel()


class _WebServer(uvicorn.Server):
    """Uvicorn, with signals left to us."""

    def __init__(self, config: Config, edge: Edge) -> None:
        super().__init__(
            uvicorn.Config(
                web_application(edge, config.http.pages or PAGES, articles(config), config.http.api_token),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=config.limits.frame_bytes * CUT_OFF,
                ws_per_message_deflate=False,  # 32 KiB of buffers for each idle chat
                proxy_headers=bool(config.http.trusted_proxies),
                forwarded_allow_ips=list(config.http.trusted_proxies),
                timeout_graceful_shutdown=GOODBYE_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


def admission_limits(config: Config) -> AdmissionLimits:
    """How many calls this machine talks with, and how many more may wait."""
    limits = config.limits
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    calls = limits.calls or places(cores, embedded_recogniser=config.recogniser.embedded)
    waiting = calls if limits.waiting is None else limits.waiting
    return AdmissionLimits(calls, waiting, int(limits.wait_s * 1_000))


def with_lines(config: Config) -> WebRtc:
    """The settings of browser calls, with lines for those who talk, those who wait and some to be told no."""
    if config.webrtc.calls is not None:
        return config.webrtc
    limits = admission_limits(config)
    return config.webrtc.model_copy(update={"calls": limits.calls + limits.waiting + AT_THE_DOOR})


def _edge(config: Config, health: Health) -> Edge:
    limits = config.limits
    return Edge(
        health=health,
        origins=Origins(config.http.host, config.http.allowed_origins),
        limits=limits,
        visitors=Visitors(limits.connections_per_address, limits.openings_per_minute),
    )


@contextlib.contextmanager
def _listening(config: Config) -> Iterator[socket.socket]:
    host, port = config.http.host, config.http.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = f"cannot listen on {host} port {port}: {error.strerror}"
        raise Unavailable(f"{reason}; stop what is there, or choose another with --port") from error
    with listener:
        yield listener


def _address(config: Config, listener: socket.socket) -> str:
    host = config.http.host
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.ask)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The failure that began it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error
