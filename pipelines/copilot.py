"""The bot while a person talks with the customer: it hears both, writes down what they say, and is silent.

    customer's frames → Ears ─┐                       ┌─► CustomerTurn, then `suggest`
                              ├─ turns, one by one ───┤
    human's frames ───► Ears ─┘                       └─► HumanTurn

Each side has ears of its own, and knows of the other's voice, so that what comes back through a loudspeaker
is not taken for theirs. Nothing that is heard makes anybody speak: silences and interruptions concern nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, assert_never

import structlog
from prometheus_client import Counter

from pipelines.audio import FRAME_MS, Frame, silence
from pipelines.conversation import Conversation
from pipelines.ears import Ears
from pipelines.facts import (
    CustomerTurn,
    Emit,
    HumanTurn,
    SpeechStarted,
    SpeechStopped,
    TranscriptPartial,
    Unavailable,
    Words,
)
from pipelines.frontend import News
from pipelines.secret import numbers_in
from pipelines.service_line import ServiceLine
from pipelines.transcript import Final, Lost, Partial
from pipelines.turn_actions import Action, Began, Drafted, Emptied, Ended, Paused, Resumed
from pipelines.turn_times import TurnTimes
from pipelines.turns import TurnTaking
from pipelines.voice_call import VoiceParts

TURNS = 32
"Turns that wait to be stored; a newer one is lost beyond that."
LOST = Counter(
    "warmline_copilot_lost_total", "What was said to or by a person of ours and not recorded", ["why"]
)
"`recogniser`: it could not hear; `store`: it refused; `full`: too much was waiting for it."

Turn = CustomerTurn | HumanTurn
Party = Literal["customer", "human"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two says."""

    frames: AsyncIterator[Frame]
    "One every 20 ms until they have nothing more to say to the other."
    sample_rate: int
    "Hz."


@dataclass(frozen=True, slots=True)
class Person:
    """Who of us talks with the customer."""

    agent_id: str
    name: str
    "The name that the customer is shown."


@dataclass(frozen=True, slots=True)
class CopilotSettings:
    """What may differ from call to call."""

    times: TurnTimes = field(default_factory=TurnTimes)
    number_lengths: frozenset[int] = frozenset()
    "How many digits the numbers have that customers dictate, if that is known."
    suggest: Callable[[CustomerTurn], None] | None = None
    "Told each turn of the customer's once it is stored; must return at once."
    last_words_s: float = 2.0
    "So long we wait, when a side has ended, for the words that were just said."


class Copilot:
    """Listens to one conversation between a customer and a person of ours."""

    def __init__(
        self,
        customer: Side,
        human: Side,
        agent: Person,
        conversation: Conversation,
        emit: Emit,
        models: VoiceParts,
        *,
        ids: Callable[[str], str],
        settings: CopilotSettings | None = None,
    ) -> None:
        self._agent = agent
        self._conversation = conversation
        self._emit = emit
        self._ids = ids
        self._settings = settings or CopilotSettings()
        self._news = News(emit)
        self._turns: asyncio.Queue[Turn] = asyncio.Queue(TURNS)
        parties = [_Listening("customer", customer, self), _Listening("human", human, self)]
        for party, other in zip(parties, reversed(parties), strict=True):
            party.open(models, conversation.session_id, self._settings, other)
        self._parties: Sequence[_Listening] = parties

    async def run(self) -> None:
        """Listen until one side ends; returns when what was said last is stored, or cannot be.

        Cancelling leaves nothing behind, and what was not stored yet is lost. Raises whatever a bug of ours
        raises, as a group.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(self._news.send(), name="news")]
                beside += [tasks.create_task(p.line.run(), name="line") for p in self._parties if p.line]
                writing = tasks.create_task(self._write(), name="write down")
                listening = [tasks.create_task(p.listen(), name=f"hear {p.party}") for p in self._parties]
                await asyncio.wait([writing, *listening], return_when=asyncio.FIRST_COMPLETED)
                for task in listening:
                    task.cancel()
                await self._hear_out()
                for task in (writing, *beside):
                    task.cancel()
        finally:
            for party in self._parties:
                party.close()

    async def _hear_out(self) -> None:
        """Let what was just said become turns, and the turns be stored."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.last_words_s):
                while any(party.speaking for party in self._parties):
                    await asyncio.sleep(FRAME_MS / 1_000)
                    for party in self._parties:
                        await party.hear(silence(party.side.sample_rate))
        for party in self._parties:
            party.cut_off()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.last_words_s):
                await self._turns.join()

    async def _write(self) -> None:
        """Store turn after turn, until cancelled."""
        while True:
            turn = await self._turns.get()
            try:
                await self._emit(turn)
            except Unavailable:
                LOST.labels("store").inc()
                log.warning("turn could not be recorded")
            else:
                if isinstance(turn, CustomerTurn) and self._settings.suggest is not None:
                    self._settings.suggest(turn)
            finally:
                self._turns.task_done()

    # --- what the two sides tell ------------------------------------------------------------------

    def noticed(self, party: Party, fact: SpeechStarted | SpeechStopped) -> None:
        """Somebody began or ceased to speak; captions show that of the customer."""
        if party == "customer":
            self._news.tell(fact)

    def caption(self, party: Party, partial: Partial) -> None:
        """Words of a turn that is not over."""
        text = self._conversation.caption(partial.text)
        stable_chars = partial.stable_chars if text == partial.text else 0
        whose: Literal["human"] | None = "human" if party == "human" else None
        self._news.tell(TranscriptPartial(stable_chars=stable_chars, party=whose, pii=Words(text=text)))

    def said(self, party: Party, text: str) -> None:
        """A turn is over."""
        if self._turns.full():
            LOST.labels("full").inc()
            return
        turn: Turn
        if party == "customer":
            words = Words(text=self._conversation.withhold(text))
            turn = CustomerTurn(turn_id=self._ids("c"), channel="voice", pii=words)
        else:
            turn = HumanTurn(
                turn_id=self._ids("h"),
                channel="voice",
                agent_id=self._agent.agent_id,
                agent=self._agent.name,
                pii=Words(text=self._without_secrets(text)),
            )
        self._turns.put_nowait(turn)

    def _without_secrets(self, text: str) -> str:
        """A human's words: a secret that they repeat is withheld as it would be from the customer's."""
        digits = self._conversation.secret_digits
        if digits is not None and digits in map(len, numbers_in(text)):
            return self._conversation.caption(text)
        hidden = self._conversation.secrets.hide({"text": text})
        return str(hidden["text"])


class _Listening:
    """One side: its ears, and what they make of it."""

    def __init__(self, party: Party, side: Side, copilot: Copilot) -> None:
        self.party: Party = party
        self.side = side
        self.line: ServiceLine | None = None
        self._copilot = copilot
        self._words = ""
        "Of the turn under way, as far as they are known."
        self._newest: Frame | None = None
        "What was said last, until the other side has heard it."

    def open(
        self, models: VoiceParts, session_id: str, settings: CopilotSettings, other: "_Listening"
    ) -> None:
        """Make the ears; they report here. The call's own name must not be theirs: a bot may take over."""
        self._other = other
        rate, call_id = self.side.sample_rate, f"{session_id} {self.party}"
        recognizer = models.recognizer(call_id, rate, self._heard)
        turns = TurnTaking(settings.times, settings.number_lengths)
        self._ears = Ears(models.detection(rate), turns, recognizer, models.endpoint(call_id, self._judged))
        if recognizer.processors:
            self.line = ServiceLine(recognizer.processors, rate)

    @property
    def speaking(self) -> bool:
        """Whether a turn is under way."""
        return self._ears.turns.hearing

    async def listen(self) -> None:
        """Until the side ends."""
        async for frame in self.side.frames:
            await self.hear(frame)

    async def hear(self, frame: Frame) -> None:
        """Take the next 20 ms."""
        other = self._other
        played, other._newest = other._newest, None
        self._newest = frame
        self._act(self._ears.hear(frame, speaking=other.speaking, played=played))
        if self.line is not None:
            await self.line.hear(frame)

    def cut_off(self) -> None:
        """There is no more time: a turn under way ends with the words that are known."""
        if self.speaking and self._words:
            self._copilot.said(self.party, self._words)
        self._words = ""

    def close(self) -> None:
        """Nothing is heard any more."""
        self._ears.close()

    def _heard(self, what: Partial | Final | Lost) -> None:
        match what:
            case Partial():
                self._words = what.text
                self._copilot.caption(self.party, what)
                self._act(self._ears.turns.partial(what.text))
            case Final():
                self._words = what.text
                self._act(self._ears.turns.final(what.pause, what.text))
            case Lost():
                LOST.labels("recogniser").inc()
                log.warning("cannot hear", party=self.party, reason=what.reason)
                self._act(self._ears.turns.lost())
            case _:
                assert_never(what)

    def _judged(self, pause: int, probability: float) -> None:
        self._act(self._ears.turns.verdict(pause, probability))

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Began | Paused | Resumed | Drafted | Ended | Emptied):
                self._follow(action)

    def _follow(self, action: Began | Paused | Resumed | Drafted | Ended | Emptied) -> None:
        match action:
            case Began() | Resumed():
                self._copilot.noticed(self.party, SpeechStarted())
            case Paused():
                self._copilot.noticed(self.party, SpeechStopped())
            case Ended() | Emptied():
                self._words = ""
        self._ears.follow(action)
        if isinstance(action, Ended):
            self._copilot.said(self.party, action.text)
