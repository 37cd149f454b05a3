"""What the packets of a measured span say: how late they came, how many did not, how long sound took.  [core]

Lateness is what a receiver's jitter buffer would have to bear: within each second of each call, a grid of
20 ms is laid through the packet that came earliest for its timestamp, and every other one is so much late.
The delay of a mark runs from when its first sample was due on the way out to when it was due in what came
back, so how a server cuts its packets makes no difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.figures import percentile
from bench.sip_sound import FRAMES, MARK_AT, NO_MARK, SAMPLE_NS, SAMPLES

FRAME_NS = SAMPLES * SAMPLE_NS
SLOTS = 100
"Moments of a frame in which callers send: telephones know nothing of each other, and do not send in bunches."
SECOND_NS = 1_000_000_000
VERY_LATE_MS = 20.0
APART_NS = 100_000_000
"Marks that follow sooner are one: concealment may have repeated it, or two packets share it."

Times = npt.NDArray[np.int64]
"Nanoseconds."


@dataclass(frozen=True, slots=True)
class Recording:
    """What the callers' process kept of one span."""

    arrivals: npt.NDArray[np.void]
    "`sip_wire.ARRIVAL`, in the order in which they were read."
    ports: npt.NDArray[np.int64]
    "The port that each call's sound comes from; 0 for a call that never came about."
    sent_ns: npt.NDArray[np.int64]
    "When the packets of each tick (row) and slot (column) left."
    first_tick: int
    late_ns: npt.NDArray[np.int64]
    "How late they left, like `sent_ns`."

    def save(self, path: Path) -> None:
        """For the process that reads it."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        np.savez(path, **parts)

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """What `save` wrote."""
        with np.load(path) as kept:
            parts = {name: kept[name] for name in cls.__slots__}
        return cls(**parts | {"first_tick": int(parts["first_tick"])})

    @property
    def seconds(self) -> float:
        """How long the span was."""
        return len(self.sent_ns) * FRAME_NS / SECOND_NS


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of the packets of one step."""

    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    very_late: float
    "Share of the packets that came more than 20 ms late."
    missing: float
    "Share of the packets that should have come in the span."
    delay_p50_ms: float | None
    "From caller to caller; None if no mark came back."
    delay_p99_ms: float | None
    marks: int
    caller_late_p99_ms: float
    "How late the callers themselves sent: what no server answers for."


def heard(recording: Recording, partner: Callable[[int], int] = lambda number: number) -> Heard:
    """The figures of a span in which each caller heard their partner; mostly themselves.

    Raises `ValueError` when no packet came at all.
    """
    late: list[npt.NDArray[np.float64]] = []
    delays: list[float] = []
    by_port = _by_port(recording.arrivals)
    for number, port in enumerate(recording.ports.tolist()):
        came = by_port.get(port)
        if came is None:
            continue
        late.append(lateness_ms(came["ns"].astype(np.int64), came["timestamp"]))
        delays += delays_ms(sent_marks(recording, partner(number)), heard_marks(came))
    if not late:
        raise ValueError("no packet came back")
    all_late = np.concatenate(late).tolist()
    expected = len(recording.ports) * len(recording.sent_ns)
    return Heard(
        late_p50_ms=percentile(all_late, 50),
        late_p99_ms=percentile(all_late, 99),
        late_max_ms=max(all_late),
        very_late=sum(ms > VERY_LATE_MS for ms in all_late) / len(all_late),
        missing=max(0.0, 1 - len(all_late) / expected),
        delay_p50_ms=percentile(delays, 50) if delays else None,
        delay_p99_ms=percentile(delays, 99) if delays else None,
        marks=len(delays),
        caller_late_p99_ms=percentile(recording.late_ns.ravel().tolist(), 99) / 1e6,
    )


def lateness_ms(came_ns: Times, timestamps: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """How much later than the earliest of its second each packet of one call came, by its RTP timestamp."""
    steps = np.diff(timestamps.astype(np.uint32)).astype(np.int32)  # RFC 3550: modulo 2^32
    due = np.concatenate([[0], np.cumsum(steps, dtype=np.int64)]) * SAMPLE_NS
    behind = came_ns - due
    seconds = (came_ns - came_ns[0]) // SECOND_NS
    begins = np.flatnonzero(np.diff(seconds, prepend=-1))
    earliest = np.minimum.reduceat(behind, begins)
    widths = np.diff(np.append(begins, len(behind)))
    late: npt.NDArray[np.float64] = (behind - np.repeat(earliest, widths)) / 1e6
    return late


def sent_marks(recording: Recording, number: int) -> Times:
    """When the first samples of a call's marks left."""
    ticks = recording.first_tick + np.arange(len(recording.sent_ns))
    marked = (ticks + phase(number)) % FRAMES == 0
    sent: Times = recording.sent_ns[marked, slot(number)] + MARK_AT * SAMPLE_NS
    return sent


def heard_marks(came: npt.NDArray[np.void]) -> Times:
    """When the first samples of the marks in a call's packets came back."""
    marked = came[came["mark"] != NO_MARK]
    at: Times = marked["ns"].astype(np.int64) + marked["mark"].astype(np.int64) * SAMPLE_NS
    return at[np.diff(at, prepend=at[:1] - 2 * APART_NS) > APART_NS]


def delays_ms(sent: Times, came: Times) -> list[float]:
    """From the last mark sent before it to each that came back; those sent before the span do not count."""
    before = np.searchsorted(sent, came, side="right") - 1
    known = before >= 0
    delays: list[float] = ((came[known] - sent[before[known]]) / 1e6).tolist()
    return delays


def slot(number: int) -> int:
    """When in a frame a call sends: however few calls there are, they are spread over all of it."""
    return number * 61 % SLOTS


def phase(number: int) -> int:
    """Which frame of the second a call begins with: marks of many calls do not come together."""
    return number * 7 % FRAMES


def _by_port(arrivals: npt.NDArray[np.void]) -> dict[int, npt.NDArray[np.void]]:
    """Each call's packets, in the order in which they came."""
    ordered = arrivals[np.lexsort((arrivals["ns"], arrivals["port"]))]
    ports, begins = np.unique(ordered["port"], return_index=True)
    parts: Sequence[npt.NDArray[np.void]] = np.split(ordered, begins[1:])
    return dict(zip(ports.tolist(), parts, strict=True)) if len(ordered) else {}
