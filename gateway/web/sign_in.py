"""Signing in at the desk over HTTP, and who is behind a request: `/api/desk/sign-in`, `sign-out`, `me`,
`password`, as `docs/wire.md` has them.

The sign-in is a cookie that scripts cannot read and that other sites' pages never send. Whoever else serves
the desk asks `signed_in` for every request and connection, and `require` for every action.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, TypedDict

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import HTTPConnection

from gateway.accounts import password_rules
from gateway.accounts.account import LONGEST_NAME, Account, InvalidAccount, sign_in_name
from gateway.accounts.desk_session import ABSOLUTE_S, Signed
from gateway.accounts.passwords import PasswordsBusy
from gateway.accounts.permissions import Action, DeskRole, allowed, allows
from gateway.accounts.sign_ins import Disabled, NotSignedIn, SignIns, WeakPassword, WrongCredentials
from gateway.live import Busy
from gateway.web.attempts import Attempts
from gateway.web.edge import Edge
from gateway.web.errors import Refused
from pipelines.facts import Channel

COOKIE = "warmline_desk"

Password = Annotated[SecretStr, Field(min_length=1, max_length=password_rules.LONGEST)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInWish(_Body):
    """Who wants to come in."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    password: Password


class PasswordWish(_Body):
    """Another password of one's own."""

    current: Password
    new: Password


class AgentView(_Body):
    """A person as their own desk sees them."""

    agent_id: str
    name: str
    "What colleagues and customers see."
    sign_in_name: str
    role: DeskRole
    queues: list[str]
    skills: dict[str, int]
    languages: list[str]
    capacity: dict[Channel, int]


class Me(_Body):
    """Who is signed in, and what they may do; the page hides the rest, the gateway refuses it."""

    agent: AgentView
    may: list[Action]


async def signed_in(edge: Edge, connection: HTTPConnection, *, by_itself: bool = False) -> Signed:
    """Who is behind a request, or behind a websocket that wants to open.

    `by_itself`: the page asks again and again, and nobody has done anything: that is no use of a sign-in.
    Raises `Refused` (403: a page of another origin; 401: nobody is signed in) and `Unavailable`.
    """
    _check_origin(edge, connection)
    try:
        return await _sign_ins(edge).signed_in(connection.cookies.get(COOKIE), by_itself=by_itself)
    except NotSignedIn:
        raise Refused(401, "not_signed_in", "Sign in first.") from None


def require(signed: Signed, action: Action) -> None:
    """Raise `Refused` (403) unless the person's role may do this."""
    if not allows(signed.account.role, action):
        raise Refused(403, "not_allowed", f"Your role may not do this: {action}.")


def sign_in_routes(edge: Edge) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/desk")
    attempts = Attempts()

    @router.post("/sign-in")
    async def sign_in(request: Request, response: Response, wish: SignInWish) -> Me:
        _check_origin(edge, request)
        with _try(attempts, _key(wish.name), request):
            former, password = request.cookies.get(COOKIE), wish.password.get_secret_value()
            signed, token = await _sign_ins(edge).sign_in(wish.name, password, former)
        _give(edge, request, response, token)
        return _me(signed.account)

    @router.post("/sign-out", status_code=204)
    async def sign_out(request: Request, response: Response) -> None:
        _check_origin(edge, request)
        await _sign_ins(edge).sign_out(request.cookies.get(COOKIE))
        response.delete_cookie(COOKIE, **_cookie(edge, request))

    @router.get("/me")
    async def me(request: Request) -> Me:
        return _me((await signed_in(edge, request)).account)

    @router.post("/password")
    async def password(request: Request, response: Response, wish: PasswordWish) -> Me:
        signed = await signed_in(edge, request)
        with _try(attempts, signed.account.name, request):
            current, new = wish.current.get_secret_value(), wish.new.get_secret_value()
            signed, token = await _sign_ins(edge).change_password(signed, current, new)
        _give(edge, request, response, token)
        return _me(signed.account)

    return router


def _key(name: str) -> str:
    """What tries at a name are counted by: the same for every way to write it, also for what is no name."""
    try:
        return sign_in_name(name)
    except InvalidAccount:
        return name.casefold()


@contextmanager
def _try(attempts: Attempts, name: str, request: Request) -> Iterator[None]:
    """A try with a password: within the bounds, and refused in words where it is wrong."""
    address = request.client.host if request.client else "unknown"
    wait_s = attempts.wait_s(name, address, asyncio.get_running_loop().time())
    if wait_s > 0:
        minutes = int(wait_s // 60) + 1
        text = f"That was wrong too often; try again in {minutes} minute{'s' if minutes > 1 else ''}."
        raise Refused(429, "too_many_tries", text, retry_after_s=int(wait_s) + 1)
    try:
        yield
    except WrongCredentials:
        raise Refused(401, "wrong_credentials", "The name or the password is wrong.") from None
    except Disabled:
        raise Refused(
            403, "account_disabled", "This account is disabled; ask whoever runs the desk."
        ) from None
    except WeakPassword as error:
        attempts.succeeded(name, address)
        raise Refused(422, "weak_password", str(error)) from None
    except PasswordsBusy as error:
        attempts.succeeded(name, address)
        raise Busy(str(error)) from error
    attempts.succeeded(name, address)


def _check_origin(edge: Edge, connection: HTTPConnection) -> None:
    if not edge.admits(connection):
        raise Refused(403, "origin_not_allowed", "Pages of this origin may not come here.")


def _sign_ins(edge: Edge) -> SignIns:
    if edge.sign_ins is None:
        raise Busy("nobody can sign in right now")
    return edge.sign_ins


class _CookieRules(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: Literal["strict"]


def _cookie(edge: Edge, request: Request) -> _CookieRules:
    """Only over TLS, except where nobody but this machine can reach us."""
    secure = request.url.scheme == "https" or not edge.origins.loopback_only
    return {"path": "/", "secure": secure, "httponly": True, "samesite": "strict"}


def _give(edge: Edge, request: Request, response: Response, token: str) -> None:
    response.set_cookie(COOKIE, token, max_age=int(ABSOLUTE_S), **_cookie(edge, request))


def _me(account: Account) -> Me:
    view = AgentView(
        agent_id=account.agent_id,
        name=account.display_name,
        sign_in_name=account.name,
        role=account.role,
        queues=sorted(account.queues),
        skills=dict(account.skills),
        languages=sorted(account.languages),
        capacity=dict(account.capacity),
    )
    return Me(agent=view, may=allowed(account.role))
