"""What the desk leaves behind: how contacts were wrapped up, what is still to be done, who did what.

`at` and the other times are Unix times in seconds. Personal data (notes, numbers, words) lies in
`pii` columns, which erasing a person empties.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pipelines.facts import Channel

PAGE = 100
"Rows of one answer, at most."

Detail = str | int | bool | None
FollowUpKind = Literal["callback", "message", "task"]
"To call back; to answer in writing; to do something else."
FollowUpState = Literal["open", "closed"]


@dataclass(frozen=True, slots=True)
class WrapUp:
    """How an agent left a contact."""

    session_id: str
    handoff_id: str
    agent_id: str
    disposition: str
    "One of the configured codes."
    notes: str
    "Personal data."
    at: float
    follow_up_id: str | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something that is owed to a customer."""

    follow_up_id: str
    "`f_…`"
    session_id: str
    kind: FollowUpKind
    queue: str
    due_at: float
    created_at: float
    created_by: str
    "An `agent_id`, `bot` or `customer`."
    number: str | None = None
    "Where to call. Personal data."
    words: str = ""
    "What it is about. Personal data."
    state: FollowUpState = "open"
    attempts: int = 0
    "How often somebody has taken it on and tried."
    outcome: str | None = None
    "Once it is closed: a stable code."


@dataclass(frozen=True, slots=True)
class PastContact:
    """A former session of a customer, as it is shown to whoever talks with them now."""

    session_id: str
    channel: Channel
    started_at: float
    ended_at: float | None
    outcome: str | None
    "Of the session: `resolved`, `abandoned` …"
    disposition: str | None
    "Of its newest wrap-up, if a person had it."
    summary: tuple[str, ...]
    "The newest briefing's lines. Personal data."


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """That somebody did something."""

    at: float
    agent_id: str
    action: str
    session_id: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    number: int = field(default=0, compare=False)
    "Given by the store, rising; pages go by it."


class AuditLog(Protocol):
    """Entries are added and read; nothing changes one. Methods raise `Unavailable`."""

    async def note(self, entry: AuditEntry) -> None:
        """Add an entry; durable when this returns."""

    async def entries(
        self, *, session_id: str | None = None, agent_id: str | None = None, before: int | None = None
    ) -> list[AuditEntry]:
        """The newest first, at most `PAGE`; those before the number `before` if asked so."""


class DeskRecords(AuditLog, Protocol):
    """All of it. Methods raise `Unavailable` when the store cannot do its work."""

    async def keep_wrap_up(self, wrap_up: WrapUp) -> None:
        """Store how an agent left a contact; the same agent's newer one for a handoff replaces the older.

        Raises `UnknownContact`.
        """

    async def wrap_ups(self, session_id: str) -> list[WrapUp]:
        """Those of one session, the oldest first."""

    async def add_follow_up(self, follow_up: FollowUp) -> None:
        """Store something that is owed; the same `follow_up_id` again changes nothing.

        Raises `UnknownContact`.
        """

    async def due_follow_ups(
        self, now: float, limit: int = PAGE, *, kind: FollowUpKind | None = None
    ) -> list[FollowUp]:
        """Open ones (of this kind) whose time has come and that nobody holds, the longest due first."""

    async def open_follow_ups(
        self, limit: int = PAGE, *, queues: Collection[str] | None = None
    ) -> list[FollowUp]:
        """All open ones (of these queues), the next due first."""

    async def count_follow_ups(self, now: float, *, queues: Collection[str] | None = None) -> tuple[int, int]:
        """How many are open (of these queues), and of how many of them the time has come."""

    async def follow_up(self, follow_up_id: str) -> FollowUp | None:
        """One, closed or not; None: there is none."""

    async def follow_ups_of(self, session_id: str) -> list[FollowUp]:
        """Those of one session, closed ones too, in the order of their time."""

    async def claim_follow_up(self, follow_up_id: str, *, until: float, now: float) -> bool:
        """Take one on until then; False when it is closed or another node has it. One of many wins."""

    async def put_off_follow_up(self, follow_up_id: str, due_at: float, *, tried: bool = True) -> bool:
        """Try it again at another time; whoever had claimed it lets go. False when it is closed.

        `tried`: whether the claim counts as an attempt after all.
        """

    async def leave_to_people(self, follow_up_id: str) -> bool:
        """A callback that we cannot place becomes a task of our people. False when it is closed."""

    async def close_follow_up(self, follow_up_id: str, outcome: str, at: float) -> bool:
        """It is done, or will never be; False when it was closed already."""

    async def keep_summary(self, session_id: str, lines: Sequence[str], at: float) -> None:
        """Store the newest summary of a session; an older one than the stored changes nothing.

        Raises `UnknownContact`.
        """

    async def summaries(self, session_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The newest summary of each of these sessions that has one. Personal data."""

    async def history(
        self, customer_id: str, *, besides: str | None = None, limit: int = 20
    ) -> list[PastContact]:
        """A customer's sessions, the newest first, without the one that goes on now."""


class UnknownContact(Exception):
    """There is no such session."""
