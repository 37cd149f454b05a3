"""The desk over HTTP beside its websocket: agents' audio, a customer's earlier sessions, drafts, measures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from gateway.accounts.desk_session import Signed
from gateway.accounts.permissions import Action
from gateway.desk.desk import Desk
from gateway.desk.legs import AgentLegs
from gateway.desk.measured import Measured
from gateway.desk.messages import History
from gateway.events import Message
from gateway.live import Busy
from gateway.web.edge import Edge
from gateway.web.sign_in import require, signed_in
from gateway.webrtc.signalling import Answer, Candidates, Offer
from pipelines.wrap_up import WrapUpDraft


def desk_routes(edge: Edge) -> APIRouter:
    """The routes; each wants somebody who is signed in."""
    router = APIRouter(prefix="/api/desk")

    async def talker(request: Request) -> Signed:
        signed = await signed_in(edge, request)
        require(signed, Action.ACCEPT)
        return signed

    Talker = Annotated[Signed, Depends(talker)]

    @router.post("/offer")
    async def offer(signed: Talker, offer: Offer) -> Answer:
        agent_id = signed.account.agent_id
        sign_ins, desk = edge.sign_ins, _desk(edge)
        assert sign_ins is not None, "somebody signed in"

        async def over() -> None:
            await sign_ins.until_over(signed, lambda: desk.has_contacts(agent_id))

        return await _legs(desk).offer(agent_id, offer, over)

    @router.patch("/offer")
    async def candidates(signed: Talker, candidates: Candidates) -> dict[str, str]:
        await _legs(_desk(edge)).add_candidates(signed.account.agent_id, candidates)
        return {"status": "success"}

    @router.get("/ice")
    async def ice(signed: Talker) -> Message:
        return _legs(_desk(edge)).ice_servers(signed.account.agent_id)

    @router.get("/history")
    async def history(request: Request, session: str) -> History:
        signed, desk = await signed_in(edge, request), _desk(edge)
        return await desk.history_for(signed.account, session)

    @router.get("/wrap-up")
    async def wrap_up(request: Request, session: str) -> WrapUpDraft:
        signed, desk = await signed_in(edge, request, by_itself=True), _desk(edge)
        require(signed, Action.WRAP_UP)
        return await desk.wrap_up_draft(signed.account, session)

    @router.get("/measures")
    async def measures(request: Request) -> Measured:
        signed = await signed_in(edge, request, by_itself=True)
        require(signed, Action.SEE_MEASURES)
        return await _desk(edge).measured()

    return router


def _desk(edge: Edge) -> Desk:
    if edge.desk is None:
        raise Busy("the desk is not there right now; try again in a moment")
    return edge.desk


def _legs(desk: Desk) -> AgentLegs:
    if desk.legs is None:
        raise Busy("calls are not possible right now; chats are")
    return desk.legs
