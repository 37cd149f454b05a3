"""The policy gate: whether a tool call may go ahead, judged from facts and not from words. [core]

Two questions, because facts cost a request: `before_looking` (was an argument invented, who is asking) and
`after_looking` (is it theirs, do the rules allow it, did they say yes). Both return None for "go ahead". What
a model or a customer writes reaches neither limits nor facts, so there is nothing to talk around.

Confirmation is judged last: an unconfirmed call that is refused with `not_confirmed` would otherwise be
allowed, so a workflow may ask first and promise nothing it cannot keep.
"""

from collections.abc import Mapping
from typing import Any

from tools import refusals
from tools.evidence import occurs
from tools.policy import Access, Case, Source, ToolPolicy
from tools.records import Cents, Line
from tools.tool import CallContext, Effect, Evidence, Refusal


def before_looking(policy: ToolPolicy, arguments: Mapping[str, Any], context: CallContext) -> Refusal | None:
    """Refuse invented arguments and strangers, before any service is asked.

    A colleague may have heard or read a value anywhere, so theirs count as given; whose orders they may touch
    is judged as ever.
    """
    if context.colleague is not None:
        if context.colleague.role not in policy.desk:
            return refusals.NOT_ALLOWED
    elif (name := _invented(policy, arguments, context)) is not None:
        return refusals.invented(name)
    if policy.access is Access.VERIFIED and context.identity is None:
        return refusals.NOT_VERIFIED
    return None


def after_looking(policy: ToolPolicy, case: Case) -> Refusal | None:
    """Refuse what is not theirs, what a rule forbids, and what was not confirmed.

    A call the service has already carried out passes: its receipt is owed, not a second judgement.
    """
    if policy.of_order and not _is_theirs(case):
        return refusals.NOT_YOURS
    if case.facts.done is not None:
        return None
    for rule in policy.rules:
        if refusal := rule(case):
            return refusal
    if policy.effect is Effect.WRITE and not case.context.confirmed:
        return refusals.NOT_CONFIRMED
    return None


def _invented(policy: ToolPolicy, arguments: Mapping[str, Any], context: CallContext) -> str | None:
    """The first argument that nobody gave us."""
    for name, source in policy.sources.items():
        value = arguments.get(name)
        if value is not None and not occurs(value, _evidence(source, context)):
            return name
    return None


def _evidence(source: Source, context: CallContext) -> Evidence:
    if source is Source.SAID:
        return Evidence(said=context.evidence.said)
    identity = context.identity
    known = [*context.evidence.results, *([identity.pii] if identity else [])]
    return Evidence(said=context.evidence.said, results=known)


def _is_theirs(case: Case) -> bool:
    order, identity = case.facts.order, case.context.identity
    return order is not None and identity is not None and order.customer_id == identity.customer_id


# --- rules -----------------------------------------------------------------------------------------


def verification_open(case: Case) -> Refusal | None:
    """So many failed tries and the session stays unverified."""
    if case.facts.failed_tries >= case.limits.verification_tries:
        return refusals.VERIFICATION_LOCKED
    return None


def not_cancelled(case: Case) -> Refusal | None:
    """A cancelled order is neither cancelled again, nor changed, nor refunded once more."""
    order = case.facts.order
    return refusals.ALREADY_CANCELLED if order and order.status == "cancelled" else None


def not_shipped(case: Case) -> Refusal | None:
    """Only what has not left the warehouse can be cancelled or sent elsewhere."""
    order = case.facts.order
    return refusals.ALREADY_SHIPPED if order and order.shipped else None


def refund_in_time(case: Case) -> Refusal | None:
    """Refunds begin with the delivery and end `refund_days` after it."""
    order = case.facts.order
    if order is None or order.delivered_on is None:
        return refusals.NOT_DELIVERED
    if (case.today - order.delivered_on).days > case.limits.refund_days:
        return refusals.too_late(case.limits.refund_days)
    return None


def refund_once(case: Case) -> Refusal | None:
    """Every line is refunded at most once, and never more than was paid."""
    if case.arguments.get("item") is not None and not _named_lines(case):
        return refusals.UNKNOWN_ITEM
    return None if lines_to_refund(case) else refusals.ALREADY_REFUNDED


def refund_within_limit(case: Case) -> Refusal | None:
    """All refunds of an order together stay within the limit: splitting one does not make it smaller."""
    order = case.facts.order
    colleague = case.context.colleague
    before, limit = order.refunded_cents if order else 0, case.limits.refund_limit_of(colleague)
    if before + amount_to_refund(case) <= limit:
        return None
    return refusals.over_own_limit(limit) if colleague else refusals.over_limit(limit)


REFUND_RULES = (not_cancelled, refund_in_time, refund_once, refund_within_limit)
BEFORE_SHIPPING_RULES = (not_cancelled, not_shipped)


def lines_to_refund(case: Case) -> tuple[Line, ...]:
    """What a refund is for: the named item or the whole order, less what was refunded before."""
    return tuple(line for line in _named_lines(case) if not line.refunded)


def amount_to_refund(case: Case) -> Cents:
    """What a refund comes to, from the order as the shop has it; no argument changes it."""
    return sum(line.paid_cents for line in lines_to_refund(case))


def _named_lines(case: Case) -> tuple[Line, ...]:
    order, item = case.facts.order, case.arguments.get("item")
    if order is None:
        return ()
    if item is None:
        return order.lines
    wanted = _words(item)
    exact = tuple(line for line in order.lines if _words(line.name) == wanted)
    near = tuple(line for line in order.lines if wanted and wanted <= _words(line.name))
    return exact or (near if len(near) == 1 else ())


_NO_NAMES = frozenset({"the", "a", "an", "my", "just", "one"})


def _words(name: str) -> frozenset[str]:
    """The words of an item's name without plural endings: "the socks" is "wool socks" if nothing else is."""
    words = "".join(char if char.isalnum() else " " for char in name.casefold()).split()
    return frozenset(word.rstrip("s") or word for word in words if word not in _NO_NAMES)
