from datetime import date

import pytest

from tests.fakes.shop_in_process import NOW
from tools.policy import Access, Case, Facts, PolicyLimits, ToolPolicy
from tools.tool import CallContext, Colleague, Effect


def test_the_limits_that_were_promised_to_customers_are_the_default() -> None:
    limits = PolicyLimits()
    assert (limits.refund_days, limits.refund_limit_cents, limits.verification_tries) == (30, 50_000, 3)


def test_people_may_refund_more_than_the_bot() -> None:
    limits = PolicyLimits()
    agent, supervisor = Colleague("a_1", "agent"), Colleague("a_2", "supervisor")
    assert [limits.refund_limit_of(each) for each in (None, agent, supervisor)] == [50_000, 100_000, 500_000]


def test_limits_cannot_be_changed_once_made() -> None:
    with pytest.raises(AttributeError):
        PolicyLimits().refund_limit_cents = 10**9  # type: ignore[misc]


def test_who_declares_nothing_reads_only_and_for_verified_customers() -> None:
    assert ToolPolicy().effect is Effect.READ
    assert ToolPolicy().access is Access.VERIFIED


def test_today_is_the_date_of_the_call_and_not_of_the_machine() -> None:
    case = Case({}, CallContext("s", "c", NOW), Facts(), PolicyLimits())
    assert case.today == date(2026, 11, 22)
