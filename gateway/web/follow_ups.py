"""What is owed to customers, for whoever works it off: `GET /api/desk/follow-ups`, `POST …/{id}/close`.

Agents have those of their own queues, supervisors all. How many there are (`GET …/count`) the desk asks again
and again: it says nothing of customers, so it is no entry of the audit. `docs/wire.md` has the messages.
"""

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.permissions import Action, allows
from gateway.live import Busy
from gateway.store.desk_records import DeskRecords, FollowUp, FollowUpKind
from gateway.web.edge import Edge
from gateway.web.errors import Refused
from gateway.web.sign_in import require, signed_in


class FollowUpView(BaseModel):
    """Something that is owed to a customer."""

    model_config = ConfigDict(frozen=True)

    follow_up_id: str
    session: str
    kind: FollowUpKind
    queue: str
    due_at: float
    created_at: float
    created_by: str
    attempts: int
    number: str | None
    words: str
    summary: list[str]
    "What the session was about, as it was known at its end."


class FollowUps(BaseModel):
    """The open ones, the next due first, a hundred at most."""

    model_config = ConfigDict(frozen=True)

    follow_ups: list[FollowUpView]


class FollowUpCount(BaseModel):
    """How many are open, and of how many of them the time has come."""

    model_config = ConfigDict(frozen=True)

    open: int
    due: int


class Closing(BaseModel):
    """How it went."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["done", "not_reached", "not_needed"]


def follow_up_routes(edge: Edge) -> APIRouter:
    """The routes; each wants somebody who is signed in."""
    router = APIRouter(prefix="/api/desk/follow-ups")

    @router.get("")
    async def open_ones(request: Request, by_itself: bool = False) -> FollowUps:
        account = await _worker(edge, request, by_itself=by_itself)
        records, audit = _parts(edge)
        await audit.note(account.agent_id, "read_follow_ups")
        found = await records.open_follow_ups(queues=_queues(account))
        about = await records.summaries({each.session_id for each in found})
        return FollowUps(follow_ups=[_view(each, about.get(each.session_id, ())) for each in found])

    @router.get("/count")
    async def count(request: Request) -> FollowUpCount:
        account = await _worker(edge, request, by_itself=True)
        records, audit = _parts(edge)
        total, due = await records.count_follow_ups(audit.now(), queues=_queues(account))
        return FollowUpCount(open=total, due=due)

    @router.post("/{follow_up_id}/close", status_code=204)
    async def close(request: Request, follow_up_id: str, closing: Closing) -> None:
        account = await _worker(edge, request)
        records, audit = _parts(edge)
        found = await records.follow_up(follow_up_id)
        queues = _queues(account)
        if found is None or (queues is not None and found.queue not in queues):
            raise Refused(404, "unknown_follow_up", "There is no such follow-up in your queues.")
        await audit.note(
            account.agent_id,
            "close_follow_up",
            found.session_id,
            follow_up=found.follow_up_id,
            outcome=closing.outcome,
        )
        if not await records.close_follow_up(follow_up_id, closing.outcome, audit.now()):
            raise Refused(409, "closed_already", "Somebody has closed it already.")

    return router


async def _worker(edge: Edge, request: Request, *, by_itself: bool = False) -> Account:
    signed = await signed_in(edge, request, by_itself=by_itself)
    require(signed, Action.FOLLOW_UP)
    return signed.account


def _queues(account: Account) -> frozenset[str] | None:
    """Those whose follow-ups they see; None: all."""
    return None if allows(account.role, Action.SEE_ALL) else account.queues


def _parts(edge: Edge) -> tuple[DeskRecords, Audit]:
    if edge.records is None or edge.audit is None:
        raise Busy("follow-ups cannot be read right now")
    return edge.records, edge.audit


def _view(follow_up: FollowUp, about: Sequence[str]) -> FollowUpView:
    return FollowUpView(
        follow_up_id=follow_up.follow_up_id,
        session=follow_up.session_id,
        kind=follow_up.kind,
        queue=follow_up.queue,
        due_at=follow_up.due_at,
        created_at=follow_up.created_at,
        created_by=follow_up.created_by,
        attempts=follow_up.attempts,
        number=follow_up.number,
        words=follow_up.words,
        summary=list(about),
    )
