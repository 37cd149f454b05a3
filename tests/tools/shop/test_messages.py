from typing import Any

import pytest
from pydantic import ValidationError

from tools.records import Order as OrderOfTheClient
from tools.shop import messages as m


@pytest.mark.parametrize(
    "body",
    [
        {"session_id": "s", "zip": "6061", "order_id": "10437"},
        {"session_id": "s", "zip": "60614", "order_id": "1043x"},
        {"session_id": "", "zip": "60614", "order_id": "10437"},
        {"session_id": "s", "zip": "60614", "email": "x" * 255},
        {"session_id": "s", "zip": "60614", "order_id": "10437", "admin": True},
    ],
)
def test_a_malformed_proof_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        m.Proof.model_validate(body)


def test_a_refund_names_lines_and_an_amount_above_nothing() -> None:
    known = {"customer_id": "C0001", "version": 1, "line_ids": [1], "amount_cents": 100}
    assert m.Refund.model_validate(known)
    wrongs: list[dict[str, Any]] = [
        {"line_ids": []},
        {"amount_cents": 0},
        {"amount_cents": -5},
        {"customer_id": "x"},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            m.Refund.model_validate(known | wrong)


def test_what_the_shop_says_of_an_order_its_client_understands() -> None:
    assert set(OrderOfTheClient.model_fields) == set(m.Order.model_fields)
