"""The briefing: what a person must know before they take a customer over, ready before anybody asks for it.

`BriefingFold` keeps it current from the session's facts (`briefing_fold.py`); this is what it gives. A
briefing says nothing that was not said in a turn or found by a tool, and claims no deed without its
receipt. [core]
"""

from typing import Any

from pipelines.briefing_lines import deed_text, limit_text, next_action, spoken, summary
from pipelines.briefing_parts import Packet
from pipelines.disclosure import Role, disclosed


class Briefing(Packet):
    """The packet, with its sentences."""

    summary: tuple[str, str, str] = ("", "", "")
    "Who wants what; what has come of it; what to do."
    awaited: str | None = None
    "What the workflow under way waits for: a slot, or `confirmation`."
    asked: str | None = None
    "The question for it."

    @classmethod
    def of(cls, awaited: str | None, asked: str | None, **parts: Any) -> "Briefing":
        """The parts, with the sentences that follow from them."""
        packet = Packet(**parts)
        parts["next_best_action"] = next_action(packet, awaited, asked)
        packet = packet.model_copy(update={"next_best_action": parts["next_best_action"]})
        return cls(**parts, awaited=awaited, asked=asked, summary=summary(packet))

    def for_role(self, role: Role) -> "Briefing":
        """As a reader of this role gets it; `redactions` says what is missing."""
        fields = disclosed(self, role)
        fields["done"] = tuple(
            each.model_copy(update={"text": deed_text(each.tool, each.receipt, each.result)})
            for each in fields["done"]
        )
        fields["policy_limits"] = tuple(
            each.model_copy(update={"text": limit_text(each.tool, each.code, each.limit, each.asked)})
            for each in fields["policy_limits"]
        )
        kept = {name: getattr(self, name) for name in ("failed", "sentiment", "language")}
        return Briefing.of(self.awaited, self.asked, **kept, **fields)

    def spoken(self) -> str:
        """A whisper of about 15 s for someone who takes the call on a telephone."""
        return spoken(self.for_role("phone"))
