"""Streaming recognition: a call's frames in, partial and final transcripts out.

`StreamingRecognizer` makes a stream out of Whisper, which only knows finished recordings: while the
customer speaks it decodes the utterance anew every 0.7 s for captions, never more than one at a time; at
every pause it decodes the whole utterance once more at once, so that the words are there when the pause
turns out to be the end. The decoding itself runs in the shared workers of `speech.py`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelines.audio import FRAME_MS, Frame
from pipelines.processor import FrameProcessor
from pipelines.samples import MODEL_RATE, Samples, samples_16k
from pipelines.speech import Dropped, Failed, Job, Priority, Workers
from pipelines.transcript import Final, Listener, Lost, Partial, StablePrefix, join_digits
from pipelines.whisper import Decoded, believable


class Recognizer(Protocol):
    """Hears one call. Told by turn taking where speech begins, pauses and ends; never blocks.

    What it hears it tells the `Listener` it was opened with: exactly one `Final` or `Lost` for every
    `pause` that is not followed by `resume` or `reset` first.
    """

    @property
    def processors(self) -> Sequence[FrameProcessor]:
        """Pipecat processors that do the work and must stand in the call's pipeline; mostly none."""

    def hear(self, frame: Frame) -> None:
        """Take the next 20 ms of the call, voice or not."""

    def start(self) -> None:
        """An utterance began, a little before this frame."""

    def pause(self, pause: int) -> None:
        """The customer fell silent: report the words of the utterance so far as `Final(pause, …)`."""

    def resume(self) -> None:
        """The customer went on with the same utterance."""

    def reset(self) -> None:
        """The utterance is over; forget it."""

    def close(self) -> None:
        """The call is over; nothing is reported any more."""


class Decoder(Protocol):
    """What turns sound into words; `whisper.Whisper` in production."""

    def decode(self, samples: Samples) -> Decoded:
        """The words in a few seconds of sound at 16 kHz. Blocking; called in worker threads."""


@dataclass(frozen=True, slots=True)
class StreamingTimes:
    """When the streaming recogniser does what, in ms."""

    partial_ms: int = 700
    "New speech before the next partial."
    lead_ms: int = 400
    "Sound from before the voice was noticed that belongs to the utterance."
    least_voice_ms: int = 140
    "Less voice than this is a click, not a word."
    urgent_ms: int = 160
    "A pause so long will probably end the turn: its decode goes first."
    fold_ms: int = 15_000
    "Sound longer than this is not decoded again after a pause; its words are kept."
    longest_ms: int = 27_000
    "Whisper's window is 30 s: at this length the words so far are kept and the sound is let go."


class StreamingRecognizer:
    """Hears one call by decoding its utterances again and again."""

    processors: Sequence[FrameProcessor] = ()

    def __init__(
        self, call_id: str, decoder: Decoder, workers: Workers, listener: Listener, times: StreamingTimes
    ) -> None:
        self._call_id = call_id
        self._decoder = decoder
        self._workers = workers
        self._listener = listener
        self._times = times
        self._lead: deque[Frame] = deque(maxlen=times.lead_ms // FRAME_MS)
        self._jobs: list[Job[Decoded]] = []
        self._forget()

    def _forget(self) -> None:
        self._sound: list[bytes] = []
        self._sample_rate = MODEL_RATE
        self._speaking = False
        self._pause: int | None = None
        self._paused_ms = self._voiced_ms = self._new_ms = 0
        self._kept = ""
        self._paused_at: tuple[int, str] | None = None
        self._stable = StablePrefix()

    # --- what we are told ------------------------------------------------------------------------

    def hear(self, frame: Frame) -> None:
        """Take the next 20 ms."""
        self._lead.append(frame)
        if not self._speaking and self._pause is None:
            return
        self._sound.append(frame.pcm)
        if self._pause is not None:
            self._paused_ms += FRAME_MS
            if self._paused_ms == self._times.urgent_ms:
                self._hurry()
            return
        self._voiced_ms += FRAME_MS
        self._new_ms += FRAME_MS
        if len(self._sound) * FRAME_MS >= self._times.longest_ms:
            self._keep_words()
        elif self._new_ms >= self._times.partial_ms and not self._jobs:
            self._new_ms = 0
            self._submit(Priority.PARTIAL, self._tell_partial)

    def start(self) -> None:
        """An utterance began."""
        self._forget()
        self._speaking = True
        self._sound = [frame.pcm for frame in self._lead]
        self._sample_rate = self._lead[-1].sample_rate if self._lead else MODEL_RATE

    def pause(self, pause: int) -> None:
        """Decode the utterance so far; its words are the final ones unless the customer goes on."""
        self._speaking = False
        self._pause = pause
        self._paused_ms = 0
        self._withdraw_jobs()
        if self._voiced_ms < self._times.least_voice_ms:
            self._listener(Final(pause, self._kept))
            return
        length = len(self._sound)

        def tell(decoded: Decoded) -> None:
            text = self._joined(decoded)
            self._paused_at = (length, text)
            self._listener(Final(pause, text))

        self._submit(Priority.EAGER, tell)

    def resume(self) -> None:
        """The customer went on; a long first part is not decoded again."""
        self._withdraw_jobs()
        if self._paused_at is not None and self._paused_at[0] * FRAME_MS >= self._times.fold_ms:
            length, self._kept = self._paused_at
            del self._sound[:length]
        self._paused_at = self._pause = None
        self._speaking = True
        self._new_ms = 0

    def reset(self) -> None:
        """The utterance is over."""
        self._withdraw_jobs()
        self._forget()
        # What was just decoded must not be heard again as the lead of the next utterance.
        while len(self._lead) > 5:
            self._lead.popleft()

    def close(self) -> None:
        """The call is over."""
        self.reset()
        self._workers.drop_call(self._call_id)

    # --- decoding --------------------------------------------------------------------------------

    def _keep_words(self) -> None:
        """Decode what there is, keep its words and let go of its sound."""
        length = len(self._sound)
        if any(job.priority is Priority.FINAL for job in self._jobs):
            return
        self._withdraw_jobs()

        def keep(decoded: Decoded) -> None:
            self._kept = self._joined(decoded)
            del self._sound[:length]
            self._listener(Partial(self._kept, len(self._kept)))

        self._submit(Priority.FINAL, keep)

    def _joined(self, decoded: Decoded) -> str:
        text = join_digits(decoded.text) if believable(decoded) else ""
        return f"{self._kept} {text}".strip()

    def _tell_partial(self, decoded: Decoded) -> None:
        text = self._joined(decoded)
        if text:
            self._listener(Partial(text, self._stable.add(text)))

    def _submit(self, priority: Priority, tell: Callable[[Decoded], None]) -> None:
        pcm, rate = b"".join(self._sound), self._sample_rate

        def done(result: Decoded | Dropped | Failed) -> None:
            self._jobs.remove(job)
            match result:
                case Decoded():
                    tell(result)
                case Failed() if priority is not Priority.PARTIAL:
                    self._listener(Lost("the recogniser failed"))
                case Dropped() if priority is not Priority.PARTIAL:
                    self._listener(Lost("the recogniser is overloaded"))

        job = Job(self._call_id, priority, lambda: self._decoder.decode(samples_16k(pcm, rate)), done)
        self._jobs.append(job)
        self._workers.submit(job)

    def _hurry(self) -> None:
        for job in self._jobs:
            self._workers.promote(job, Priority.FINAL)

    def _withdraw_jobs(self) -> None:
        for job in self._jobs:
            self._workers.withdraw(job)
        self._jobs.clear()
