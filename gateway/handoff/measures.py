"""What a handoff took and how it went: for the metrics, and in one line of the log at its end."""

from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter, Histogram

from gateway.handoff.states import State
from pipelines.facts import Channel

log = structlog.get_logger(__name__)

SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200)
OUTCOMES = Counter(
    "warmline_handoffs_total",
    "Handoffs by why they began and how they went",
    ["reason", "outcome", "channel"],
)
TIMES = Histogram(
    "warmline_handoff_seconds",
    "From the wish for a person to the first offer, the first yes, the person, and the person's first words",
    ["until", "channel"],
    buckets=SECONDS,
)
SILENCE = Histogram(
    "warmline_handoff_silence_seconds",
    "The longest time in which nobody was heard in a call, until the person's first words or the end",
    buckets=SECONDS,
)
STATES = Counter("warmline_handoff_states_total", "States that handoffs came to", ["state"])
LOST = Counter("warmline_handoff_agents_lost_total", "Agents who were lost while they had a customer")

UNTIL = {
    State.OFFERED: "offer",
    State.DIALLING: "offer",
    State.BRIEFING: "yes",
    State.HUMAN_ACTIVE: "person",
}
KNOWN_REASONS = frozenset(
    (
        "customer_asked",
        "over_limit",
        "not_covered",
        "repeated_failure",
        "complaint",
        "negative_sentiment",
        "legal",
        "low_confidence",
        "callback",
        "taken_over",
        "restarted",
    )
)
"Others, which definitions may invent, are counted together."


@dataclass(slots=True)
class Measures:
    """Of one handoff; times are Unix times in seconds."""

    handoff_id: str
    reason: str
    began: float
    queue: str = ""
    "The line that the customer was meant for first."
    channel: Channel = "chat"
    "How the customer was there last."
    first: dict[str, float] = field(default_factory=dict)
    "Seconds from the wish to the first `offer`, the first `yes`, the `person`, and their first `words`."
    offers: int = 0
    returned: int = 0
    "How often the customer was back in line after somebody was asked or there."
    lost: int = 0
    "Agents who were lost while they had the customer."
    silence: float | None = None
    "The longest time in which nobody was heard, seconds; None: it was no call, or is not measured yet."
    outcome: str | None = None
    "None: it is under way."

    @property
    def cause(self) -> str:
        """Why it began, as it is counted."""
        return self.reason if self.reason in KNOWN_REASONS else "other"

    def came_to(self, state: State, channel: Channel, now: float) -> None:
        """It is in this state from now on."""
        STATES.labels(state.value).inc()
        self.channel = channel
        if state is State.RESCUE:
            LOST.inc()
            self.lost += 1
        self.returned += state is State.QUEUED and self.offers > 0
        until = UNTIL.get(state)
        self.offers += until == "offer"
        if until is not None:
            self._reached(until, channel, now)

    def heard(self, channel: Channel, now: float) -> None:
        """The customer hears the person, or reads a message of theirs."""
        self._reached("words", channel, now)

    def silent(self, seconds: float) -> None:
        """Nobody was heard for so long at most."""
        self.silence = max(seconds, self.silence or 0.0)
        SILENCE.observe(seconds)

    def _reached(self, until: str, channel: Channel, now: float) -> None:
        if until not in self.first:
            self.first[until] = now - self.began
            TIMES.labels(until, channel).observe(now - self.began)

    def ended(self, outcome: str, channel: Channel, now: float) -> None:
        """This is how it went."""
        self.outcome, self.channel = outcome, channel
        OUTCOMES.labels(self.cause, outcome, channel).inc()
        log.info(
            "handoff over",
            handoff=self.handoff_id,
            reason=self.reason,
            outcome=outcome,
            channel=channel,
            offers=self.offers,
            seconds=round(now - self.began, 1),
            silence_s=None if self.silence is None else round(self.silence, 1),
            **{f"to_{until}_s": round(seconds, 2) for until, seconds in self.first.items()},
        )
