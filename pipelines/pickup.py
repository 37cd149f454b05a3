"""The first seconds of a call that we placed: who took it, before a word of ours is said.

Hears a port with the same voice activity detection and recogniser as a call and then lets go of it: a bot
talks at another port of the same leg. A person is not spoken to before they have fallen silent.
"""

from typing import Protocol

from prometheus_client import Counter

from pipelines.answering_machine import Answerer, AnsweringMachineDetection, Verdict
from pipelines.audio import FRAME_MS, AudioPort, Frame
from pipelines.recognizer import Recognizer
from pipelines.transcript import Final, Listener, Lost, Partial
from pipelines.voice import VoiceChange, VoiceDetection

PICKUPS = Counter("warmline_pickups_total", "Calls that we placed, by who took them", ["answerer", "by"])
GONE = Verdict(Answerer.UNKNOWN, "silence", 0)
"They hung up before anything could be told."


class PickupParts(Protocol):
    """Where the ears come from; `voice_models.VoiceModels` in production."""

    def detection(self, sample_rate: int) -> VoiceDetection:
        """Voice activity detection at the port's sample rate, Hz."""

    def recognizer(self, call_id: str, sample_rate: int, listener: Listener) -> Recognizer:
        """A recogniser that reports to `listener`."""


class Pickup:
    """Listens to one call that was just answered. Its recogniser is none of a pipeline's."""

    SETTLED_MS = 300
    "Silence in which a person may be spoken to."
    QUIET_MS = 2_500
    "Silence behind a machine's greeting: this one does not beep."

    def __init__(self, call_id: str, port: AudioPort, parts: PickupParts) -> None:
        self._frames = port.frames()
        self._detection = parts.detection(port.sample_rate)
        self._recognizer = parts.recognizer(call_id, port.sample_rate, self._told)
        self._machine = AnsweringMachineDetection()
        self._voiced = False
        self._silent_ms = 0
        self._pauses = 0
        self.words = ""
        "What was said, as far as it is known."

    async def verdict(self) -> Verdict:
        """Who took the call: after about four seconds at most, or once a person has finished."""
        async for frame in self._frames:
            self._hear(frame)
            verdict = self._machine.verdict
            if verdict is not None and (self._settled or not self._is_person):
                PICKUPS.labels(verdict.answerer.value, verdict.by).inc()
                return verdict
        return GONE

    async def recording(self, most_ms: int = 40_000) -> bool:
        """Wait until a machine records: it has beeped, or its greeting is over and no beep comes.

        False: it was a person after all, they hung up, or the greeting took longer than `most_ms`.
        """
        if self._records:
            return True
        async for frame in self._frames:
            self._hear(frame)
            most_ms -= FRAME_MS
            if self._records:
                return True
            if self._is_person or most_ms <= 0:
                return False
        return False

    def close(self) -> None:
        """Nothing is heard any more."""
        self._recognizer.close()

    @property
    def _records(self) -> bool:
        return (self._machine.beeped and not self._machine.beeping) or self._silent_ms >= self.QUIET_MS

    @property
    def _is_person(self) -> bool:
        return self._machine.verdict is not None and self._machine.verdict.answerer is Answerer.PERSON

    @property
    def _settled(self) -> bool:
        return not self._voiced and self._silent_ms >= self.SETTLED_MS

    def _hear(self, frame: Frame) -> None:
        change = self._detection.hear(frame)
        if change is VoiceChange.STARTED:
            self._voiced = True
            if self._pauses:
                self._recognizer.resume()
            else:
                self._recognizer.start()
        elif change is VoiceChange.STOPPED:
            self._voiced = False
            self._pauses += 1
        self._recognizer.hear(frame, self._detection.silent)
        if change is VoiceChange.STOPPED:
            self._recognizer.pause(self._pauses)
        self._silent_ms = 0 if self._voiced or self._machine.beeping else self._silent_ms + FRAME_MS
        self._machine.hear(frame, voiced=self._voiced)

    def _told(self, what: Partial | Final | Lost) -> None:
        if not isinstance(what, Lost) and what.text:
            self.words = what.text
            self._machine.heard(what.text)
