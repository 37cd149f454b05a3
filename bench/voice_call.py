"""A call made for measuring: questions spoken in real time, both ends recorded on one clock.

The clock is this process's. A frame we send counts as spoken in the 20 ms before it is handed to the encoder,
as with a microphone; a frame we hear counts from the moment its packet was decoded. So the time measured
holds both codecs, the loopback network and whatever the other side buffers, and no jitter buffer of ours:
a browser's would add the same to every system.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np

from bench.voice_timing import Piece, stop_ms, voice_to_voice_ms
from gateway.cli.call import GOODBYE, READY
from gateway.events import Message
from gateway.webrtc import caller
from gateway.webrtc.caller import Caller
from pipelines.audio import FRAME_MS, Frame

CONNECTING_S = 30.0
GREETING_S = 30.0
ANSWER_S = 30.0
PAUSE_MS = 700.0
"Silence that means that a greeting is over."
QUIET_MS = 400.0
"Silence after a reply that the system said is over."
LONG_QUIET_MS = 2_500.0
"Silence after a reply of a system that says nothing about it."
INTO_REPLY_S = 1.8
"So far into a reply we interrupt it."
LOOK_EVERY_S = 0.05


@dataclass(slots=True)
class Reading:
    """What a system told on the data channel about one turn."""

    said: str = ""
    "What it understood."
    turns: int = 0
    "How many turns of the caller it took the question for."
    reply: str = ""
    filler: bool = False
    "Whether the reply began with words that only fill the silence."
    source: str = ""
    done: bool | None = None
    "Whether it said that its reply is over; None: this system does not tell."
    stages: dict[str, int] = field(default_factory=dict)
    "ms after the last voiced sample, by its own account."
    tools: list[str] = field(default_factory=list)


Read = Callable[[Sequence[Message]], Reading]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something said to a system, and what came of it."""

    voice_to_voice_ms: float | None
    "None: nothing was heard in time."
    reading: Reading

    @property
    def cut_off(self) -> bool:
        """Whether it took a part of what was said for all of it: it answered too early, or twice."""
        return self.reading.turns > 1 or (self.voice_to_voice_ms or 0) < 0


@dataclass(slots=True)
class Tape:
    """What both ends of the call recorded since the last question began."""

    spoken: list[Piece] = field(default_factory=list)
    heard: list[Piece] = field(default_factory=list)
    spoke_ms: float | None = None
    "When we were last heard."
    last_heard_ms: float | None = None
    "When they were last heard, and since we were."

    def speak(self, frame: Frame) -> None:
        """A frame of ours is sent."""
        self.spoken.append(_piece(now_ms() - FRAME_MS, frame))
        if caller.audible(frame):
            self.spoke_ms, self.last_heard_ms = now_ms(), None

    def hear(self, frame: Frame) -> None:
        """A frame of theirs arrived."""
        self.heard.append(_piece(now_ms(), frame))
        if caller.audible(frame):
            self.last_heard_ms = now_ms()

    def quiet_ms(self) -> float | None:
        """How long they have been silent; None when nothing was heard since we spoke."""
        return None if self.last_heard_ms is None else now_ms() - self.last_heard_ms


class Line:
    """A call that is up."""

    def __init__(self, person: Caller, read: Read) -> None:
        self.person = person
        self.tape = Tape()
        self.messages: list[Message] = []
        self._read = read
        person.listener = self.tape.hear

    async def collect(self) -> None:
        """Keep what comes on the data channel, until the call is over."""
        async for message in self.person.messages():
            self.messages.append(message)

    async def greeted(self) -> None:
        """Wait until the greeting was heard, or none came."""
        await self._until(lambda: (self.tape.quiet_ms() or 0) >= PAUSE_MS, GREETING_S)

    async def ask(self, frames: Sequence[Frame]) -> Asked:
        """Say it, and wait until the reply was heard to its end."""
        tape, first_message = self._new_tape(), len(self.messages)
        self.person.say(frames)

        def answered() -> bool:
            quiet_ms = tape.quiet_ms() or 0
            if self.person.speaking or quiet_ms < QUIET_MS:
                return False
            done = self._read(self.messages[first_message:]).done
            return quiet_ms >= LONG_QUIET_MS if done is None else done

        await self._until(answered, ANSWER_S)
        reading = self._read(self.messages[first_message:])
        return Asked(voice_to_voice_ms(tape.spoken, tape.heard), reading)

    async def interrupt(self, question: Sequence[Frame], words: Sequence[Frame]) -> float | None:
        """Ask, let the reply go on for a while, speak into it; ms until it was silent, None if it was not.

        Returns when the reply to the interruption was heard too.
        """
        tape = self._new_tape()
        self.person.say(question)
        await self._until(lambda: not self.person.speaking and tape.last_heard_ms is not None, ANSWER_S)
        await asyncio.sleep(INTO_REPLY_S)
        tape = self._new_tape()
        await asyncio.sleep(0.2)
        self.person.say(words)
        await self._until(
            lambda: not self.person.speaking and (tape.quiet_ms() or 0) >= LONG_QUIET_MS, ANSWER_S
        )
        return stop_ms(tape.spoken, tape.heard)

    def _new_tape(self) -> Tape:
        self.tape = Tape()
        self.person.mouth, self.person.listener = self.tape.speak, self.tape.hear
        return self.tape

    async def _until(self, done: Callable[[], bool], at_most_s: float) -> None:
        for _ in range(int(at_most_s / LOOK_EVERY_S)):
            if self.person.is_over or done():
                return
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def call(url: str, read: Read) -> AsyncIterator[Line]:
    """A call whose greeting was heard; hung up in the end.

    Raises `httpx.HTTPError`, or `TimeoutError` when no connection came about.
    """

    async def signal(offer: Message) -> Message:
        async with httpx.AsyncClient(timeout=CONNECTING_S) as http:
            response = await http.post(f"{url}/api/offer", json=offer)
            answer: Message = response.raise_for_status().json()
            return answer

    async with caller.connect(signal) as person, asyncio.TaskGroup() as tasks:
        line = Line(person, read)
        collecting = tasks.create_task(line.collect(), name="messages")
        async with asyncio.timeout(CONNECTING_S):
            await person.opened()
        person.send(READY)
        await line.greeted()
        yield line
        person.send_if_open(GOODBYE)
        collecting.cancel()


def now_ms() -> float:
    """The clock of both recordings."""
    return time.monotonic() * 1_000


def _piece(at_ms: float, frame: Frame) -> Piece:
    return Piece(at_ms, np.frombuffer(frame.pcm, np.int16), frame.sample_rate)
