"""A voice call as a handoff sees it: the room, and whose turn it is to talk with the customer.

The call's own function (`gateway.call`) asks here who talks next: a bot, made anew for every stretch, or a
person, during whose stretch the bot only listens. A handoff changes that from outside.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

import structlog

from gateway.handoff.silence import Silence
from gateway.handoff.states import Agent
from gateway.live import LiveSession
from gateway.participant import Participant
from gateway.room import Role, Room

log = structlog.get_logger(__name__)

WRITTEN_S = 5.0
"What was said last in a call may take so long to be written down."
LAST_WORDS_S = 3.0
"The bot may take so long for what it is saying before a person has the floor."


class Speaks(Protocol):
    """A bot that talks with the customer."""

    def announce(self, text: str) -> None:
        """Say something unasked, after what is being said."""

    async def silent(self) -> None:
        """Return when nothing is being said, and nothing waits to be."""


class Listens(Protocol):
    """The bot while a person talks: `pipelines.copilot.Copilot`."""

    async def run(self) -> None:
        """Write down what both say, until one of them is gone."""


MakeCopilot = Callable[["Talk", Agent], Listens]
"For the room's customer and human, as long as this agent has the customer."


class Talk:
    """One call. Made, used and forgotten by the function that conducts it."""

    def __init__(
        self, room: Room, live: LiveSession, make_copilot: MakeCopilot, tasks: asyncio.TaskGroup
    ) -> None:
        self.room = room
        self.live = live
        self._make_copilot = make_copilot
        self._tasks = tasks
        self._copilots: set[asyncio.Task[None]] = set()
        "The call's own: what was said last is still written down when the bot talks again."
        self._bot: Speaks | None = None
        self._opening: str | None = None
        self._bots_turn = asyncio.Event()
        self._bots_turn.set()
        self._other_agent = asyncio.Event()
        self._silence: Silence | None = None
        "While it is measured."
        self._hearing: asyncio.Task[None] | None = None
        self.agent: Agent | None = None
        "Who has the customer, or is being connected."
        self.human: Participant | None = None

    @property
    def with_person(self) -> bool:
        """Whether the bot is not to talk."""
        return not self._bots_turn.is_set()

    # --- what the handoff does ------------------------------------------------------------------------

    async def said(self) -> None:
        """Wait until the bot has said what it has to say, for a few seconds at most."""
        if self._bot is not None and not self.with_person:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._bot.silent()

    async def bridge(self, agent: Agent, human: Participant) -> bool:
        """Connect the agent; the bot's stretch ends once they are. False: it did not work."""
        before, self.agent, self.human = (self.agent, self.human), agent, human
        bots_turn = self._bots_turn.is_set()
        self._bots_turn.clear()  # the bot's port ends with the bridge: whoever asks then must know why
        if await self.room.bridge(human):
            self._other_agent.set()
            return True
        self.agent, self.human = before
        if bots_turn:
            self._bots_turn.set()
        return False

    def part(self) -> None:
        """The agent hears and says nothing any more. Safe when nobody is connected."""
        human, self.human, self.agent = self.human, None, None
        if human is not None:
            self.room.unbridge(human)

    def tell(self, text: str) -> None:
        """Have the bot say this: the one that talks, or the one whose turn it is from now on."""
        if self._bot is not None and not self.with_person:
            self._bot.announce(text)
            return
        self._opening = text
        self._bots_turn.set()

    def opening(self) -> str | None:
        """What the bot was told to say before it came; it says so once."""
        opening, self._opening = self._opening, None
        return opening

    def watch_silence(self) -> None:
        """Measure from now on how long nobody is heard."""
        self._stop_watching()
        silence = self._silence = Silence(_now())
        self.room.played(lambda frame: silence.passed(frame, _now()))
        self._hearing = self._tasks.create_task(self._hear(silence), name="silence")

    def longest_silence(self) -> float | None:
        """Seconds since `watch_silence` was called; measures no longer. None: it was not measured."""
        silence = self._silence
        self._stop_watching()
        return silence.longest(_now()) if silence is not None else None

    def _stop_watching(self) -> None:
        self.room.played(None)
        if self._hearing is not None:
            self._hearing.cancel()
        self._silence = self._hearing = None

    async def _hear(self, silence: Silence) -> None:
        with self.room.ears(Role.CUSTOMER) as ears:
            async for frame in ears:
                silence.passed(frame, _now())

    # --- what the call does ---------------------------------------------------------------------------

    def speaks(self, bot: Speaks | None) -> None:
        """This bot talks now; None: it has ended."""
        self._bot = bot

    async def listen(self) -> str | None:
        """A person's stretch, until it is the bot's turn (gives what it says first) or the customer left."""
        async with asyncio.TaskGroup() as tasks:
            copilots = tasks.create_task(self._keep_listening(), name="copilots")
            gone = tasks.create_task(self.room.customer_gone.wait(), name="customer in a person's hands")
            turn = tasks.create_task(self._bots_turn.wait(), name="the bot's turn")
            await asyncio.wait({gone, turn}, return_when=asyncio.FIRST_COMPLETED)
            for task in (copilots, gone, turn):
                task.cancel()
        return self.opening()

    async def _keep_listening(self) -> None:
        """Have what is said written down, agent after agent.

        A copilot ends by itself soon after its agent has lost the floor or the customer is gone.
        """
        while True:
            self._other_agent.clear()
            if self.agent is not None:
                listening = self._guarded(self._make_copilot(self, self.agent).run())
                task = self._tasks.create_task(listening, name="copilot")
                self._copilots.add(task)
                task.add_done_callback(self._copilots.discard)
            await self._other_agent.wait()

    async def written(self) -> None:
        """The call is over: wait until what was said is written down, for a few seconds at most."""
        if self._copilots:
            await asyncio.wait(self._copilots, timeout=WRITTEN_S)
        for task in list(self._copilots):
            task.cancel()

    async def _guarded(self, listening: Coroutine[Any, Any, None]) -> None:
        try:
            await listening
        except Exception:
            # The outermost loop of the copilot: two people talk, and its failure must not part them.
            log.exception("copilot failed", session_id=self.live.session_id)


def _now() -> float:
    return asyncio.get_running_loop().time()
