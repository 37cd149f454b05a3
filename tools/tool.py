"""What a tool is, how it is asked, and what it answers.

The model asks, code decides: a `ToolCall` is a wish; `Toolbox.call` passes it through the policy gate
and gives back a `ToolResult`, whatever happened. Nothing here knows a model, a session store or a leg.

Errors::

    ToolError(retry)     the tool could not do it; its text may be shown to the model
    (everything else is our own bug and ends the turn, not the process)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class Effect(StrEnum):
    """Whether a tool only looks or changes something."""

    READ = "read"
    "Looks; may be done ahead of time, and again."
    ATTEMPT = "attempt"
    "Changes nothing of the customer's, but tries are counted: never done ahead of time."
    WRITE = "write"


class Outcome(StrEnum):
    """How a tool call ended."""

    DONE = "done"
    REFUSED = "refused"
    "Policy said no; nothing was done. `ToolResult.refusal` says why."
    FAILED = "failed"
    "The tool or the service behind it could not; `ToolResult.error` says why."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What was asked: untrusted, whoever asked."""

    call_id: str
    "Unique within the session."
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """A customer whose identity was verified in this session."""

    customer_id: str
    method: str
    "How: `order+zip`, `email+zip`, `signed-token`."
    pii: Mapping[str, str] = field(default_factory=dict)
    "What tools and templates may use: name, email, zip."


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of ours who runs a tool for the customer they talk with."""

    agent_id: str
    role: Literal["agent", "supervisor", "admin"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything an argument may come from. A value found in none of these was invented."""

    said: Sequence[str] = ()
    "The customer's own words, one string per turn, in order."
    results: Sequence[Mapping[str, Any]] = ()
    "Data of earlier tool results of this session."


@dataclass(frozen=True, slots=True)
class CallContext:
    """On whose behalf a call is made."""

    session_id: str
    turn_id: str
    now: float
    "Unix time in seconds; handed in, so that policy is testable."
    identity: Identity | None = None
    evidence: Evidence = Evidence()
    confirmed: bool = False
    "The customer said yes to exactly this effect, or a colleague answers for it; required by `Effect.WRITE`."
    colleague: Colleague | None = None
    "Who of us asks, at the desk; None: the bot."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why policy said no, and what the customer may be told."""

    code: str
    "Stable: `not_verified`, `not_yours`, `over_limit`, `too_late`, `not_confirmed`, `invented_argument`, …"
    sentence: str
    "One honest sentence for the customer; no personal data."
    offer_person: bool = False
    argument: str | None = None
    "The argument that was refused, if one was."
    limit: Mapping[str, Any] = field(default_factory=dict)
    "What the rule holds the call against, e.g. {'refund_limit': 500.0}; no personal data."


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a tool did something: spoken claims are checked against it."""

    receipt_id: str
    tool: str
    at: float
    "Unix time in seconds."
    facts: Mapping[str, Any]
    "What was done, e.g. {'refund_id': 'R-301', 'amount': 84.0, 'order_id': '10523'}."


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """A wish that a person takes over; the gateway decides."""

    reason: str
    "Stable code: `customer_asked`, `over_limit`, `not_covered`, `repeated_failure`, …"
    skill: str = "general"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call. Never raises what the caller should hear as an answer."""

    call_id: str
    tool: str
    outcome: Outcome
    data: Mapping[str, Any] = field(default_factory=dict)
    "What the tool found; JSON-serialisable."
    pii: Mapping[str, Any] = field(default_factory=dict)
    "The part of what it found that is personal data."
    receipt: Receipt | None = None
    refusal: Refusal | None = None
    error: str | None = None
    error_code: str | None = None
    """Stable: `unknown_tool`, `bad_arguments`, `too_many_calls`, `unavailable`, `timeout`, `conflict`,
    `rejected`, `broken_answer`, and `unconfirmed`: a change that may or may not have happened."""
    retry: bool = False
    "A later try may succeed."
    wish: HandoffRequest | None = None
    identity: Identity | None = None
    "Set by the tool that verifies identity."
    elapsed_ms: int = 0


class ToolError(Exception):
    """A tool could not do what it was asked; `retry` says whether the same call may succeed later.

    `code` becomes `ToolResult.error_code`; the message may be shown to the model and holds no personal data.
    """

    def __init__(self, message: str, *, retry: bool, code: str = "rejected") -> None:
        super().__init__(message)
        self.retry = retry
        self.code = code
