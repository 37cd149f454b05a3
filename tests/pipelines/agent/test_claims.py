import pytest

from pipelines.agent.claims import unproven


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("I have refunded your order.", "refund"),
        ("I've gone ahead and processed the refund of $749.", "refund"),
        ("Your refund has been processed and will arrive soon!", "refund"),
        ("I’ll cancel it right away.", "cancellation"),
        ("Order 10951 has now been cancelled.", "cancellation"),
        ("I just updated your address.", "address"),
        ("A reset link was sent to you.", "password"),
        ("I've booked an appointment for you.", "booking"),
        ("We will send you a replacement.", "replacement"),
        ("I will forward this to our team.", "message"),
        ("I have created a ticket for you.", "ticket"),
        ("Your account has been deleted.", "account"),
        ("Done!", "done"),
        ("It's all set.", "done"),
        ("Sure. I am processing your refund now. Anything else?", "refund"),
    ],
)
def test_a_deed_without_a_receipt_is_found(text: str, deed: str) -> None:
    assert deed in unproven(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "I can't refund that.",
        "I haven't cancelled anything.",
        "Would you like me to cancel it?",
        "Shall I refund the order?",
        "You can return it within 30 days.",
        "Our stores are open from 10 to 8.",
        "Your order will be refunded once we receive it.",
        "I'm glad I could help!",
        "Only a person can approve a refund, I can not.",
        "What would you like to do?",
    ],
)
def test_offers_denials_and_small_talk_claim_nothing(text: str) -> None:
    assert unproven(text, ()) == []


def test_a_receipt_proves_its_own_deed_only() -> None:
    assert unproven("I have refunded your order.", {"request_refund"}) == []
    assert unproven("I have refunded your order.", {"change_address"}) == ["refund"]
    assert unproven("I cancelled the order and refunded it.", {"cancel_order"}) == []
    assert unproven("Done.", {"change_address"}) == []
