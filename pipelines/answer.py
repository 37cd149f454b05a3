"""How an answer is made, word by word: the seam between the agent and whoever gives it a mouth.

Voice and chat run the same `Answerer`. It yields what to say, what that rests on, and facts; the runner
emits each fact (which stores it and applies it to the conversation) before it asks for the next item,
so the answerer always sees its own effects in the conversation.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pipelines.conversation import Conversation
from pipelines.facts import Channel, Cited, Fact


@dataclass(frozen=True, slots=True)
class Say:
    """The next words of the answer, spacing included."""

    text: str
    complete: bool = field(default=False, compare=False)
    "A sentence or clause ends with them: they can be spoken before the next words come."


@dataclass(frozen=True, slots=True)
class Filler:
    """What may be said until the next words come, because they are long in coming. Spoken answers only."""

    text: str
    "A whole sentence, true of any answer."
    after_s: float = 0.0
    "Not before so many seconds have passed, because the words may be there sooner."


@dataclass(frozen=True, slots=True)
class Basis:
    """What the words rest on; the last one counts."""

    source: Literal["workflow", "knowledge", "model", "fixed"]
    citations: tuple[Cited, ...] = ()


Piece = Say | Filler | Basis | Fact


class Answerer(Protocol):
    """Answers one customer turn."""

    def respond(self, conversation: Conversation, turn_id: str, channel: Channel) -> AsyncIterator[Piece]:
        """Answer the customer's turn `turn_id`, which is already in the conversation.

        Ends by itself within its own deadline and says an honest sentence within 3 s whatever is down, or 2 s
        later behind a `Filler`.
        Closing the iterator (`aclose`) cancels the answer. Between a `ToolCalled` with effect `write`
        and its `ToolFinished` the runner must not close it: it stops speaking and waits for the second.

        While the end of a turn is in doubt the answer may be drafted: then the conversation is a copy, the
        iterator may be closed at any piece, and a `ToolCalled` with another effect than `read` is not
        followed by a request for the next piece before the turn is over.
        """

    def greeting(self, channel: Channel) -> str:
        """What is said first, unasked."""

    def sayings(self) -> Sequence[str]:
        """What spoken answers often begin with, word for word, the most frequent first; nothing personal."""

    async def warm(self) -> None:
        """Prefill what every answer begins with; called when the phone rings. Never raises."""

    async def listen(self, conversation: Conversation, words: str) -> None:
        """Prepare for the turn that the customer is about to take or is in; `words` are those heard so far.

        Has no effect but speed. Gives way to any answer; cancel it when the turn ends. Never raises.
        """

    def forget(self, session_id: str) -> None:
        """The session has ended: what was kept ready for it may go."""
