from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import gate
from tools.policy import AT_DESK, Access, Case, Facts, PolicyLimits, Source, ToolPolicy
from tools.records import Deed, Line, Order
from tools.tool import CallContext, Colleague, Effect, Evidence, Identity, Refusal

TODAY = date(2026, 11, 22)
MAYA = Identity("C0001", "order+zip", {"name": "Maya Lindqvist", "zip": "60614"})
REFUND = ToolPolicy(Effect.WRITE, rules=gate.REFUND_RULES, of_order=True)
CANCEL = ToolPolicy(Effect.WRITE, rules=gate.BEFORE_SHIPPING_RULES, of_order=True)


def line(line_id: int, cents: int, *, refunded: bool = False, name: str = "Thing", quantity: int = 1) -> Line:
    return Line(line_id=line_id, name=name, quantity=quantity, price_cents=cents, refunded=refunded)


def order(*lines: Line, **changes: Any) -> Order:
    paid = lines or (line(1, 8_400),)
    known: dict[str, Any] = {
        "order_id": "10523",
        "customer_id": "C0001",
        "version": 1,
        "status": "delivered",
        "placed_on": TODAY - timedelta(days=10),
        "shipped_on": TODAY - timedelta(days=9),
        "expected_on": None,
        "delivered_on": TODAY - timedelta(days=5),
        "carrier": None,
        "tracking_number": None,
        "lines": paid,
        "total_cents": sum(each.paid_cents for each in paid),
        "refunded_cents": sum(each.paid_cents for each in paid if each.refunded),
        "ship_to": "12 Oak Street",
    }
    return Order.model_validate(known | changes)


def context(**changes: Any) -> CallContext:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
    known: dict[str, Any] = {"now": now, "identity": MAYA, "confirmed": True}
    return CallContext("s_1", "c1", **(known | changes))


def judge(policy: ToolPolicy, about: Order | None, item: str | None = None, **changes: Any) -> str | None:
    case = Case({"order_id": "10523", "item": item}, context(**changes), Facts(about), PolicyLimits())
    return code(gate.after_looking(policy, case))


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def asked(policy: ToolPolicy, arguments: dict[str, Any], **changes: Any) -> str | None:
    return code(gate.before_looking(policy, arguments, context(**changes)))


# --- before looking ----------------------------------------------------------------------------------


def test_an_argument_nobody_gave_is_refused_and_named() -> None:
    policy = ToolPolicy(sources={"order_id": Source.KNOWN})
    refusal = gate.before_looking(policy, {"order_id": "12345"}, context())
    assert refusal is not None
    assert (refusal.code, refusal.argument) == ("invented_argument", "order_id")


def test_known_is_what_was_said_found_or_proven() -> None:
    policy = ToolPolicy(sources={"value": Source.KNOWN})
    said = Evidence(said=["order one two three four five"])
    found = Evidence(results=[{"order_id": "12345"}])
    assert asked(policy, {"value": "12345"}, evidence=said) is None
    assert asked(policy, {"value": "12345"}, evidence=found) is None
    assert asked(policy, {"value": "60614"}) is None
    assert asked(policy, {"value": "60614"}, identity=None) == "invented_argument"


def test_said_is_only_what_was_said() -> None:
    policy = ToolPolicy(access=Access.ANYONE, sources={"zip_code": Source.SAID})
    found = Evidence(results=[{"zip": "60614"}])
    assert asked(policy, {"zip_code": "60614"}, evidence=found) == "invented_argument"
    assert asked(policy, {"zip_code": "60614"}, evidence=Evidence(said=["60614"])) is None


def test_arguments_left_out_need_no_evidence() -> None:
    assert asked(ToolPolicy(sources={"email": Source.SAID}), {"email": None}) is None


def test_strangers_reach_only_what_is_for_anyone() -> None:
    assert asked(ToolPolicy(), {}, identity=None) == "not_verified"
    assert asked(ToolPolicy(access=Access.ANYONE), {}, identity=None) is None


# --- after looking -----------------------------------------------------------------------------------


def test_an_order_that_is_missing_and_one_of_somebody_else_get_the_same_answer() -> None:
    def verdict(found: Order | None) -> Refusal | None:
        return gate.after_looking(REFUND, Case({}, context(), Facts(found), PolicyLimits()))

    assert verdict(None) == verdict(order(customer_id="C0002"))
    assert code(verdict(None)) == "not_yours"


def test_a_refund_within_all_limits_is_allowed_once_confirmed() -> None:
    assert judge(REFUND, order()) is None
    assert judge(REFUND, order(), confirmed=False) == "not_confirmed"


def test_reading_needs_no_confirmation() -> None:
    assert judge(ToolPolicy(of_order=True), order(), confirmed=False) is None


@pytest.mark.parametrize(("days", "verdict"), [(0, None), (30, None), (31, "too_late"), (400, "too_late")])
def test_refunds_end_thirty_days_after_delivery(days: int, verdict: str | None) -> None:
    assert judge(REFUND, order(delivered_on=TODAY - timedelta(days=days))) == verdict


@pytest.mark.parametrize(
    ("cents", "verdict"), [(1, None), (50_000, None), (50_001, "over_limit"), (74_900, "over_limit")]
)
def test_refunds_above_the_limit_need_a_person(cents: int, verdict: str | None) -> None:
    assert judge(REFUND, order(line(1, cents))) == verdict


def test_what_is_told_before_a_confirmation_is_what_would_come_of_it() -> None:
    assert judge(REFUND, order(line(1, 74_900)), confirmed=False) == "over_limit"


def test_splitting_a_refund_does_not_get_around_the_limit() -> None:
    whole = order(line(1, 30_000, name="Tent"), line(2, 30_000, name="Stove"))
    begun = order(line(1, 30_000, name="Tent", refunded=True), line(2, 30_000, name="Stove"))
    assert judge(REFUND, whole) == "over_limit"
    assert judge(REFUND, whole, "tent") is None
    assert judge(REFUND, begun, "stove") == "over_limit"
    assert judge(REFUND, begun) == "over_limit"


def test_nothing_is_refunded_twice() -> None:
    begun = order(line(1, 900, name="Tent", refunded=True), line(2, 900, name="Stove"))
    assert judge(REFUND, order(line(1, 900, refunded=True))) == "already_refunded"
    assert judge(REFUND, begun, "tent") == "already_refunded"
    assert judge(REFUND, begun) is None


@pytest.mark.parametrize(
    ("item", "verdict"),
    [
        ("the socks", None),
        ("Wool Socks", None),
        ("tent", "unknown_item"),
        ("jacket", "unknown_item"),
        ("", None),
    ],
)
def test_an_item_must_be_one_of_the_order(item: str, verdict: str | None) -> None:
    lines = (
        line(1, 900, name="Wool Socks"),
        line(2, 900, name="Rain Jacket"),
        line(3, 900, name="Trail Jacket"),
    )
    assert judge(REFUND, order(*lines), item or None) == verdict


def test_only_what_was_delivered_is_refunded() -> None:
    for status in ("processing", "shipped", "in_transit"):
        assert judge(REFUND, order(status=status, delivered_on=None)) == "not_delivered"
    assert judge(REFUND, order(status="cancelled", delivered_on=None)) == "already_cancelled"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("processing", None),
        ("shipped", "already_shipped"),
        ("in_transit", "already_shipped"),
        ("delivered", "already_shipped"),
        ("cancelled", "already_cancelled"),
    ],
)
def test_only_what_has_not_shipped_is_cancelled(status: str, verdict: str | None) -> None:
    assert judge(CANCEL, order(status=status)) == verdict


def test_a_change_that_was_made_already_is_owed_its_receipt_but_only_to_its_owner() -> None:
    done = Deed(receipt_id="R-30001", at=0.0)
    mine, theirs = (
        Case(
            {},
            context(),
            Facts(order(line(1, 900, refunded=True), customer_id=owner), done=done),
            PolicyLimits(),
        )
        for owner in ("C0001", "C0002")
    )
    assert gate.after_looking(REFUND, mine) is None
    assert code(gate.after_looking(REFUND, theirs)) == "not_yours"


@pytest.mark.parametrize(
    ("failed", "verdict"), [(0, None), (2, None), (3, "verification_locked"), (9, "verification_locked")]
)
def test_three_failed_tries_end_verification(failed: int, verdict: str | None) -> None:
    case = Case({}, context(), Facts(failed_tries=failed), PolicyLimits())
    assert code(gate.verification_open(case)) == verdict


LINES = st.lists(st.tuples(st.integers(0, 80_000), st.booleans(), st.integers(1, 3)), min_size=1, max_size=5)


@given(LINES, st.integers(0, 60), st.sampled_from([None, "thing 0", "thing 1", "anything"]))
def test_whatever_is_allowed_keeps_every_limit(
    drawn: list[tuple[int, bool, int]], days: int, item: str | None
) -> None:
    lines = [
        line(place, cents, refunded=refunded, name=f"Thing {place}", quantity=quantity)
        for place, (cents, refunded, quantity) in enumerate(drawn)
    ]
    about = order(*lines, delivered_on=TODAY - timedelta(days=days))
    case = Case({"item": item}, context(), Facts(about), PolicyLimits())
    if gate.after_looking(REFUND, case) is None:
        refunded = gate.lines_to_refund(case)
        after = about.refunded_cents + gate.amount_to_refund(case)
        assert refunded and not any(each.refunded for each in refunded)
        assert after <= min(50_000, about.total_cents)
        assert days <= 30


# --- at the desk -------------------------------------------------------------------------------------

AGENT, SUPERVISOR, ADMIN = (Colleague("a_1", role) for role in ("agent", "supervisor", "admin"))


@pytest.mark.parametrize("colleague", [AGENT, SUPERVISOR])
def test_a_colleague_may_run_what_the_desk_may_and_give_values_that_nobody_said(colleague: Colleague) -> None:
    policy = ToolPolicy(sources={"order_id": Source.SAID}, desk=AT_DESK)
    assert asked(policy, {"order_id": "12345"}, colleague=colleague) is None


@pytest.mark.parametrize("colleague", [AGENT, SUPERVISOR, ADMIN])
def test_a_tool_that_names_no_desk_role_is_the_bots_alone(colleague: Colleague) -> None:
    assert asked(ToolPolicy(access=Access.ANYONE), {}, colleague=colleague) == "not_allowed"


def test_an_admin_serves_no_customer() -> None:
    assert asked(ToolPolicy(access=Access.ANYONE, desk=AT_DESK), {}, colleague=ADMIN) == "not_allowed"


def test_a_colleague_too_needs_a_customer_who_has_proven_who_they_are_and_their_own_order() -> None:
    assert asked(ToolPolicy(desk=AT_DESK), {}, colleague=SUPERVISOR, identity=None) == "not_verified"
    assert judge(REFUND, order(customer_id="C0002"), colleague=SUPERVISOR) == "not_yours"


def test_a_colleague_decides_on_more_than_the_bot_and_a_supervisor_on_more_than_an_agent() -> None:
    def refund(cents: int, colleague: Colleague | None) -> str | None:
        return judge(REFUND, order(line(1, cents)), colleague=colleague)

    assert [refund(74_900, each) for each in (None, AGENT, SUPERVISOR)] == ["over_limit", None, None]
    assert [refund(150_000, each) for each in (None, AGENT, SUPERVISOR)] == ["over_limit", "over_limit", None]
    assert refund(900_000, SUPERVISOR) == "over_limit"


def test_other_rules_hold_for_colleagues_as_for_the_bot() -> None:
    late = order(delivered_on=TODAY - timedelta(days=48))
    assert judge(REFUND, late, colleague=SUPERVISOR) == "too_late"
    assert judge(CANCEL, order(), colleague=SUPERVISOR) == "already_shipped"


def test_what_a_colleague_only_asks_about_is_not_done() -> None:
    assert judge(REFUND, order(), colleague=AGENT, confirmed=False) == "not_confirmed"
