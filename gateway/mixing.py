"""What a listener hears of live speakers: their frames at the listener's rate, the sum of several. [core]

Nothing here waits and there is no clock. One speaker's frames pass through the moment they come. Of several
one leads: a frame of theirs goes out at once, with what has come of the others meanwhile, so that mixing adds
nothing to the delay of who leads and at most a frame's time to that of the others. Who sends faster than the
leader, or all at once, loses frames and never makes the others wait. Relies on numpy.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from prometheus_client import Counter

from pipelines.audio import FRAME_MS, Frame, silence
from pipelines.resampler import Resampler

LEFT_OUT = Counter(
    "warmline_live_frames_left_out_total",
    "Frames of live speakers that were left out to keep delay short, by why",
    ["why"],
)
FULL, SPARE = LEFT_OUT.labels("full"), LEFT_OUT.labels("spare")
"`full`: as many waited as may; `spare`: some waited for a second that nobody needed."

MOST_MS = 80
"So much of a live speaker waits at most for the listener's next 20 ms."
NEEDED_MS = 20
"What waits anyhow, because two clocks do not tick together."
LOOK_FRAMES = 50
PATIENT_LOOKS = 3
"So often we wait for a quiet frame to leave out; then any will do."
QUIET = 300
"A frame whose loudest sample is below this (-41 dBFS) is missed by nobody."
LEADERLESS = 9
"Frames of another that come without any of the leader's before they lead: more than a leg gives at once."
MIXED_WAIT = 3
"Frames of one who does not lead that wait at most."
SAID_AHEAD = 20
"Of a voice whose frames come before it is time for them (400 ms)."


class Slack:
    """Brings down again what an outage made wait: without it every outage would add to the delay for good."""

    def __init__(self) -> None:
        self._least_ms = MOST_MS
        self._frames = 0
        self._spare = 0
        "Looks since more was waiting than was needed."

    def leaves_out(self, frame: Frame, waiting_ms: int) -> bool:
        """Whether the frame that came, while so much waits before it, is better left out."""
        if waiting_ms < self._least_ms:
            self._least_ms = waiting_ms
        self._frames += 1
        if self._frames == LOOK_FRAMES:
            self._spare = self._spare + 1 if self._least_ms > NEEDED_MS else 0
            self._frames, self._least_ms = 0, MOST_MS
        if not self._spare or waiting_ms <= NEEDED_MS:
            return False
        if self._spare < PATIENT_LOOKS and not quiet(frame):
            return False
        self._spare = 0
        SPARE.inc()
        return True


class LiveQueue:
    """Frames of a speaker that wait to be taken: few, and the oldest go.

    `ahead`: they come before they are due, so that it is no delay when many of them wait.
    """

    def __init__(self, most: int = MOST_MS // FRAME_MS, *, ahead: bool = False) -> None:
        self._frames: deque[Frame] = deque(maxlen=most)
        self._slack = None if ahead else Slack()

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        """Queue a frame, perhaps in the place of the oldest one."""
        frames = self._frames
        if self._slack is not None and self._slack.leaves_out(frame, len(frames) * FRAME_MS):
            return
        if len(frames) == frames.maxlen:
            FULL.inc()
        frames.append(frame)

    def take(self) -> Frame:
        """The next one. Raises `IndexError` when there is none."""
        return self._frames.popleft()

    def clear(self) -> None:
        """Forget them all."""
        self._frames.clear()


class Listener(Protocol):
    """Whoever hears sources."""

    @property
    def sample_rate(self) -> int | None:
        """Hz, or None: whatever the speaker's is."""

    def hear(self, source: "Source", frame: Frame) -> None:
        """Take the next 20 ms of one of them; must not wait."""


class Source:
    """One speaker's frames, brought to the rate of each listener once for all of that rate.

    `ahead`: a voice of ours, whose frames come up to 400 ms before they are due.
    """

    def __init__(self, *, ahead: bool = False) -> None:
        self.ahead = ahead
        self.listeners: tuple[Listener, ...] = ()
        "To be set by whoever decides who hears whom."
        self._converters: dict[int, Converter] = {}

    def say(self, frame: Frame) -> None:
        """Let all listeners hear the next 20 ms."""
        made: dict[int, Frame] = {}
        for listener in self.listeners:
            rate = listener.sample_rate
            if rate is None or rate == frame.sample_rate:
                listener.hear(self, frame)
                continue
            if rate not in made:
                made[rate] = self._converter(frame.sample_rate, rate).convert(frame)
            listener.hear(self, made[rate])

    def _converter(self, sample_rate: int, wanted_rate: int) -> "Converter":
        converter = self._converters.get(wanted_rate)
        if converter is None:
            converter = self._converters[wanted_rate] = Converter(sample_rate, wanted_rate)
        return converter


class Mix:
    """What one listener hears of any number of sources; `play` must take a frame without waiting."""

    def __init__(self, sample_rate: int, play: Callable[[Frame], None]) -> None:
        self._sample_rate = sample_rate
        self._play = play
        self._lanes: dict[Source, _Lane] = {}
        self._leader: Source | None = None

    @property
    def sample_rate(self) -> int:
        """Hz, the listener's."""
        return self._sample_rate

    def follow(self, sources: Sequence[Source]) -> None:
        """Hear these from now on, and nobody else; the first who speaks live leads."""
        self._lanes = {source: self._lanes.get(source) or _Lane(source) for source in sources}
        self._leader = next((source for source in sources if not source.ahead), None)

    def forget(self, source: Source) -> None:
        """What the source said and nobody heard yet will not be heard."""
        if (lane := self._lanes.get(source)) is not None:
            lane.frames.clear()

    def hear(self, source: Source, frame: Frame) -> None:
        """Take the next 20 ms of a source at the listener's rate."""
        if source is not self._leader and not self._takes_the_lead(source, frame):
            return
        others = []
        for other, lane in self._lanes.items():
            lane.leaderless = 0
            if other is not source and lane.frames:
                others.append(lane.frames.take())
        self._play(mixed(frame, *others) if others else frame)

    def _takes_the_lead(self, source: Source, frame: Frame) -> bool:
        """Whether the frame goes out now, because nothing comes of who leads; else it waits for them."""
        lane = self._lanes.get(source)
        if lane is None:
            return False
        lane.leaderless += 1
        if source.ahead or lane.leaderless <= LEADERLESS:
            lane.frames.put(frame)
            return False
        lane.frames.clear()
        self._leader = source
        return True


class _Lane:
    """What waits of one source."""

    def __init__(self, source: Source) -> None:
        self.frames = LiveQueue(SAID_AHEAD, ahead=True) if source.ahead else LiveQueue(MIXED_WAIT)
        self.leaderless = 0
        "Frames that came since the leader's last."


class Converter:
    """Brings a stream of frames to another sample rate, a frame for a frame, 3 ms late."""

    def __init__(self, sample_rate: int, wanted_rate: int) -> None:
        self._resampler = Resampler(sample_rate, wanted_rate)
        self._silence = silence(wanted_rate)
        self._rest = b""
        self._begun = False
        self._still = False
        "The frame before was silence of ours, and so the filter holds nothing else."

    def convert(self, frame: Frame) -> Frame:
        """The next 20 ms at the wanted rate."""
        if frame.filled and self._still:
            return self._silence
        self._still = frame.filled
        wanted = len(self._silence.pcm)
        made = self._rest + self._resampler.feed(frame.pcm)
        if not self._begun:  # the filter looks ahead: what it lacks goes before the first frame, once
            self._begun, made = True, made.rjust(wanted, b"\0")
        self._rest = made[wanted:]
        return Frame(made[:wanted].ljust(wanted, b"\0"), self._silence.sample_rate)


def mixed(frame: Frame, *others: Frame) -> Frame:
    """The sum of frames of one rate; what is too loud is cut off at full scale."""
    audible = [each for each in (frame, *others) if not each.filled]
    if len(audible) < 2:
        return audible[0] if audible else frame
    total = np.frombuffer(audible[0].pcm, "<i2").astype(np.int32)
    for each in audible[1:]:
        total += np.frombuffer(each.pcm, "<i2")
    pcm = np.clip(total, -32_768, 32_767).astype("<i2").tobytes()
    return Frame(pcm, frame.sample_rate)


def quiet(frame: Frame) -> bool:
    """Whether nobody misses it."""
    if frame.filled:
        return True
    samples = np.frombuffer(frame.pcm, "<i2")
    return bool(samples.max() < QUIET and samples.min() > -QUIET)
