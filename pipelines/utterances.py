"""What is said at a port, utterance by utterance, for who waits for a short answer.

No turn taking: half a second of silence ends an utterance, whatever was said. Whoever needs more than a word
needs a call's ears (`ears.py`).
"""

import asyncio
from collections.abc import Callable

from pipelines.audio import FRAME_MS, AudioPort, Frame
from pipelines.pickup import PickupParts
from pipelines.service_line import ServiceLine
from pipelines.transcript import Final, Lost, Partial
from pipelines.voice import VoiceChange


class Utterances:
    """Listens to one port; `said` gets the words of each utterance, on the event loop."""

    OVER_MS = 500
    "Silence behind an utterance."

    def __init__(
        self, call_id: str, port: AudioPort, parts: PickupParts, said: Callable[[str], None]
    ) -> None:
        self._port = port
        self._said = said
        self._detection = parts.detection(port.sample_rate)
        self._recognizer = parts.recognizer(call_id, port.sample_rate, self._told)
        self._voiced = self._open = False
        self._silent_ms = 0
        self._pauses = 0
        self._words: str | None = None
        "Of the utterance up to the newest pause, once they are known."

    async def run(self) -> None:
        """Listen until the port's frames end."""
        service = self._recognizer.processors
        line = ServiceLine(service, self._port.sample_rate) if service else None
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = tasks.create_task(line.run(), name="speech service") if line is not None else None
                async for frame in self._port.frames():
                    self._hear(frame)
                    if line is not None:
                        await line.hear(frame)
                if beside is not None:
                    beside.cancel()
        finally:
            self._recognizer.close()

    def _hear(self, frame: Frame) -> None:
        change = self._detection.hear(frame, speaking=True)
        if change is VoiceChange.STARTED:
            self._voiced, self._words = True, None
            if self._open:
                self._recognizer.resume()
            else:
                self._recognizer.start()
            self._open = True
        self._recognizer.hear(frame, self._detection.silent)
        if change is VoiceChange.STOPPED:
            self._voiced, self._silent_ms = False, 0
            self._pauses += 1
            self._recognizer.pause(self._pauses)
        self._silent_ms += FRAME_MS
        self._settle()

    def _told(self, what: Partial | Final | Lost) -> None:
        if isinstance(what, Final) and what.pause == self._pauses:
            self._words = what.text
        elif isinstance(what, Lost):
            self._words = ""
        self._settle()

    def _settle(self) -> None:
        """The utterance is over when it is quiet for long enough and its words are known."""
        if not self._open or self._voiced or self._silent_ms < self.OVER_MS or self._words is None:
            return
        words, self._words, self._open = self._words, None, False
        self._recognizer.reset()
        if words.strip():
            self._said(words)
