from pipelines.agent.commands import Affirm, Ask, Correct, Courtesy, Fill, HandOff, Start, labels


def test_labels_say_what_was_meant_and_never_a_value() -> None:
    commands = [
        Start("refund", (("order_id", "10523"),)),
        Fill("zip", "60614"),
        Correct("order_id", "10437"),
        Ask("where does Maya live"),
        HandOff(),
        Affirm(),
        Courtesy("bye"),
    ]
    assert labels(commands) == [
        "start(refund)",
        "fill(zip)",
        "correct(order_id)",
        "ask",
        "hand_off",
        "affirm",
        "bye",
    ]
