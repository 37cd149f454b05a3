"""What agents choose from: how a contact ended, and replies that they need not type."""

from typing import Annotated

from pydantic import Field

from gateway.section import Section
from gateway.trunks import Label

Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class Disposition(Section):
    """How a contact ended, as agents choose from."""

    code: Label
    title: Text


class Canned(Section):
    """A reply that agents need not type."""

    key: Label
    title: Text
    text: Text


DISPOSITIONS = tuple(
    Disposition(code=code, title=title)
    for code, title in [
        ("resolved", "Resolved"),
        ("follow-up", "Needs a follow-up"),
        ("escalated", "Passed on"),
        ("customer-left", "The customer left"),
        ("wrong-queue", "Wrong queue"),
        ("spam", "Spam or abuse"),
    ]
)
CANNED = (
    Canned(
        key="hello",
        title="Greeting",
        text="Hello, I have read what you wrote so far. Give me a moment to look at it.",
    ),
    Canned(key="moment", title="One moment", text="Thanks for waiting, I am looking into it."),
    Canned(key="else", title="Anything else?", text="Is there anything else that I can do for you?"),
    Canned(key="bye", title="Goodbye", text="Thank you for getting in touch. Have a good day!"),
)
