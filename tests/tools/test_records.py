from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from tools.records import Order, dollars


def order(**changes: Any) -> Order:
    line = {"line_id": 1, "name": "Wool Socks", "quantity": 2, "price_cents": 1500, "refunded": False}
    known = {
        "order_id": "10437",
        "customer_id": "C0001",
        "version": 1,
        "status": "shipped",
        "placed_on": "2026-11-01",
        "shipped_on": "2026-11-02",
        "expected_on": None,
        "delivered_on": None,
        "carrier": "Northline",
        "tracking_number": "NL1",
        "lines": [line],
        "total_cents": 3000,
        "refunded_cents": 0,
        "ship_to": "12 Oak Street",
    }
    return Order.model_validate(known | changes)


def test_an_order_knows_what_its_lines_cost_and_what_to_be_called() -> None:
    lines = [
        {"line_id": n, "name": name, "quantity": 1, "price_cents": 100, "refunded": False}
        for n, name in enumerate(("Tent", "Stove", "Socks"))
    ]
    assert order().lines[0].paid_cents == 3000
    assert order().title == "Wool Socks"
    assert order(lines=lines[:2]).title == "Tent and Stove"
    assert order(lines=lines).title == "Tent, Stove and Socks"
    assert order().placed_on == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("status", "shipped"),
    [
        ("processing", False),
        ("shipped", True),
        ("in_transit", True),
        ("delivered", True),
        ("cancelled", False),
    ],
)
def test_shipped_is_what_has_left_the_warehouse(status: str, shipped: bool) -> None:
    assert order(status=status).shipped is shipped


def test_fields_nobody_knows_are_ignored_and_wrong_ones_are_not() -> None:
    assert order(gift_wrap=True) == order()
    wrongs: list[dict[str, Any]] = [
        {"status": "lost"},
        {"lines": []},
        {"total_cents": -1},
        {"placed_on": "soon"},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            order(**wrong)


def test_dollars_have_two_decimals() -> None:
    assert [dollars(cents) for cents in (0, 1, 12990, 74900)] == [0.0, 0.01, 129.9, 749.0]
