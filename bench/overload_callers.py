"""The people of `bench overload`: regulars who ask a question now and then, and a crowd at the door.

The crowd is a program of its own that stands back behind the gateway (`nice`), as people have machines of
their own: `python -m bench.overload_callers URL PEOPLE SECONDS FOLDER`. Who is turned away calls again.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from gateway.cli import sound_file
from gateway.cli.call import GOODBYE, READY
from gateway.events import Message
from gateway.webrtc import caller
from gateway.webrtc.caller import Caller
from pipelines.audio import Frame

CONNECTING_S = 30.0
ANSWER_S = 20.0
QUIET_MS = 700
"Silence after which it is the caller's turn."
LOOK_EVERY_S = 0.05
AGAIN_S = 3.0
"Who was turned away calls again after this time."
ARRIVE_EVERY_S = 0.5
WHOLE_S = 14.0
"Nobody calls in the last seconds, who could not hear a sentence to its end."
OVERDUE_S = 90.0
KEPT_S = 15
"Of each recording, from its beginning."

Question = tuple[str, Sequence[Frame]]
"Its words, and their sound."


@dataclass(slots=True)
class Turn:
    """A question of a regular's, and what came of it."""

    caller: int
    at_s: float
    "When it was begun, by the event loop's clock."
    asked: str
    understood: str = ""
    voice_to_voice_ms: int | None = None
    "None: nothing was heard in time."


@dataclass(slots=True)
class Visit:
    """One call of the crowd."""

    outcome: str = "talking"
    """`talking` (at once or later), `waiting` (to the end), `refused`; `busy`: the gateway would not connect;
    `unreachable`: no connection came about in time."""
    reason: str = ""
    positions: list[int] = field(default_factory=list)
    recording: str = ""
    "A WAV file with the first seconds that were heard."


@dataclass(slots=True)
class Line:
    """A call that is up, and the events it brought."""

    person: Caller
    events: list[Message] = field(default_factory=list)
    opened: bool = False

    async def collect(self) -> None:
        """Keep what the gateway tells, until the call is over."""
        async for message in self.person.messages():
            if message.get("type") == "server-message":
                self.events.append(message["data"])

    async def until(self, done: Callable[[], bool], seconds: float) -> None:
        """Wait until it is so, the call is over, or time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done() and not self.person.is_over:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY_S)

    def silent(self) -> bool:
        """They spoke, and do not speak any more."""
        quiet_ms = self.person.quiet_ms()
        return quiet_ms is not None and quiet_ms >= QUIET_MS


@asynccontextmanager
async def call(url: str) -> AsyncIterator[Line]:
    """Call a gateway; the line may not have come about (`opened`). Raises `httpx.HTTPStatusError`."""

    async def signal(offer: Message) -> Message:
        async with httpx.AsyncClient(timeout=CONNECTING_S) as http:
            response = await http.post(f"{url}/api/offer", json=offer)
            answer: Message = response.raise_for_status().json()
            return answer

    async with caller.connect(signal) as person, asyncio.TaskGroup() as tasks:
        line = Line(person)
        collecting = tasks.create_task(line.collect(), name="events")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECTING_S):
                line.opened = await person.opened()
        person.send_if_open(READY)
        yield line
        person.send_if_open(GOODBYE)
        collecting.cancel()


async def talk(
    number: int, url: str, questions: Sequence[Question], every_s: float, told: Callable[[Turn], None]
) -> None:
    """Ask one question after the other, at most one in `every_s`, until cancelled or the call is over."""
    clock = asyncio.get_running_loop().time
    async with call(url) as line:
        if not line.opened:
            raise ConnectionError(f"regular {number} could not call")
        await line.until(line.silent, ANSWER_S)
        asked = number
        while not line.person.is_over:
            begun = clock()
            told(await _ask(line, Turn(number, begun, ""), questions[asked % len(questions)]))
            asked += 1
            await asyncio.sleep(max(begun + every_s - clock(), 0))


async def _ask(line: Line, turn: Turn, question: Question) -> Turn:
    turn.asked, frames = question
    before = len(line.events)

    def answered() -> bool:
        done = any(event["type"] == "reply.done" for event in line.events[before:])
        return (
            done and not line.person.speaking and line.person.voice_to_voice_ms is not None and line.silent()
        )

    line.person.say(frames)
    await line.until(answered, ANSWER_S)
    said = [event["pii"]["text"] for event in line.events[before:] if event["type"] == "turn.customer"]
    turn.understood = " ".join(said)
    turn.voice_to_voice_ms = line.person.voice_to_voice_ms
    return turn


async def crowd(url: str, people: int, seconds: float, folder: Path) -> list[Visit]:
    """So many people call, one after the other, and call again when they are turned away; all their calls."""
    visits: list[Visit] = []
    async with asyncio.TaskGroup() as tasks:
        for number in range(people):
            tasks.create_task(_insist(url, number, seconds, folder, visits), name=f"caller {number}")
    return visits


async def _insist(url: str, number: int, seconds: float, folder: Path, visits: list[Visit]) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    await asyncio.sleep(number * ARRIVE_EVERY_S)
    attempt = 0
    while until - clock() > WHOLE_S:
        attempt += 1
        visits.append(await visit(url, until - clock(), folder / f"caller-{number}-{attempt}.wav"))
        await asyncio.sleep(AGAIN_S)


async def visit(url: str, seconds: float, recording: Path) -> Visit:
    """Call, and stay on the line for so long, or until we are hung up on."""
    seen = Visit()
    try:
        async with call(url) as line:
            if not line.opened:
                seen.outcome = "unreachable"
                return seen
            await line.until(lambda: False, seconds)
            pcm = line.person.recording[: KEPT_S * 32_000]
    except httpx.HTTPStatusError as error:
        seen.outcome, seen.reason = "busy", str(error.response.status_code)
        return seen
    for event in line.events:
        match event:
            case {"type": "call.waiting", "position": position}:
                seen.outcome = "waiting"
                seen.positions.append(position)
            case {"type": "call.admitted"}:
                seen.outcome = "talking"
            case {"type": "call.refused", "reason": reason}:
                seen.outcome, seen.reason = "refused", reason
    sound_file.write(recording, pcm)
    seen.recording = str(recording)
    return seen


async def crowd_elsewhere(url: str, people: int, seconds: float, folder: Path) -> list[Visit]:
    """The crowd, as a program that gives way to everything else on this machine.

    Raises `RuntimeError` when it fails, `TimeoutError` when it never gets to run.
    """
    arguments = [url, str(people), str(seconds), str(folder)]
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", "10", sys.executable, "-m", "bench.overload_callers", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds + OVERDUE_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"the crowd ended with status {process.returncode}")
    return [Visit(**entry) for entry in json.loads(output)]


def main() -> None:
    """Be the crowd; prints every visit as JSON."""
    url, people, seconds, folder = sys.argv[1:]
    visits = asyncio.run(crowd(url, int(people), float(seconds), Path(folder)))
    print(json.dumps([asdict(visit) for visit in visits]))


if __name__ == "__main__":
    main()
