from gateway.desk.conductor import ToolRequest
from gateway.handoff.tool_answer import tool_ran
from tools.tool import Outcome, Receipt, Refusal, ToolResult

ASKED = ToolRequest("i1", "refund", {"amount": 5}, confirmed=True)


def told(result: ToolResult) -> dict[str, object]:
    return tool_ran("s_1", ASKED, result).model_dump(mode="json", exclude_none=True)


def test_what_was_done_has_its_receipt_and_all_that_was_found() -> None:
    receipt = Receipt("rc_1", "refund", 1.0, {"amount": 5.0})
    result = ToolResult(
        "c1", "refund", Outcome.DONE, data={"amount": 5.0}, pii={"name": "Maya"}, receipt=receipt
    )
    message = told(result)
    assert (message["session"], message["id"], message["tool"]) == ("s_1", "i1", "refund")
    assert (message["outcome"], message["receipt_id"]) == ("done", "rc_1")
    assert message["values"] == {"amount": 5.0, "name": "Maya"}


def test_a_refusal_says_why_in_a_sentence() -> None:
    refusal = Refusal("over_limit", "Refunds over $500 need a colleague.")
    message = told(ToolResult("c1", "refund", Outcome.REFUSED, refusal=refusal))
    assert (message["outcome"], message["code"]) == ("refused", "over_limit")
    assert message["message"] == "Refunds over $500 need a colleague."
    assert "receipt_id" not in message


def test_what_failed_says_what_went_wrong() -> None:
    message = told(ToolResult("c1", "refund", Outcome.FAILED, error="The shop did not answer."))
    assert (message["outcome"], message["code"]) == ("failed", "The shop did not answer.")
