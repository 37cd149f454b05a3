"""Who did what at the desk, for those who may read it: `GET /api/desk/audit`, as `docs/wire.md` has it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from gateway.accounts.permissions import Action
from gateway.live import Busy
from gateway.store.desk_records import AuditEntry, Detail
from gateway.web.edge import Edge
from gateway.web.sign_in import require, signed_in

Id = Annotated[str | None, Query(min_length=1, max_length=64)]


class EntryView(BaseModel):
    """That somebody did something."""

    model_config = ConfigDict(frozen=True)

    number: int
    at: float
    agent_id: str
    action: str
    session_id: str | None
    details: dict[str, Detail]


class AuditPage(BaseModel):
    """Entries, the newest first."""

    model_config = ConfigDict(frozen=True)

    entries: list[EntryView]


def audit_routes(edge: Edge) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/api/desk")

    @router.get("/audit")
    async def audit(
        request: Request,
        session: Id = None,
        agent: Id = None,
        before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    ) -> AuditPage:
        signed = await signed_in(edge, request)
        require(signed, Action.READ_AUDIT)
        if edge.audit is None:
            raise Busy("the audit cannot be read right now")
        await edge.audit.note(signed.account.agent_id, "read_audit", session, agent=agent)
        entries = await edge.audit.entries(session_id=session, agent_id=agent, before=before)
        return AuditPage(entries=[_view(entry) for entry in entries])

    return router


def _view(entry: AuditEntry) -> EntryView:
    return EntryView(
        number=entry.number,
        at=entry.at,
        agent_id=entry.agent_id,
        action=entry.action,
        session_id=entry.session_id,
        details=dict(entry.details),
    )
