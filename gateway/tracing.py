"""OpenTelemetry spans, folded from the events of sessions: nobody who hears, thinks or speaks knows of them.

    session              from the first to the last event while the session is in memory
     └─ call             a browser call; a typed turn stands right under the session
         ├─ turn         from the customer's last voiced sample, or their message, to the end of our reply
         │   └─ hear · decide · understand · tool … · answer · speak · play
         └─ announcement what we say unasked

Attributes are ids, names and codes, never words or values. A turn's spans are made when its reply is done;
a session that comes back from the store is a new trace with the same `session.id`. Relies on the
OpenTelemetry API only; `span_export.py` has the SDK.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from opentelemetry.context import Context
from opentelemetry.trace import Span, Tracer, set_span_in_context

from gateway.config import ConfigError, Tracing
from gateway.events import Event, LegJoined, LegLeft
from gateway.timeline import Timeline
from pipelines.facts import Channel, Latency, ReplyDone, ReplyStarted

OPEN_TURNS = 16
"Turns of a session without an answer that are remembered; older ones leave no span."

Attributes = Mapping[str, str | bool]


class SessionTrace:
    """The spans of one session. Feed it every event, then close it."""

    def __init__(self, tracer: Tracer, session_id: str, begun: float) -> None:
        self._tracer = tracer
        self._session_id = session_id
        self._root = self._begin("session", begun, None, {})
        self._calls: dict[str, Span] = {}
        self._turns: dict[str, Timeline] = {}
        self._reply: tuple[ReplyStarted, float] | None = None
        self._last = begun

    def see(self, event: Event) -> None:
        """Fold one event in; what is complete with it is handed on as spans."""
        self._last = max(self._last, event.at)
        match event.fact:
            case LegJoined() as leg:
                attributes = {"warmline.leg.id": leg.leg_id, "warmline.leg.kind": leg.kind}
                self._calls[leg.leg_id] = self._begin("call", event.at, self._root, attributes)
            case LegLeft() as leg:
                if (call := self._calls.pop(leg.leg_id, None)) is not None:
                    call.set_attribute("warmline.leg.ended_by", leg.by)
                    _end(call, event.at)
            case ReplyDone() as done:
                self._finish(done, event.at)
            case fact:
                if isinstance(fact, ReplyStarted):
                    self._reply = (fact, event.at)
                if (turn_id := self._turn_of(event)) is not None:
                    self._turn(turn_id, event.at).see(event)

    def close(self) -> None:
        """The session leaves memory."""
        for span in (*self._calls.values(), self._root):
            _end(span, self._last)
        self._calls.clear()

    def _turn_of(self, event: Event) -> str | None:
        """The customer's turn that an event belongs to: it names that, or the reply under way, or neither."""
        named: str | None = getattr(event.fact, "turn_id", None)
        reply = self._reply[0] if self._reply is not None else None
        if reply is not None and named in (None, reply.turn_id):
            return reply.answers
        return named

    def _turn(self, turn_id: str, at: float) -> Timeline:
        """The turn; one that was not seen before begins now."""
        if turn_id not in self._turns:
            while len(self._turns) >= OPEN_TURNS:
                del self._turns[next(iter(self._turns))]
            self._turns[turn_id] = Timeline(turn_id, at)
        return self._turns[turn_id]

    def _finish(self, done: ReplyDone, at: float) -> None:
        started, self._reply = self._reply, None
        attributes: Attributes = {
            "warmline.reply.id": done.turn_id,
            "warmline.source": done.source,
            "warmline.interrupted": done.interrupted,
        }
        turn = self._turns.pop(done.answers or "", None)
        if turn is not None:
            self._tell(turn, done, at, attributes)
        elif started is not None and done.answers is None:
            _end(self._begin("announcement", started[1], self._above("voice"), attributes), at)

    def _tell(self, turn: Timeline, done: ReplyDone, at: float, attributes: Attributes) -> None:
        whole, *stages = turn.stages(done, at)
        channel = turn.channel or "unknown"
        span = self._begin(
            "turn",
            whole.begin,
            self._above(turn.channel),
            {**attributes, "warmline.turn.id": turn.turn_id, "warmline.channel": channel},
        )
        drafted_ms = (done.latency or Latency()).drafted_ms
        if drafted_ms is not None:
            span.add_event("drafted", timestamp=_ns(whole.begin + drafted_ms / 1_000))
        for when, code in turn.troubles:
            span.add_event("trouble", {"warmline.code": code}, timestamp=_ns(when))
        for stage in stages:
            codes = {f"warmline.{name}": value for name, value in stage.codes.items()}
            _end(self._begin(stage.name, stage.begin, span, codes), stage.end)
        _end(span, at)

    def _above(self, channel: Channel | None) -> Span:
        """Spoken turns belong to the call under way."""
        calls = list(self._calls.values())
        return calls[-1] if calls and channel != "chat" else self._root

    def _begin(self, name: str, at: float, above: Span | None, attributes: Attributes) -> Span:
        context = Context() if above is None else set_span_in_context(above, Context())
        named = {"session.id": self._session_id, **attributes}
        return self._tracer.start_span(name, context, attributes=named, start_time=_ns(at))


class SessionTraces:
    """The traces of all sessions of a process."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._traces: dict[str, SessionTrace] = {}

    def see(self, session_id: str, event: Event) -> None:
        """Something happened in a session."""
        if session_id not in self._traces:
            self._traces[session_id] = SessionTrace(self._tracer, session_id, event.at)
        self._traces[session_id].see(event)

    def recall(self, session_id: str, event: Event) -> None:
        """What happened before it was read from the store is another trace."""

    def forget(self, session_id: str) -> None:
        """The session left memory; if it comes back, that is another trace."""
        if (trace := self._traces.pop(session_id, None)) is not None:
            trace.close()

    def close(self) -> None:
        """End every trace."""
        for session_id in list(self._traces):
            self.forget(session_id)


@asynccontextmanager
async def open_tracing(settings: Tracing) -> AsyncIterator[SessionTraces | None]:
    """The traces of this process; None without a collector. Raises `ConfigError` if the extra is missing."""
    if (address := settings.address) is None:
        yield None
        return
    try:
        from gateway.span_export import exporting
    except ImportError as error:
        raise ConfigError(["tracing.endpoint: tracing needs `pip install 'warmline[tracing]'`"]) from error
    async with exporting(settings, address) as tracer:
        traces = SessionTraces(tracer)
        try:
            yield traces
        finally:
            traces.close()


def _end(span: Span, at: float) -> None:
    span.end(end_time=_ns(at))


def _ns(at: float) -> int:
    return round(at * 1_000_000_000)
