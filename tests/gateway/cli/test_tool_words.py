from gateway.cli.tool_words import outcome_words


def test_an_outcome_is_told_with_its_reason() -> None:
    assert outcome_words({"tool": "look_up_order", "outcome": "done"}) == "look_up_order: done"
    refused = {"tool": "request_refund", "outcome": "refused", "code": "over_limit"}
    assert outcome_words(refused) == "request_refund: refused (over_limit)"


def test_a_question_before_an_effect_is_not_told_as_a_refusal() -> None:
    asked = {"tool": "cancel_order", "outcome": "refused", "code": "not_confirmed"}
    assert outcome_words(asked) == "cancel_order: possible, waits for a yes"
