from pipelines.agent.position import Position
from pipelines.agent.steps import Answer, Decision, Use


def test_a_decision_waits_for_the_tool_call_it_ends_in_and_for_no_other() -> None:
    use = Use("look_up_order", {"order_id": "10437"})
    assert Decision(Position(), (Answer("why"), use)).use is use
    assert Decision(Position(), (use, Answer("why"))).use is None
    assert Decision(Position(), ()).use is None
