"""What the metrics say of media streams."""

from prometheus_client import Counter, Gauge

from gateway.leg import DROPPED

FRAMES = Counter(
    "warmline_stream_frames_total", "Frames of sound on media streams", ["provider", "direction"]
)
LATE = Counter("warmline_stream_late_total", "Pieces of sound that came late or twice", ["provider"])
MARKS_OUT = Gauge("warmline_stream_marks_out", "Marks sent that the providers have not sent back")
MARKS_LOST = Counter(
    "warmline_stream_marks_lost_total", "Times a provider stopped sending marks back", ["provider"]
)
REFUSED = Counter("warmline_stream_refused_total", "Streams and webhooks refused", ["provider", "reason"])
STREAMS = Gauge("warmline_streams", "Media streams that are open", ["provider"])


class Counts:
    """One leg's part in the metrics."""

    def __init__(self, provider: str) -> None:
        self._in = FRAMES.labels(provider, "in")
        self._out = FRAMES.labels(provider, "out")
        self._late = LATE.labels(provider)
        self._lost = MARKS_LOST.labels(provider)
        self._surplus = DROPPED.labels("stream_surplus")
        self._shown = 0
        self.heard = self._in.inc
        self.sent = self._out.inc
        self.late = self._late.inc
        self.marks_lost = self._lost.inc
        self.surplus = self._surplus.inc

    def marks_out(self, count: int) -> None:
        """So many of this leg's are out now."""
        MARKS_OUT.inc(count - self._shown)
        self._shown = count
