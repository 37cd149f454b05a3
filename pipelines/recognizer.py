"""Streaming recognition: a call's frames in, partial and final transcripts out.

`StreamingRecognizer` makes a stream out of Whisper, which only knows finished recordings: while the
customer speaks it decodes the utterance anew every 0.7 s for captions, never more than one at a time; at
every pause it decodes the whole utterance once more at once, so that the words are there when the pause
turns out to be the end. The first silent window of sound begins that decode, long before the pause is
certain, and the pause adopts it if no voice has come since: 100 ms won, and one decode in 5 s of real
speech that no pause followed. If the customer goes on, it was the next partial.

The decoding itself runs in the shared workers of `speech.py`. Partial and anticipated decodes are begun
only while the workers are idle, so under load there are none. A partial that is under way when the voice
ceases is given up: the decode that may be the last one takes its place. The longer a decode takes, waiting
included, the rarer partials are.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Counter

from pipelines.audio import FRAME_MS, Frame
from pipelines.processor import FrameProcessor
from pipelines.samples import MODEL_RATE, Samples, samples_16k
from pipelines.speech import Dropped, Failed, Job, Priority, Workers
from pipelines.transcript import Decoded, Final, Listener, Lost, Partial, StablePrefix, join_digits
from pipelines.whisper import believable

SKIPPED = Counter(
    "warmline_partials_skipped_total", "Partials that were due and left out: the model was busy"
)
PAUSES = Counter("warmline_pauses_total", "Pauses, by when the decode for them was begun", ["decode"])
"`anticipated`: before the pause was certain; `begun`: only then; `none`: it was a click, not a word."


class Recognizer(Protocol):
    """Hears one call. Told by turn taking where speech begins, pauses and ends; never blocks.

    What it hears it tells the `Listener` it was opened with: exactly one `Final` or `Lost` for every
    `pause` that is not followed by `resume` or `reset` first.
    """

    @property
    def processors(self) -> Sequence[FrameProcessor]:
        """Pipecat processors that do the work and must stand in the call's pipeline; mostly none."""

    def hear(self, frame: Frame, silent: bool = False) -> None:
        """Take the next 20 ms of the call, voice or not; `silent`: the voice has ceased, perhaps for good."""

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

    def decode(self, samples: Samples, wanted: Callable[[], bool] = ...) -> Decoded:
        """The words in a few seconds of sound at 16 kHz. Blocking; called in worker threads.

        It may give up, with whatever words, as soon as `wanted` says no.
        """


@dataclass(frozen=True, slots=True)
class StreamingTimes:
    """When the streaming recogniser does what, in ms."""

    partial_ms: int = 700
    "New speech before the next partial, at least."
    partial_share: int = 3
    "Partials take at most one part in so many of the time: the pace follows how long decodes take."
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


@dataclass(slots=True)
class _Anticipation:
    """A decode begun at the first silence, before it is known to be a pause."""

    length: int
    "Frames of the utterance it hears."
    job: Job[Decoded] | None = None
    decoded: Decoded | None = None
    pause: int | None = None
    "That adopted it."


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
        self._heard_ms = self._spent_ms = 0
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
        self._early: _Anticipation | None = None

    # --- what we are told ------------------------------------------------------------------------

    def hear(self, frame: Frame, silent: bool = False) -> None:
        """Take the next 20 ms."""
        self._heard_ms += FRAME_MS
        self._lead.append(frame)
        if not self._speaking and self._pause is None:
            return
        self._sound.append(frame.pcm)
        if self._pause is not None:
            self._paused_ms += FRAME_MS
            if self._paused_ms == self._times.urgent_ms:
                for job in self._jobs:
                    self._workers.promote(job, Priority.FINAL)
            return
        self._voiced_ms += FRAME_MS
        self._new_ms += FRAME_MS
        if not silent:
            self._early = None  # it has not heard everything any more
        if len(self._sound) * FRAME_MS >= self._times.longest_ms:
            self._keep_words()
        elif silent:
            self._anticipate()
        elif not self._jobs and self._new_ms >= self._pace_ms():
            self._begin_partial()

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
        if self._early is not None and self._adopt(self._early, pause):
            PAUSES.labels("anticipated").inc()
            return
        self._withdraw_jobs()
        if self._voiced_ms < self._times.least_voice_ms:
            PAUSES.labels("none").inc()
            self._listener(Final(pause, self._kept))
            return
        PAUSES.labels("begun").inc()
        heard = len(self._sound)
        self._submit(Priority.EAGER, lambda decoded: self._tell_final(pause, heard, decoded))

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

    def _pace_ms(self) -> int:
        return max(self._times.partial_ms, self._times.partial_share * self._spent_ms)

    def _begin_partial(self) -> None:
        self._new_ms = 0
        if self._workers.idle:
            self._submit(Priority.PARTIAL, self._tell_partial)
        else:
            SKIPPED.inc()

    def _anticipate(self) -> None:
        """Decode what there is, for the pause that may be coming; it also counts as the next partial."""
        if self._early is not None or self._voiced_ms < self._times.least_voice_ms:
            return
        if not (self._workers.idle or self._jobs):
            return
        self._withdraw_jobs()  # a partial under way has not heard the end, and keeps the model from it
        self._new_ms = 0
        early = self._early = _Anticipation(len(self._sound))

        def tell(decoded: Decoded) -> None:
            early.decoded = decoded
            if early.pause is None:
                self._tell_partial(decoded)
            else:
                self._tell_final(early.pause, early.length, decoded)

        early.job = self._submit(Priority.ANTICIPATED, tell)

    def _adopt(self, early: _Anticipation, pause: int) -> bool:
        """Make it the decode of this pause; False if it failed."""
        if early.decoded is not None:
            self._tell_final(pause, early.length, early.decoded)
        elif early.job in self._jobs:
            early.pause = pause
            self._workers.promote(early.job, Priority.EAGER)
        else:
            return False
        return True

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

    def _tell_final(self, pause: int, length: int, decoded: Decoded) -> None:
        text = self._joined(decoded)
        self._paused_at = (length, text)
        self._listener(Final(pause, text))

    def _submit(self, priority: Priority, tell: Callable[[Decoded], None]) -> Job[Decoded]:
        pcm, rate, submitted_ms = b"".join(self._sound), self._sample_rate, self._heard_ms

        def done(result: Decoded | Dropped | Failed) -> None:
            self._jobs.remove(job)
            urgent = job.priority <= Priority.EAGER  # an adopted one has become so
            match result:
                case Decoded():
                    self._spent_ms = self._heard_ms - submitted_ms
                    tell(result)
                case Failed() if urgent:
                    self._listener(Lost("the recogniser failed"))
                case Dropped() if urgent:
                    self._listener(Lost("the recogniser is overloaded"))

        def work() -> Decoded:
            return self._decoder.decode(samples_16k(pcm, rate), lambda: job.wanted)

        job = Job(self._call_id, priority, work, done)
        self._jobs.append(job)
        self._workers.submit(job)
        return job

    def _withdraw_jobs(self) -> None:
        for job in self._jobs:
            self._workers.withdraw(job)
        self._jobs.clear()
        self._early = None
