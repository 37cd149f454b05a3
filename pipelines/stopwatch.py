"""When what happened in one spoken turn, as it is told to the runner of a reply.  [core]"""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.facts import Fact, Latency, ToolFinished, Understood


@dataclass(slots=True)
class Stopwatch:
    """Times of one spoken turn, in ms after the customer's last voiced sample."""

    now: Callable[[], float]
    "Monotonic, s."
    began: float
    "The last voiced sample, on that clock."
    decision_ms: int | None = None
    drafted_ms: int | None = None
    final_transcript_ms: int | None = None
    understood_ms: int | None = None
    tools_ms: int | None = None
    first_token_ms: int | None = None
    first_clause_ms: int | None = None
    filler_ms: int | None = None
    first_audio_ms: int | None = None

    def note(self, fact: Fact) -> None:
        """What a fact of the answer says of time."""
        match fact:
            case Understood() if self.understood_ms is None:
                self.understood_ms = self.elapsed_ms()
            case ToolFinished() if self.first_token_ms is None:
                self.tools_ms = (self.tools_ms or 0) + fact.elapsed_ms

    def clause(self) -> None:
        """A clause goes to the voice; the first one counts that is of the answer itself."""
        if self.first_clause_ms is None and self.first_token_ms is not None:
            self.first_clause_ms = self.elapsed_ms()

    def decided_as(self, other: "Stopwatch") -> None:
        """Take over what is only known at the end of a turn; what was drafted before it keeps its times."""
        self.decision_ms = other.decision_ms
        self.final_transcript_ms = other.final_transcript_ms

    def elapsed_ms(self) -> int:
        """Since the last voiced sample."""
        return round((self.now() - self.began) * 1_000)

    def latency(self) -> Latency:
        """As the fact has it."""
        return Latency(
            decision_ms=self.decision_ms,
            drafted_ms=self.drafted_ms,
            final_transcript_ms=self.final_transcript_ms,
            understood_ms=self.understood_ms,
            tools_ms=self.tools_ms,
            first_token_ms=self.first_token_ms,
            first_clause_ms=self.first_clause_ms,
            filler_ms=self.filler_ms,
            first_audio_ms=self.first_audio_ms,
        )
