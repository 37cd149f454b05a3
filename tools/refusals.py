"""Every refusal policy can give: a stable code and one honest sentence. [core]

Workflows and tests name the codes; customers hear the sentences. No sentence holds personal data, and
`not_yours` is the answer for an order that does not exist as well, so that nobody learns which do.
"""

from dataclasses import replace

from tools.tool import HandoffRequest, Refusal

NOT_VERIFIED = Refusal(
    "not_verified",
    "Before I can look at anything personal I need your ZIP code and an order number or your e-mail.",
)
VERIFICATION_FAILED = Refusal(
    "verification_failed",
    "Those details don't match what we have on file. Could you check them and try again?",
)
VERIFICATION_LOCKED = Refusal(
    "verification_locked",
    "I couldn't confirm who you are after several tries, so I can't go on with this myself. "
    "A colleague can help you.",
    offer_person=True,
)
NOT_YOURS = Refusal(
    "not_yours", "I can't find an order with that number on your account.", argument="order_id"
)
INVENTED_ARGUMENT = Refusal("invented_argument", "I need to hear that detail from you before I can go on.")
NOT_CONFIRMED = Refusal("not_confirmed", "I'll only do that after you say yes to it.")
NOT_ALLOWED = Refusal("not_allowed", "Your role may not do that at the desk.")
NOT_DELIVERED = Refusal("not_delivered", "That order hasn't been delivered yet, so I can't refund it.")
ALREADY_REFUNDED = Refusal("already_refunded", "That has already been refunded.")
ALREADY_CANCELLED = Refusal("already_cancelled", "That order has already been cancelled.")
ALREADY_SHIPPED = Refusal("already_shipped", "That order has already shipped, so I can't change it any more.")
UNKNOWN_ITEM = Refusal("unknown_item", "I can't find that item in the order.", argument="item")
TOO_LATE = Refusal("too_late", "The time for a refund on that order is over.")
OVER_LIMIT = Refusal(
    "over_limit",
    "That refund is larger than I may make by myself. A colleague can look at it with you.",
    offer_person=True,
)

WISHES = {OVER_LIMIT.code: HandoffRequest("over_limit", skill="refunds")}
"Refusals that ask for a person at once."

ALL = (
    NOT_VERIFIED,
    VERIFICATION_FAILED,
    VERIFICATION_LOCKED,
    NOT_YOURS,
    INVENTED_ARGUMENT,
    NOT_CONFIRMED,
    NOT_ALLOWED,
    NOT_DELIVERED,
    ALREADY_REFUNDED,
    ALREADY_CANCELLED,
    ALREADY_SHIPPED,
    UNKNOWN_ITEM,
    TOO_LATE,
    OVER_LIMIT,
)


def invented(argument: str) -> Refusal:
    """The refusal of an argument that nobody gave us."""
    return replace(INVENTED_ARGUMENT, argument=argument)


def too_late(days: int) -> Refusal:
    """The refusal of a refund more than `days` after delivery."""
    sentence = (
        f"Refunds are possible within {days} days of delivery, and that order arrived earlier than that."
    )
    return replace(TOO_LATE, sentence=sentence, limit={"refund_days": days})


def over_limit(limit_cents: int) -> Refusal:
    """The refusal of a refund above the limit."""
    sentence = (
        f"Refunds over {_money(limit_cents)} are decided by a person, so I'd like to bring in a colleague."
    )
    return replace(OVER_LIMIT, sentence=sentence, limit={"refund_limit": limit_cents / 100})


def over_own_limit(limit_cents: int) -> Refusal:
    """The same for a colleague at the desk, who has a limit of their own."""
    sentence = f"Refunds over {_money(limit_cents)} are beyond what your role may decide."
    limit = {"refund_limit": limit_cents / 100}
    return replace(OVER_LIMIT, sentence=sentence, offer_person=False, limit=limit)


def _money(cents: int) -> str:
    return f"${cents / 100:,.2f}".removesuffix(".00")
