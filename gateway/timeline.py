"""One turn on one clock: its events, and the moments its reply measured, as stages with begin and end. [core]

Times are Unix seconds. A spoken turn begins with the customer's last voiced sample, which no event has; the
moments of `Latency` count from it, so one event that is told the moment it is measured places them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.events import Event
from pipelines.facts import (
    Activity,
    Channel,
    CustomerTurn,
    Latency,
    ReplyDelta,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Trouble,
    Understood,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Something that was done for a turn."""

    name: str
    begin: float
    end: float
    codes: Mapping[str, str] = field(default_factory=dict)
    "Names and codes that say more, e.g. a tool's outcome; never words or values."


@dataclass(slots=True)
class _Use:
    """A tool call."""

    called: ToolCalled
    begun: float
    finished: ToolFinished | None = None
    ended: float | None = None
    before_words: bool = False


class Timeline:
    """What was seen of a turn. Feed it the events of the turn and its reply, then ask for `stages`."""

    def __init__(self, turn_id: str, begun: float) -> None:
        self.turn_id = turn_id
        self.channel: Channel | None = None
        "None: the customer's part was not seen, it was before a restart."
        self.troubles: list[tuple[float, str]] = []
        "When, and which code."
        self._begun = begun
        self._understood: tuple[float, Understood] | None = None
        self._first_words: float | None = None
        self._first_sound: float | None = None
        self._uses: dict[str, _Use] = {}

    def see(self, event: Event) -> None:
        """Take note of an event."""
        at = event.at
        match event.fact:
            case CustomerTurn(channel=channel):
                self.channel = channel
            case Understood() as understood:
                self._understood = (at, understood)
            case ToolCalled() as called:
                self._uses[called.call_id] = _Use(called, at)
            case ToolFinished() as finished if finished.call_id in self._uses:
                use = self._uses[finished.call_id]
                use.finished, use.ended, use.before_words = finished, at, self._first_words is None
            case ReplyDelta() if self._first_words is None:
                self._first_words = at
            case Activity(state="speaking") if self._first_sound is None:
                self._first_sound = at
            case Trouble() as trouble:
                self.troubles.append((at, trouble.code))

    def stages(self, done: ReplyDone, at: float) -> list[Stage]:
        """The whole turn, and then every stage of it that is known, once its reply is done."""
        placed = _Placed(self._anchor(done.latency or Latency()), done.latency or Latency())
        begun = placed.begun or self._begun
        understood = placed.at("understood_ms") or (self._understood[0] if self._understood else None)
        words = placed.at("first_token_ms") or self._first_words
        uses = [_stage_of(use, words, at) for use in self._uses.values()]
        before = [stage.end for use, stage in zip(self._uses.values(), uses, strict=True) if use.before_words]
        by = {"understood.by": self._understood[1].by} if self._understood else {}
        spans: list[tuple[str, float | None, float | None, Mapping[str, str]]] = [
            ("hear", placed.anchor, placed.at("final_transcript_ms"), {}),
            ("decide", placed.anchor, placed.at("decision_ms"), {}),
            ("understand", begun, understood, by),
            ("answer", max([understood or begun, *before]), words, {"source": done.source}),
            ("filler", placed.at("filler_ms"), placed.at("first_audio_ms") or at, {}),
            ("speak", placed.at("first_clause_ms") or words, placed.at("first_audio_ms"), {}),
            ("play", placed.at("first_audio_ms"), at, {}),
        ]
        known = [
            Stage(name, begin, max(begin, end), codes)
            for name, begin, end, codes in spans
            if begin is not None and end is not None
        ]
        return [Stage("turn", placed.anchor, at), *known, *uses]

    def _anchor(self, latency: Latency) -> float:
        """The customer's last voiced sample, or when they wrote.

        Our first sound is the surest; the customer's turn is told once it was both heard and decided.
        """
        first_ms = latency.first_audio_ms if latency.filler_ms is None else latency.filler_ms
        if self._first_sound is not None and first_ms is not None:
            return self._first_sound - first_ms / 1_000
        return self._begun - (_told_ms(latency) or 0) / 1_000


@dataclass(frozen=True, slots=True)
class _Placed:
    """The moments of a reply in Unix time."""

    anchor: float
    latency: Latency

    def at(self, moment: str) -> float | None:
        """When it was; None if it was not measured."""
        elapsed_ms: int | None = getattr(self.latency, moment)
        return None if elapsed_ms is None else self.anchor + elapsed_ms / 1_000

    @property
    def begun(self) -> float | None:
        """When we began to think about a spoken turn."""
        if self.latency.drafted_ms is not None:
            return self.at("drafted_ms")
        told_ms = _told_ms(self.latency)
        return None if told_ms is None else self.anchor + told_ms / 1_000


def _told_ms(latency: Latency) -> int | None:
    known = [each for each in (latency.decision_ms, latency.final_transcript_ms) if each is not None]
    return max(known, default=None)


def _stage_of(use: _Use, words: float | None, done_at: float) -> Stage:
    """A tool call. A draft's facts are told only when it is confirmed; its tools ended before its words."""
    called, finished = use.called, use.finished
    codes = {"tool": called.tool, "effect": called.effect}
    name = f"tool {called.tool}"
    if finished is None or use.ended is None:
        return Stage(name, min(use.begun, done_at), done_at, codes)
    codes["outcome"] = finished.outcome
    if finished.code is not None:
        codes["code"] = finished.code
    end = min(use.ended, words) if use.before_words and words is not None else use.ended
    return Stage(name, end - finished.elapsed_ms / 1_000, end, codes)
