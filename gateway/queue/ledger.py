"""Where a board is kept: in this process, or in Redis for several nodes."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from gateway.queue.board import Board
from gateway.queue.feed import NewsFeed

T = TypeVar("T")
Command = Callable[[Board, float], T]
"""Changes a board at a time (unix s) and returns what its caller wants to know. It may be carried out several
times on several boards, of which one counts."""


class Ledger(Protocol):
    """Carries out commands, one after the other, and tells what came of them."""

    feed: NewsFeed

    @property
    def node(self) -> str:
        """Who we are."""

    @property
    def board(self) -> Board:
        """The newest that this node knows; to look at, not to change."""

    def now(self) -> float:
        """Unix time, s, as all nodes have it."""

    async def carry_out(self, command: Command[T], *, surely: bool = False) -> T:
        """Change the board; returns when that is done, with what the command returned or raised.

        Raises `Unavailable` when it cannot be done for some seconds. It then is not done at all; `surely`: as
        soon as possible.
        """

    async def check(self) -> None:
        """Return when commands can be carried out; raises `Unavailable`."""

    async def run(self) -> None:
        """Let time pass, and follow other nodes, until cancelled."""
