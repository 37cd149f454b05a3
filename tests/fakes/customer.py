"""A customer who talks to an answerer and does what a runner does: keeps each fact, in the log and in the
conversation, before asking for the next piece. So a conversation can be killed and gone on with anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pipelines.answer import Answerer, Basis, Filler, Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel, CustomerTurn, Fact, ReplyDone, ToolFinished, Words
from pipelines.filler import SILENCE_MS

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """What came of one turn."""

    pieces: list[Piece]
    first_words_s: float | None
    "From the turn's end to the first words, in the loop's time."

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(piece.text for piece in self.pieces if isinstance(piece, Say))

    @property
    def heard(self) -> str:
        """The same behind a filler, if one was offered and the words were long in coming."""
        fillers = self.facts(Filler)
        late = self.first_words_s is not None and self.first_words_s * 1_000 > SILENCE_MS
        return f"{fillers[0].text} {self.text}" if fillers and late else self.text

    @property
    def basis(self) -> Basis:
        """What it rests on."""
        return [piece for piece in self.pieces if isinstance(piece, Basis)][-1]

    @property
    def tools(self) -> list[ToolFinished]:
        """What came of each call."""
        return [piece for piece in self.pieces if isinstance(piece, ToolFinished)]

    def facts(self, kind: type[T]) -> list[T]:
        """The facts of a kind."""
        return [piece for piece in self.pieces if isinstance(piece, kind)]


@dataclass
class Customer:
    """Talks to an agent."""

    agent: Answerer
    channel: Channel = "chat"
    log: list[Fact] = field(default_factory=list)
    session_id: str = "session-1"

    def __post_init__(self) -> None:
        self.conversation = Conversation.fold(self.session_id, self.log)

    async def says(self, text: str) -> Reply:
        """A turn and its answer."""
        turn_id = f"turn-{len(self.conversation.turns) + 1}"
        self._keep(CustomerTurn(turn_id=turn_id, channel=self.channel, pii=Words(text=text)))
        return await self.hears(turn_id)

    async def hears(self, turn_id: str) -> Reply:
        """The answer to a turn that is in the conversation already."""
        reply = await collected(self.agent.respond(self.conversation, turn_id, self.channel), self._keep)
        self._keep(ReplyDone(turn_id=f"{turn_id}-reply", answers=turn_id, pii=Words(text=reply.heard)))
        return reply

    def after(self, facts: Iterable[Fact], agent: Answerer) -> "Customer":
        """The same customer after a restart of which only these facts are left."""
        return Customer(agent, self.channel, list(facts), self.session_id)

    def _keep(self, fact: Fact) -> None:
        self.log.append(fact)
        self.conversation.apply(fact)


async def collected(pieces: AsyncIterator[Piece], keep: Callable[[Fact], None]) -> Reply:
    """All pieces of an answer; each fact is kept before the next piece is asked for."""
    loop = asyncio.get_running_loop()
    begun, first = loop.time(), None
    came: list[Piece] = []
    async for piece in pieces:
        came.append(piece)
        if isinstance(piece, Say) and first is None:
            first = loop.time() - begun
        if isinstance(piece, Fact):
            keep(piece)
    return Reply(came, first)
