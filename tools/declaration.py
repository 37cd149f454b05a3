"""How a tool is declared: a typed function, its policy, and how to look up what policy needs to know."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.policy import Case, Facts, ToolPolicy
from tools.schema import Signature, describe
from tools.tool import CallContext, HandoffRequest, Identity, Receipt, Refusal


@dataclass(frozen=True, slots=True)
class Permit:
    """The gate's leave for one call: the case it judged, and the key that makes the call happen once."""

    case: Case
    key: str
    "Idempotency key; the same call of the same turn has the same one, also after a crash."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool's function gives back. Becomes a `ToolResult`."""

    data: Mapping[str, Any] = field(default_factory=dict)
    "JSON-serialisable. Holds nothing the model wrote: whatever stands here counts as evidence later."
    pii: Mapping[str, Any] = field(default_factory=dict)
    receipt: Receipt | None = None
    "Required from tools that change something."
    refusal: Refusal | None = None
    "Policy that only the service can judge, e.g. that proof of identity was wrong."
    identity: Identity | None = None
    wish: HandoffRequest | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """What a lookup of facts is told."""

    arguments: Mapping[str, Any]
    context: CallContext
    key: str


async def _no_facts(sought: Sought) -> Facts:
    return Facts()


def _no_preview(case: Case) -> Answer:
    return Answer()


@dataclass(frozen=True)
class Tool:
    """A function that the model may ask for, through the gate."""

    run: Callable[..., Awaitable[Answer]]
    "Called with a `Permit` and the arguments by name. Its signature and docstring make the schema."
    policy: ToolPolicy
    facts: Callable[[Sought], Awaitable[Facts]] = _no_facts
    "Reads what policy needs from the service; raises `ToolError`."
    preview: Callable[[Case], Answer] = _no_preview
    "What would be done, as `data` and `pii` of a refusal: what to ask a confirmation for."
    name: str = ""
    "Default: the function's name."
    timeout_s: float = 6.0
    "For the whole call with all its tries."
    safe_to_retry: bool = True
    "The service does the same call twice only once."
    identifying: tuple[str, ...] | None = None
    "Arguments that tell two changes of one turn apart; None: all. Name those a model cannot phrase anew."
    signature: Signature = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signature", describe(self.run, self.name or None))
        unknown = set(self.policy.sources) - {each.name for each in self.signature.parameters}
        if unknown:
            raise TypeError(f"{self.signature.name} has no arguments {sorted(unknown)}")
