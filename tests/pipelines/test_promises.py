import pytest

from pipelines.promises import LONGEST, promises


@pytest.mark.parametrize(
    "text",
    [
        "I'll call you back tomorrow.",
        "We will send you a new one.",
        "A colleague will answer by email.",
        "It should arrive by November 24.",
        "$84.00 comes back to you within 3 to 5 business days.",
        "I've asked a colleague to take this up; your reference is T-1.",
        "I’m going to check that with the warehouse.",
    ],
)
def test_what_will_happen_is_a_promise(text: str) -> None:
    assert promises(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What is the order number?",
        "Will you be at home?",
        "I won't refund anything.",
        "If you return it, we will refund you.",
        "An order number has five digits; you'll find it in your confirmation email.",
        "Okay, I'll leave your refund for now.",
        "Refunds over $500 are decided by a person.",
        "Shall I send that to my colleagues? They will answer by email.",
    ],
)
def test_questions_conditions_and_refusals_are_none(text: str) -> None:
    assert promises(text) == []


def test_only_the_sentence_that_promises_is_kept_and_not_at_any_length() -> None:
    assert promises("I am sorry. I will call you. Bye now.") == ["I will call you."]
    assert len(promises(f"I will {'really ' * 200}call.")[0]) == LONGEST
