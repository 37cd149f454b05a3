"""What a tool declares about itself, and what the gate is given to judge a call by. [core]

A declaration is data: effect, where arguments must come from, who may ask, and rules. Rules are pure
functions of a `Case`; they are written in `gate.py`, so that all policy can be read in one file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from tools.records import Cents, Deed, Order
from tools.tool import CallContext, Colleague, Effect, Refusal


@dataclass(frozen=True, slots=True)
class PolicyLimits:
    """What the bot may do without a person. Handed in; nothing a customer or a model says changes it."""

    refund_days: int = 30
    "Days after delivery, that day included."
    refund_limit_cents: Cents = 50_000
    "Sum of all refunds of one order."
    agent_refund_limit_cents: Cents = 100_000
    "The same sum for an agent at the desk …"
    supervisor_refund_limit_cents: Cents = 500_000
    "… and for a supervisor."
    verification_tries: int = 3
    "Failed tries in a session after which it stays unverified."

    def refund_limit_of(self, colleague: Colleague | None) -> Cents:
        """What the bot (None) or a colleague may refund of one order."""
        if colleague is None:
            return self.refund_limit_cents
        supervises = colleague.role == "supervisor"
        return self.supervisor_refund_limit_cents if supervises else self.agent_refund_limit_cents


class Source(StrEnum):
    """Where an argument must come from."""

    SAID = "said"
    "From the customer's own words: proof of identity, a new address."
    KNOWN = "known"
    "From those, an earlier tool result, or the verified identity."


class Access(StrEnum):
    """Who may call a tool."""

    ANYONE = "anyone"
    VERIFIED = "verified"
    "A customer whose identity was verified; for tools that take `order_id`, only on orders of theirs."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the services say right now about the thing a call is on. Never taken from model or customer."""

    order: Order | None = None
    failed_tries: int = 0
    "Failed verifications in this session."
    done: Deed | None = None
    "The service has already made exactly this change, in a try whose answer was lost: its receipt is owed."


@dataclass(frozen=True, slots=True)
class Case:
    """A call with everything there is to judge it by."""

    arguments: Mapping[str, Any]
    context: CallContext
    facts: Facts
    limits: PolicyLimits

    @property
    def today(self) -> date:
        """The shop's date (UTC)."""
        return datetime.fromtimestamp(self.context.now, UTC).date()


Rule = Callable[[Case], Refusal | None]
"A refusal, or None if the rule has nothing against it."


AT_DESK: frozenset[str] = frozenset({"agent", "supervisor"})
"Roles of those who serve customers at the desk."


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """What the gate must know of a tool."""

    effect: Effect = Effect.READ
    access: Access = Access.VERIFIED
    sources: Mapping[str, Source] = field(default_factory=dict)
    "By argument; arguments not named here may be phrased by the model."
    rules: tuple[Rule, ...] = ()
    "Judged in order; the first refusal counts."
    of_order: bool = False
    "The call is on the order `arguments['order_id']`."
    desk: frozenset[str] = frozenset()
    "Roles of our own people who may run it; whoever may, answers for it, so theirs is the confirmation."
