"""The load of `bench capacity`, the same for every system, and the meter that reads what it costs.

A caller's script is one cycle of 20 ms frames at 16 kHz: a spoken question, then room noise while the answer
is heard. Every caller plays it round and round, each from another place in it. Models other than voice
activity and end of turn are stubs with the delays below. Runs in the peers' environments too, so it imports
nothing but the standard library.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

FRAME_S = 0.02
FRAME_BYTES = 640
"20 ms of 16 kHz PCM16."
LOUD = 400
"Peak of a frame, of 32 768, from which the question is being spoken."

TRANSCRIPT = "Could you tell me where my order is and when it will be here?"
REPLY = "Your order left our warehouse this morning. It will be with you on Friday afternoon."
RECOGNISER_S = 0.15
"The stub's time for one decode."
FIRST_TOKEN_S = 0.15
TOKEN_S = 0.015
VOICE_S = 0.1
"The stub's time to the first sound of a text."
LETTER_MS = 50
"Sound that a letter of text is worth."
LAG_EVERY_S = 0.01


def tokens() -> list[str]:
    """The reply, word by word."""
    return [f"{word} " for word in REPLY.split()]


@dataclass(frozen=True, slots=True)
class Script:
    """What every caller says, and what every voice says."""

    frames: tuple[bytes, ...]
    "One cycle."
    asked: int
    "The frame in which the question ends."
    reply: bytes
    "Speech that the stub voice cuts its sound from."

    @classmethod
    def read(cls, folder: Path) -> "Script":
        """From `caller.pcm` and `reply.pcm`."""
        pcm = (folder / "caller.pcm").read_bytes()
        frames = tuple(pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES))
        asked = max(n for n, frame in enumerate(frames) if max(memoryview(frame).cast("h")) >= LOUD)
        return cls(frames, asked, (folder / "reply.pcm").read_bytes())

    @property
    def cycle_s(self) -> float:
        """How often each caller asks."""
        return len(self.frames) * FRAME_S

    def speech(self, text: str) -> bytes:
        """The stub voice's sound of a text."""
        size = len(text) * LETTER_MS * 32
        return (self.reply * (size // len(self.reply) + 1))[:size]


class ScriptedCaller:
    """One caller: what they say when, and when they hear an answer."""

    def __init__(self, script: Script, number: int, answers_ms: list[float]) -> None:
        self._script = script
        self._place = number * 37
        self._answers_ms = answers_ms
        self._asked: float | None = None

    def say(self, tick: int) -> bytes:
        """The frame for this tick."""
        return self._script.frames[self.place(tick)]

    def place(self, tick: int) -> int:
        """Which frame of the script is for this tick."""
        place = (tick + self._place) % len(self._script.frames)
        if place == self._script.asked:
            self._asked = time.monotonic()
        return place

    def hear(self, pcm: bytes) -> None:
        """Sound came, perhaps silence."""
        if self._asked is not None and any(pcm):
            self._answers_ms.append((time.monotonic() - self._asked) * 1_000)
            self._asked = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process did in one measured span."""

    cpu: float
    "Of one core: 1.0 is all of it."
    rss_mb: float
    lag_p50_ms: float
    lag_p99_ms: float
    answers: int
    answer_p50_ms: float | None
    "From the last voiced sample of a question to the first audible sample of its answer."


class Meter:
    """Reads the process that it runs in."""

    def __init__(self) -> None:
        self.answers_ms: list[float] = []
        self._lags_ms: list[float] = []

    async def watch_lag(self) -> None:
        """For ever: how late the event loop wakes a sleeper."""
        while True:
            due = time.monotonic() + LAG_EVERY_S  # the loop's own clock may be cached, in milliseconds
            await asyncio.sleep(LAG_EVERY_S)
            self._lags_ms.append(max(0.0, time.monotonic() - due) * 1_000)

    async def measure(self, seconds: float) -> Reading:
        """Everything of the next `seconds`."""
        self._lags_ms.clear()
        self.answers_ms.clear()
        began, used = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        cpu = (time.process_time() - used) / (time.monotonic() - began)
        lags, answers = sorted(self._lags_ms), sorted(self.answers_ms)
        return Reading(
            cpu=cpu,
            rss_mb=rss_mb(),
            lag_p50_ms=lags[len(lags) // 2],
            lag_p99_ms=lags[len(lags) * 99 // 100],
            answers=len(answers),
            answer_p50_ms=answers[len(answers) // 2] if answers else None,
        )


def rss_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Ticked(Protocol):
    """Whoever lives by the frame."""

    def tick(self, tick: int) -> None:
        """20 ms have passed."""


async def metronome(callers: Sequence[Ticked]) -> None:
    """Tick everybody once for every 20 ms that passed; more may come meanwhile."""
    clock = asyncio.get_running_loop().time
    began, tick = clock(), 0
    while True:
        await asyncio.sleep(max(0.0, began + tick * FRAME_S - clock()))
        for caller in callers:
            caller.tick(tick)
        tick += 1


Carry = Callable[[int], Awaitable[None]]
"Makes the process carry so many calls."


@asynccontextmanager
async def commands() -> AsyncIterator[AsyncIterator[dict[str, float]]]:
    """JSON objects, one a line, from standard input."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def lines() -> AsyncIterator[dict[str, float]]:
        while line := await reader.readline():
            yield json.loads(line)

    try:
        yield lines()
    finally:
        transport.close()


async def obey(meter: Meter, carry: Carry | None = None) -> None:
    """Do what standard input says until it ends: `{"carry": 40}`, `{"measure": 10.5}`; answer in JSON."""
    tell({"ready": True})
    async with commands() as orders:
        async for order in orders:
            if "carry" in order and carry is not None:
                await carry(int(order["carry"]))
                tell(order)
            else:
                tell(asdict(await meter.measure(order["measure"])))


def tell(answer: object) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
