"""What came of a tool call, in the words of the command line, the same for chats and calls."""

from gateway.events import Message


def outcome_words(event: Message) -> str:
    """`look_up_order: done`, `request_refund: refused (over_limit)`, from a `tool.finished` event."""
    code = event.get("code")
    if code == "not_confirmed":
        return f"{event['tool']}: possible, waits for a yes"
    return f"{event['tool']}: {event['outcome']}" + (f" ({code})" if code else "")
