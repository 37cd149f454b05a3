"""Calls over HTTP for operators and programs: place one, see how it goes, move it on, end it.

Every route wants the configured token (`http.api_token`); without one configured there are no such routes.
"""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.placed_call import LONGEST_WORDS, Wish
from gateway.switchboard import Switchboard, TelephoneCall
from gateway.web.edge import Edge
from gateway.web.errors import Refused
from pipelines.facts import Unavailable

Destination = Annotated[str, Field(min_length=1, max_length=64)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceCall(_Body):
    """A call that is to be placed."""

    to: Destination
    "A number or user name that `telephone.dial` allows."
    trunk: str | None = None
    opening: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)] | None = None
    "Said first, instead of the greeting."
    message: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)] | None = None
    "Left on an answering machine; without it we hang up on one."
    headers: Annotated[dict[str, Annotated[str, Field(max_length=512)]], Field(max_length=8)] = Field(
        default_factory=dict
    )


class Transfer(_Body):
    """Where a call is to go."""

    to: Destination


class CallView(_Body):
    """A call as it stands."""

    call: str
    direction: str
    session: str
    state: str
    code: int | None = None
    reason: str = ""
    answerer: str | None = None


class PlacedCall(CallView):
    """A call that was just begun, and the token that opens its session."""

    token: str


def calls_routes(edge: Edge, token: SecretStr) -> APIRouter:
    """The routes, for those who know the token."""

    async def known(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = token.get_secret_value().encode()
        if not hmac.compare_digest(given.strip().encode(), wanted) or scheme.lower() != "bearer":
            raise Refused(401, "not_authorised", "This needs the operators' token.")

    router = APIRouter(prefix="/api/calls", dependencies=[Depends(known)])

    @router.get("")
    async def calls() -> list[CallView]:
        return [_view(call) for call in _switchboard(edge).calls()]

    @router.post("", status_code=202)
    async def place(wanted: PlaceCall) -> PlacedCall:
        wish = Wish(wanted.to, wanted.trunk, wanted.opening, wanted.message, wanted.headers)
        call, session_token = await _switchboard(edge).place(wish)
        return PlacedCall(**_view(call).model_dump(), token=session_token)

    @router.get("/{call_id}")
    async def call(call_id: str) -> CallView:
        return _view(_switchboard(edge).find(call_id))

    @router.post("/{call_id}/transfer")
    async def transfer(call_id: str, wanted: Transfer) -> CallView:
        return _view(await _switchboard(edge).transfer(call_id, wanted.to))

    @router.delete("/{call_id}")
    async def hang_up(call_id: str) -> CallView:
        return _view(await _switchboard(edge).hang_up(call_id))

    return router


def _switchboard(edge: Edge) -> Switchboard:
    if edge.switchboard is None:
        raise Unavailable("calls are not possible right now")
    return edge.switchboard


def _view(call: TelephoneCall) -> CallView:
    return CallView(
        call=call.call_id,
        direction=call.direction,
        session=call.session_id,
        state=call.state,
        code=call.code,
        reason=call.reason,
        answerer=call.answerer,
    )
