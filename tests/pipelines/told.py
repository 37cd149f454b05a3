"""Facts as a session's log has them, in few words: for tests of whoever folds them."""

from typing import Any, Literal

from pipelines.facts import (
    Channel,
    CustomerTurn,
    HumanTurn,
    IdentityVerified,
    NoteAdded,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Understood,
    Values,
    Words,
    WorkflowChanged,
)


def customer(turn_id: str, text: str, channel: Channel = "chat") -> CustomerTurn:
    return CustomerTurn(turn_id=turn_id, channel=channel, pii=Words(text=text))


def understood(turn_id: str, *commands: str, confidence: float = 1.0) -> Understood:
    return Understood(turn_id=turn_id, commands=list(commands), by="classifier", confidence=confidence)


def reply(
    answers: str,
    text: str,
    source: Literal["workflow", "knowledge", "model", "fixed"] = "workflow",
    **more: Any,
) -> ReplyDone:
    return ReplyDone(turn_id=f"r-{answers}", answers=answers, source=source, pii=Words(text=text), **more)


def human(turn_id: str, text: str) -> HumanTurn:
    return HumanTurn(turn_id=turn_id, channel="chat", agent_id="a_1", agent="Ada", pii=Words(text=text))


def note(text: str, purpose: Literal["private", "hand_back", "whisper", "wrap_up"] = "private") -> NoteAdded:
    return NoteAdded(purpose=purpose, agent_id="a_1", agent="Ada", pii=Words(text=text))


def workflow(name: str, state: str, awaiting: str | None = None, **slots: Any) -> WorkflowChanged:
    return WorkflowChanged(
        workflow=name,
        state=state,  # type: ignore[arg-type]
        awaiting=awaiting,
        pii=Values(values=slots),
    )


def called(call_id: str, tool: str, effect: str = "read", **arguments: Any) -> ToolCalled:
    return ToolCalled(
        turn_id=call_id.split(".")[0],
        call_id=call_id,
        tool=tool,
        effect=effect,  # type: ignore[arg-type]
        pii=Values(values=arguments),
    )


def finished(
    call_id: str,
    tool: str,
    outcome: Literal["done", "refused", "failed"] = "done",
    code: str | None = None,
    receipt: str | None = None,
    agent_id: str | None = None,
    **values: Any,
) -> ToolFinished:
    return ToolFinished(
        turn_id=call_id.split(".")[0],
        call_id=call_id,
        tool=tool,
        outcome=outcome,
        code=code,
        receipt_id=receipt,
        agent_id=agent_id,
        pii=Values(values=values),
    )


def verified(
    name: str = "Maya Lindqvist", email: str = "maya@example.com", zip: str = "60614"
) -> IdentityVerified:
    values = Values(values={"name": name, "email": email, "zip": zip})
    return IdentityVerified(customer_id="C0001", method="order+zip", pii=values)
