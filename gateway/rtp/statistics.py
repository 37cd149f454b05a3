"""What a call's media was like: loss, jitter, round trip and an estimate of what it sounds like.  [core]

Counted as RFC 3550 says (A.1, A.3, A.8); the estimate is the E-model of ITU-T G.107, reduced to what RTP
knows: delay and loss after concealment. The prometheus metrics stand here too.
"""

from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from gateway.rtp.packet import MOST_AHEAD, MOST_BACK
from gateway.rtp.rtcp import ReportBlock, Sent

NOT_SENT = Counter("warmline_rtp_not_sent_total", "Packets of calls that the network did not take from us")
DROPPED = Counter(
    "warmline_rtp_dropped_total",
    "Datagrams on media ports that were not used, by reason (stranger, malformed, replayed, late, ...)",
    ["reason"],
)
LOSS = Histogram(
    "warmline_rtp_loss_ratio",
    "Part of a call's packets that were lost on the way, as the receiver counts, by direction",
    ["direction"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
)
JITTER = Histogram(
    "warmline_rtp_jitter_seconds",
    "Interarrival jitter at the end of a call, by direction",
    ["direction"],
    buckets=(0.001, 0.003, 0.01, 0.02, 0.03, 0.06, 0.1, 0.2),
)
ROUND_TRIP = Histogram(
    "warmline_rtp_round_trip_seconds",
    "Round trip of RTCP at the end of a call",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1),
)
DELAY = Histogram(
    "warmline_rtp_buffer_delay_seconds",
    "What the jitter buffer adds to the delay, every 5 s of a call",
    buckets=(0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.2, 0.4),
)
MOS = Histogram(
    "warmline_rtp_mos",
    "Mean opinion score of a call as heard by us, estimated from delay and loss",
    buckets=(1.5, 2, 2.5, 3, 3.3, 3.6, 3.8, 4, 4.2, 4.4),
)

LONGEST_TRIP_S = 30
"A round trip that seems longer is somebody's arithmetic."


@dataclass(frozen=True, slots=True)
class MediaReport:
    """One call's media so far."""

    received: int
    "Packets of audio and telephone events."
    sent: int
    loss_ratio: float
    "Of what was sent to us, 0 to 1."
    jitter_ms: float
    delay_ms: int
    "What the jitter buffer adds at present."
    round_trip_ms: int | None
    "None until the other side reported on us."
    remote_loss_ratio: float | None
    "Of what we sent, as of the other side's last report."
    remote_jitter_ms: float | None
    mos: float
    "1 to 4.4, as heard by us."


class Reception:
    """Counts one synchronisation source's packets, for reports about it (RFC 3550, A.1, A.3 and A.8)."""

    __slots__ = (
        "_base",
        "_expected_before",
        "_jitter",
        "_per_ms",
        "_received_before",
        "_transit",
        "highest",
        "received",
        "ssrc",
    )

    def __init__(self, ssrc: int, sequence: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self._base = sequence
        self.highest = sequence - 1
        "Number of the newest packet, wraps counted in the upper 16 bits."
        self.received = 0
        self._per_ms = clock_rate // 1000
        self._transit: int | None = None
        self._jitter = 0
        "In 1/16 tick."
        self._expected_before = self._received_before = 0

    def count(self, sequence: int, timestamp: int, now_ms: int) -> None:
        """A packet came, of audio or another kind."""
        self.received += 1
        step = ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if not -MOST_BACK < step < MOST_AHEAD:
            self._base += step - 1  # it began anew: nothing was lost in between
        elif step <= 0:
            return  # late or twice: says nothing of jitter that the newest did not
        self.highest += step
        transit = now_ms * self._per_ms - timestamp
        if self._transit is not None:
            difference = abs(((transit - self._transit + 0x80000000) & 0xFFFFFFFF) - 0x80000000)
            self._jitter += difference - ((self._jitter + 8) >> 4)
        self._transit = transit

    @property
    def expected(self) -> int:
        """How many were sent, as far as the numbers tell."""
        return self.highest - self._base + 1

    @property
    def lost(self) -> int:
        """Fewer than none where packets came twice."""
        return self.expected - self.received

    @property
    def loss_ratio(self) -> float:
        """0 to 1."""
        return max(self.lost, 0) / self.expected

    @property
    def jitter(self) -> int:
        """In ticks of the RTP clock."""
        return self._jitter >> 4

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter."""
        return (self._jitter >> 4) / self._per_ms

    def block(self, last_sr: int, delay_since_last_sr: int) -> ReportBlock:
        """What is reported about the source now; begins a new interval."""
        expected = self.expected - self._expected_before
        lost = expected - (self.received - self._received_before)
        self._expected_before, self._received_before = self.expected, self.received
        fraction = min(lost * 256 // expected, 255) if expected > 0 and lost > 0 else 0
        cumulative = max(min(self.lost, 0x7FFFFF), -0x800000)
        highest, jitter = self.highest & 0xFFFFFFFF, min(self.jitter, 0xFFFFFFFF)
        return ReportBlock(self.ssrc, fraction, cumulative, highest, jitter, last_sr, delay_since_last_sr)


class RoundTrip:
    """Sender reports and their echoes: how long the way there and back takes (RFC 3550, section 6.4.1)."""

    def __init__(self) -> None:
        self._report: int | None = None
        "Middle bits of the NTP time in the other side's last sender report."
        self._came_ms = 0
        self.milliseconds: int | None = None

    def heard(self, sent: Sent, now_ms: int) -> None:
        """The other side's sender report came."""
        self._report, self._came_ms = sent.ntp >> 16 & 0xFFFFFFFF, now_ms

    def echo(self, now_ms: int) -> tuple[int, int]:
        """`last_sr` and `delay_since_last_sr` for our report."""
        if self._report is None:
            return 0, 0
        waited_ms = max(now_ms - self._came_ms, 0)  # a tick that is made up for lies in the past
        return self._report, min(waited_ms * 65536 // 1000, 0xFFFFFFFF)

    def answered(self, block: ReportBlock, now_ms: int) -> None:
        """A report about us came, which echoes ours."""
        if block.last_sr:
            trip = (ntp(now_ms) >> 16) - block.last_sr - block.delay_since_last_sr & 0xFFFFFFFF
            if trip < LONGEST_TRIP_S << 16:
                self.milliseconds = trip * 1000 // 65536


def ntp(now_ms: int) -> int:
    """Our clock as RTCP has it: 32 bits of seconds and 32 of fraction. It need not be the time of day."""
    return (now_ms << 32) // 1000 & 0xFFFFFFFFFFFFFFFF


IMPAIRMENT = {"PCMU": (0.0, 25.1), "PCMA": (0.0, 25.1), "G722": (0.0, 25.1), "OPUS": (5.0, 20.0)}
"""By codec: Ie, what it costs by itself, and Bpl, how much random loss it bears with concealment. G.711's are
from G.113; that table has none for the others on the narrow-band scale, so theirs are ours."""


def mean_opinion_score(one_way_ms: float, loss_ratio: float, codec: str) -> float:
    """What a call sounds like, from 1 (bad) to 4.5, by G.107's default values."""
    impairment, robustness = IMPAIRMENT[codec.upper()]
    percent = loss_ratio * 100
    delay = 0.024 * one_way_ms + 0.11 * max(one_way_ms - 177.3, 0)
    rating = 93.2 - delay - impairment - (95 - impairment) * percent / (percent + robustness)
    if rating <= 0:
        return 1.0
    return max(1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6, 1.0)
