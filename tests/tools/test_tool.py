from tools.tool import Outcome, ToolError, ToolResult


def test_an_error_says_whether_to_retry_and_has_a_code() -> None:
    error = ToolError("It is closed.", retry=True)
    assert (str(error), error.retry, error.code) == ("It is closed.", True, "rejected")


def test_a_result_holds_nothing_but_what_it_was_given() -> None:
    first, second = (ToolResult(f"t{n}", "look", Outcome.DONE) for n in (1, 2))
    assert first.data == {} and first.receipt is None and first.wish is None
    assert first != second
