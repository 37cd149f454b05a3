"""What the desk is told of a tool that an agent ran."""

from gateway.desk.conductor import ToolRequest
from gateway.desk.messages import ToolRan
from tools.tool import ToolResult


def tool_ran(session_id: str, request: ToolRequest, result: ToolResult) -> ToolRan:
    """A refusal is an answer like any other; it has its code and the sentence that says why."""
    refusal, receipt = result.refusal, result.receipt
    return ToolRan(
        session=session_id,
        id=request.request_id,
        tool=request.tool,
        outcome=result.outcome.value,
        code=refusal.code if refusal else result.error,
        message=refusal.sentence if refusal else None,
        receipt_id=receipt.receipt_id if receipt else None,
        values={**result.data, **result.pii},
    )
