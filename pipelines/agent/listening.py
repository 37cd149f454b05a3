"""What can be done for an answer before the customer has finished asking.

A model on the CPU reads some eighty tokens a second, and has nothing to do while we speak or listen. So it
reads then what its next answer will begin with, in the call's own cache slot. It only pays where the model is
likely to be asked: not while a workflow waits for a value, and not for what an article answers.
"""

from knowledge.embedding import EmbeddingUnavailable
from pipelines.agent.turn import Parts
from pipelines.conversation import Conversation
from pipelines.facts import Unavailable


async def listen(parts: Parts, conversation: Conversation, words: str) -> None:
    """Read ahead for the customer's turn; `words` are those heard so far, if any. Never raises."""
    workflow = conversation.workflow
    if parts.tool_loop is None or (workflow is not None and workflow.awaiting):
        return
    if words:
        try:
            finding = await parts.grounded.find(words)
        except (EmbeddingUnavailable, Unavailable):
            return
        if finding.covered:
            await parts.grounded.read_ahead(finding, "voice", conversation.session_id)
            return
    await parts.tool_loop.read_ahead(conversation, words)
