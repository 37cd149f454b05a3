from dataclasses import FrozenInstanceError

import pytest

from pipelines.advisor import Advice, ToolRequest
from tools.tool import Colleague


def test_an_answer_is_known_unless_it_says_otherwise() -> None:
    assert Advice("Two years.").known and Advice("Two years.").citations == ()


def test_a_request_of_a_colleague_counts_as_their_yes_and_cannot_be_changed() -> None:
    request = ToolRequest("q1", "look_up_order", {}, Colleague("a_1", "agent"))
    assert request.confirmed
    with pytest.raises(FrozenInstanceError):
        request.tool = "request_refund"  # type: ignore[misc]
