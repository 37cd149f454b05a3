"""Signalling of browser calls over HTTP: `/api/offer` and `/api/ice`, as `docs/wire.md` has them."""

from fastapi import APIRouter, Request, Response

from gateway.events import Message
from gateway.live import Busy, LiveSession, LiveSessions
from gateway.web.edge import Edge
from gateway.web.errors import Refused
from gateway.webrtc import sdp
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.signalling import Answer, Candidates, Offer, Signalling


def voice_routes(edge: Edge) -> APIRouter:
    """The routes of browser calls."""
    router = APIRouter(prefix="/api")

    @router.post("/offer")
    async def offer(request: Request, offer: Offer) -> Answer:
        _check_origin(edge, request)
        if not edge.enter(request):
            text = "Too many connections from your address; try again in a minute."
            raise Refused(429, "too_many", text)
        try:
            return await _answer(edge, offer)
        finally:
            edge.leave(request)

    @router.patch("/offer")
    async def candidates(request: Request, candidates: Candidates) -> dict[str, str]:
        _check_origin(edge, request)
        await _signalling(edge).add_candidates(candidates)
        return {"status": "success"}

    @router.get("/ice")
    async def ice(request: Request, response: Response) -> Message:
        _check_origin(edge, request)
        response.headers["cache-control"] = "no-store"
        return _signalling(edge).ice_servers("visitor")

    return router


def _check_origin(edge: Edge, request: Request) -> None:
    if not edge.admits(request):
        raise Refused(403, "origin_not_allowed", "Pages of this origin may not call here.")


def _signalling(edge: Edge) -> Signalling:
    if edge.signalling is None:
        raise Busy("calls are not possible right now; the chat is")
    return edge.signalling


async def _answer(edge: Edge, offer: Offer) -> Answer:
    signalling, calls, sessions = _signalling(edge), edge.calls, edge.live
    if calls is None or sessions is None:
        raise Busy("calls are not possible right now")
    if offer.pc_id is not None:
        return await signalling.offer(offer, _unexpected)
    sdp.check(offer.sdp)
    live, token = await _session(sessions, offer)

    async def conduct(leg: WebRtcLeg, _: Offer) -> None:
        if await leg.connected():
            await calls.conduct(leg, live)

    answer = await signalling.offer(offer, conduct)
    return answer.model_copy(update={"session": live.session_id, "token": token})


async def _session(sessions: LiveSessions, offer: Offer) -> tuple[LiveSession, str]:
    """The session a new call belongs to: the one it names, or a new one."""
    wanted = offer.request_data
    if wanted is None or wanted.session is None:
        return await sessions.begin("voice")
    token = wanted.token or ""
    return await sessions.open(wanted.session, token), token


async def _unexpected(leg: WebRtcLeg, offer: Offer) -> None:
    raise AssertionError("signalling starts no new call for an offer with a pc_id")
