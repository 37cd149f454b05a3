"""A call made for measuring: questions spoken in real time, both ends recorded on one clock.

The clock is this process's. A frame we send counts as spoken in the 20 ms before it is handed to the encoder,
as with a microphone; a frame we hear counts from the moment its packet was decoded. So the time measured
holds both codecs, the loopback network and whatever the other side buffers, and no jitter buffer of ours:
a browser's would add the same to every system.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from bench.voice_questions import Question
from bench.voice_timing import Piece, voice_to_voice_ms
from gateway.cli import sound_file
from gateway.cli.call import GOODBYE, READY
from gateway.events import Message
from gateway.webrtc import caller
from gateway.webrtc.caller import Caller
from pipelines.audio import FRAME_MS, Frame

CONNECTING_S = 30.0
GREETING_S = 12.0
ANSWER_S = 30.0
PAUSE_MS = 700.0
"Silence that means that a greeting is over."
QUIET_MS = 400.0
"Silence after a reply that the system said is over."
LONG_QUIET_MS = 1_500.0
"Silence after a reply of a system that says nothing about it."
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


@dataclass(slots=True)
class Asked:
    """One question and what came of it."""

    question: Question
    voice_to_voice_ms: float | None
    "None: nothing was heard in time."
    reading: Reading


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
        begun = now_ms()
        while now_ms() - begun < GREETING_S * 1_000 and not self.person.is_over:
            await asyncio.sleep(LOOK_EVERY_S)
            if (self.tape.quiet_ms() or 0) >= PAUSE_MS:
                return

    async def ask(self, question: Question, frames: Sequence[Frame]) -> Asked:
        """Say it, and wait until the reply was heard to its end."""
        self.tape = tape = Tape()
        self.person.mouth, self.person.listener = tape.speak, tape.hear
        first_message = len(self.messages)
        self.person.say(frames)
        begun = now_ms()
        while now_ms() - begun < ANSWER_S * 1_000 and not self.person.is_over:
            await asyncio.sleep(LOOK_EVERY_S)
            if not self.person.speaking and self._answered(self._read(self.messages[first_message:])):
                break
        reading = self._read(self.messages[first_message:])
        return Asked(question, voice_to_voice_ms(tape.spoken, tape.heard), reading)

    def _answered(self, reading: Reading) -> bool:
        enough = LONG_QUIET_MS if reading.done is None else QUIET_MS
        return reading.done is not False and (self.tape.quiet_ms() or 0) >= enough


async def converse(url: str, read: Read, turns: Sequence[tuple[Question, Path]]) -> list[Asked]:
    """Call, ask everything in order, hang up. Raises `httpx.HTTPError`, or `TimeoutError` without a call."""

    async def signal(offer: Message) -> Message:
        async with httpx.AsyncClient(timeout=CONNECTING_S) as http:
            response = await http.post(f"{url}/api/offer", json=offer)
            answer: Message = response.raise_for_status().json()
            return answer

    questions = [(question, sound_file.read(path)) for question, path in turns]
    asked: list[Asked] = []
    async with caller.connect(signal) as person, asyncio.TaskGroup() as tasks:
        line = Line(person, read)
        collecting = tasks.create_task(line.collect(), name="messages")
        async with asyncio.timeout(CONNECTING_S):
            await person.opened()
        person.send(READY)
        await line.greeted()
        for question, frames in questions:
            asked.append(await line.ask(question, frames))
        person.send_if_open(GOODBYE)
        collecting.cancel()
    return asked


def now_ms() -> float:
    """The clock of both recordings."""
    return time.monotonic() * 1_000


def _piece(at_ms: float, frame: Frame) -> Piece:
    return Piece(at_ms, np.frombuffer(frame.pcm, np.int16), frame.sample_rate)
