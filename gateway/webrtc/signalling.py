"""Offers in, answers out: what an HTTP layer needs to take browser calls.

Speaks the JSON of pipecat's SmallWebRTC clients: an offer without `pc_id` begins a call, one with it
renegotiates or reconnects that call, candidates trickle in later. Knows nothing of HTTP itself. A leg is
served by a task that the application owns (`spawn`), together with the function that answers the call.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Literal, Protocol

import structlog
from aiortc import RTCIceServer
from prometheus_client import Gauge
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from gateway.config import WebRtc
from gateway.events import Message
from gateway.live import Busy
from gateway.protocol_error import ProtocolError
from gateway.webrtc import sdp, turn
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.liveness import Patience

log = structlog.get_logger(__name__)

LEGS = Gauge("warmline_webrtc_legs", "Browser calls that are connected or connecting")

LINES = 20
"Calls at the same time, where nothing else is configured."
LONGEST_SDP = 65_536
"Characters; Chrome's offer with three media sections has about 9 000."


class RequestData(BaseModel):
    """What a client may say about the call it begins."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    session: Annotated[str, Field(max_length=128)] | None = None
    "The session to talk in, e.g. the one of a chat; with its token."
    token: Annotated[str, Field(max_length=256)] | None = None


class Offer(BaseModel):
    """A client wants to begin, change or resume a call."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    sdp: Annotated[str, Field(max_length=LONGEST_SDP)]
    type: Literal["offer"]
    pc_id: Annotated[str, Field(max_length=128)] | None = None
    restart_pc: bool | None = None
    request_data: RequestData | None = Field(
        default=None, validation_alias=AliasChoices("request_data", "requestData")
    )


class Answer(BaseModel):
    """Our answer to an offer; whoever knows the session fills in the rest."""

    model_config = ConfigDict(frozen=True)
    sdp: str
    type: Literal["answer"] = "answer"
    pc_id: str
    "Names the call in later offers. Whoever has it can take the call over: long, random, never logged."
    session: str | None = None
    token: str | None = None


class Candidate(BaseModel):
    """One address of the client; an empty `candidate` says there are no more."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    candidate: Annotated[str, Field(max_length=1024)]
    sdp_mid: Annotated[str, Field(max_length=64)] | None = None
    sdp_mline_index: Annotated[int, Field(ge=0, le=255)] | None = None


class Candidates(BaseModel):
    """Addresses that the client found after its offer."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    pc_id: Annotated[str, Field(max_length=128)]
    candidates: Annotated[list[Candidate], Field(max_length=sdp.MOST_CANDIDATES)]


Answerer = Callable[[WebRtcLeg, Offer], Awaitable[None]]
"""Conducts one call; returns when it is over. The leg may not be connected yet (`leg.connected()`)."""


class Spawn(Protocol):
    """Starts a task in a group that outlives the request: `TaskGroup.create_task` fits."""

    def __call__(self, coro: Coroutine[Any, Any, None], *, name: str) -> object:
        """Start it."""


class Signalling:
    """The browser calls of this process, by their `pc_id`."""

    def __init__(self, settings: WebRtc, spawn: Spawn, patience: Patience | None = None) -> None:
        self._settings = settings
        self._lines = LINES if settings.calls is None else settings.calls
        self._spawn = spawn
        self._patience = patience
        self._legs: dict[str, WebRtcLeg] = {}
        # A client may ask again while its first request is under way: one answer is finished before the next.
        self._turns: dict[str, asyncio.Lock] = {}

    async def offer(self, request: Offer, answerer: Answerer) -> Answer:
        """Answer an offer; for a new call, also start `answerer` on its leg.

        Raises `ProtocolError` (`bad_sdp`, or `unknown_peer` with status 404 for a `pc_id` that is not or no
        longer known), `Busy` when all lines are taken and `Unavailable` when no network is found.
        """
        offer = sdp.check(request.sdp)
        if request.pc_id is None:
            return await self._begin(request, offer, answerer)
        leg = self._leg(request.pc_id)
        async with self._turns[request.pc_id]:
            answer = await leg.negotiate(offer, anew=bool(request.restart_pc))
        return Answer(sdp=answer, pc_id=request.pc_id)

    async def add_candidates(self, request: Candidates) -> None:
        """Take trickled candidates.

        Those of no use to us are passed over: `.local` names, TCP, and the mark that there are no more (with
        it a hopeless connection would fail sooner, but aiortc would refuse candidates that come late).
        Raises `ProtocolError` (`unknown_peer`, `bad_candidate`, `too_many_candidates`).
        """
        leg = self._leg(request.pc_id)
        for given in request.candidates:
            candidate = sdp.candidate(given.candidate, given.sdp_mid, given.sdp_mline_index)
            if candidate is not None:
                await leg.add_candidate(candidate)

    def ice_servers(self, user: str) -> Message:
        """The body of `GET /api/ice`, with TURN credentials made for `user` (an id, nothing personal)."""
        return turn.message(turn.ice_servers(self._settings, user, time.time()))

    async def hang_up_all(self, reason: str) -> None:
        """End every call; their tasks end soon after."""
        for leg in list(self._legs.values()):
            await leg.hang_up(reason)

    async def _begin(self, request: Offer, offer: sdp.CheckedOffer, answerer: Answerer) -> Answer:
        if len(self._legs) >= self._lines:
            raise Busy(f"all {self._lines} lines are taken; call again in a minute")
        leg_id, pc_id = f"w_{secrets.token_hex(6)}", f"p_{secrets.token_urlsafe(18)}"
        leg = WebRtcLeg(leg_id, lambda: self._own_ice_servers(leg_id), self._patience)
        self._legs[pc_id] = leg
        self._turns[pc_id] = asyncio.Lock()
        LEGS.inc()
        life = self._serve(pc_id, leg, request, answerer)
        try:
            answer = await leg.negotiate(offer, anew=True)
            self._spawn(life, name=f"call {leg_id}")
        except BaseException:
            life.close()
            self._forget(pc_id)
            await leg.close("not answered")
            raise
        return Answer(sdp=answer, pc_id=pc_id)

    async def _serve(self, pc_id: str, leg: WebRtcLeg, request: Offer, answerer: Answerer) -> None:
        """The life of one call. Nothing that goes wrong in it reaches the application's task group."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(leg.serve(), name=f"{leg.leg_id} leg")
                try:
                    await answerer(leg, request)
                finally:
                    await leg.hang_up("the call is over")
        except Exception:
            log.exception("call_failed", leg=leg.leg_id)
        finally:
            self._forget(pc_id)

    def _forget(self, pc_id: str) -> None:
        del self._legs[pc_id], self._turns[pc_id]
        LEGS.dec()

    def _leg(self, pc_id: str) -> WebRtcLeg:
        leg = self._legs.get(pc_id)
        if leg is None or leg.ended:
            message = "This call is over or was never here; begin a new one without pc_id."
            raise ProtocolError("unknown_peer", message, status=404)
        return leg

    def _own_ice_servers(self, user: str) -> list[RTCIceServer]:
        return [
            RTCIceServer(
                urls=list(server.urls),
                username=server.username,
                credential=server.credential and server.credential.get_secret_value(),
            )
            for server in turn.ice_servers(self._settings, user, time.time())
        ]
