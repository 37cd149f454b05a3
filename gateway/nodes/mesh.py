"""Questions and news between nodes. Everything passes as JSON objects; nodes trust each other."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from gateway.events import Message

Serve = Callable[[Message], Awaitable[Message | None]]
"Answers a question or takes a piece of news; None: it is not for us to answer. Raises nothing but our bugs."

ANSWER_S = 3.0
"Nobody has answered by then: the node is gone, or the question was lost."
GATHER_S = 0.3
"For answers of all nodes."


class Mesh(Protocol):
    """This node among the others. Questions and news reach the other nodes, not the one that sends them."""

    @property
    def node(self) -> str:
        """Names this node; unique among those that live."""

    def serve(self, topic: str, serve: Serve) -> None:
        """What other nodes ask or tell under this topic goes there from now on."""

    async def ask(
        self, topic: str, question: Message, node: str | None = None, within_s: float = ANSWER_S
    ) -> Message | None:
        """The first answer of any other node, or of that one; None when none comes in time.

        Raises `Unavailable` when the question cannot be sent.
        """

    async def ask_all(self, topic: str, question: Message) -> Sequence[Message]:
        """All answers that come within 0.3 s. Raises `Unavailable`."""

    def tell(self, topic: str, news: Message, node: str | None = None) -> None:
        """Send news to every other node, or to that one, soon. What cannot be sent is lost, and counted."""

    async def run(self) -> None:
        """Send and receive, until cancelled."""


class Alone:
    """The mesh of a single node: nobody is there to be asked."""

    node = "here"

    def serve(self, topic: str, serve: Serve) -> None:
        """See `Mesh`."""

    async def ask(
        self, topic: str, question: Message, node: str | None = None, within_s: float = ANSWER_S
    ) -> Message | None:
        """See `Mesh`."""
        return None

    async def ask_all(self, topic: str, question: Message) -> Sequence[Message]:
        """See `Mesh`."""
        return ()

    def tell(self, topic: str, news: Message, node: str | None = None) -> None:
        """See `Mesh`."""

    async def run(self) -> None:
        """See `Mesh`."""
