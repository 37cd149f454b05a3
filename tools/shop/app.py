"""The shop's HTTP interface: routes, the bearer token, and errors as JSON.

Every request needs the token, the description at `/openapi.json` too. Errors are
`{"error": {"code": …, "message": …}}`: 401 no token, 404 unknown, 409 against an invariant, 412 decided on an
old version, 422 malformed, 423 locked, 503 the database cannot be written.
"""

import hmac
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tools.shop import messages as m
from tools.shop.catalogue import STORES
from tools.shop.store import Rejected, ShopStore

OrderInPath = Annotated[m.OrderNumber, Path()]
CustomerInPath = Annotated[m.CustomerId, Path()]
KeyInHeader = Annotated[m.Key, Header(alias="Idempotency-Key")]

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": m.ErrorAnswer} for status in (401, 404, 409, 412, 422, 503)
}


def shop_app(store: ShopStore, token: str) -> ASGIApp:
    """The shop as an ASGI application."""
    app = FastAPI(title="Fernhill Outfitters", version="1", responses=_ERRORS)
    _add_errors(app)
    _add_questions(app, store)
    _add_identity(app, store)
    _add_changes(app, store)
    return _Guarded(app, token)


class _Guarded:
    """Lets nothing through without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "http" and hmac.compare_digest(given, self._expected):
            return await self._app(scope, receive, send)
        await _error(401, "no_token", "A bearer token is needed.")(scope, receive, send)


def _add_questions(app: FastAPI, store: ShopStore) -> None:
    @app.get("/orders/{order_id}", summary="Look up an order")
    async def order(order_id: OrderInPath) -> m.Order:
        return store.order(order_id)

    @app.get("/orders/{order_id}/parcel", summary="Track an order's parcel")
    async def parcel(order_id: OrderInPath) -> m.Parcel:
        return store.parcel(order_id)

    @app.get("/customers/{customer_id}/orders", summary="List a customer's newest orders")
    async def orders(
        customer_id: CustomerInPath, limit: Annotated[int, Query(ge=1, le=50)] = 10
    ) -> m.OrderPage:
        return store.orders_of(customer_id, limit)

    @app.get("/stores", summary="List stores and their hours")
    async def stores() -> list[m.Store]:
        return list(STORES)

    @app.get("/deeds/{key}", summary="What was done under an idempotency key")
    async def deed(key: Annotated[m.Key, Path()]) -> m.Deed:
        return store.deed(key)


def _add_identity(app: FastAPI, store: ShopStore) -> None:
    @app.get("/verifications", summary="Failed tries of a session")
    async def tries(session_id: Annotated[m.SessionId, Query()]) -> m.Verification:
        return store.tries(session_id)

    @app.post("/verifications", summary="Verify a customer", responses={423: {"model": m.Verification}})
    async def verify(key: KeyInHeader, proof: m.Proof, response: Response) -> m.Verification:
        if (proof.order_id is None) == (proof.email is None):
            raise Rejected(422, "malformed", "One of order_id and email is needed.")
        answer = store.verify(key, proof)
        if answer.locked:
            response.status_code = 423
        return answer


def _add_changes(app: FastAPI, store: ShopStore) -> None:
    @app.post("/orders/{order_id}/refunds", summary="Refund lines of an order")
    async def refund(order_id: OrderInPath, key: KeyInHeader, body: m.Refund) -> m.Deed:
        return store.refund(key, order_id, body)

    @app.post("/orders/{order_id}/cancellation", summary="Cancel an order")
    async def cancel(order_id: OrderInPath, key: KeyInHeader, body: m.Change) -> m.Deed:
        return store.cancel(key, order_id, body)

    @app.put("/orders/{order_id}/address", summary="Change where an order goes")
    async def address(order_id: OrderInPath, key: KeyInHeader, body: m.Address) -> m.Deed:
        return store.change_address(key, order_id, body)

    @app.post("/customers/{customer_id}/password-resets", summary="Mail a link for a new password")
    async def password(customer_id: CustomerInPath, key: KeyInHeader) -> m.Deed:
        return store.reset_password(key, customer_id)

    @app.post("/tickets", summary="Open a ticket")
    async def ticket(key: KeyInHeader, body: m.Ticket) -> m.Deed:
        return store.create_ticket(key, body)


def _add_errors(app: FastAPI) -> None:
    def answers(kind: type[Exception]) -> Callable[[Callable[[Any], JSONResponse]], None]:
        def add(answer: Callable[[Any], JSONResponse]) -> None:
            async def handle(request: Request, error: Exception) -> Response:
                return answer(error)

            handler: Callable[[Request, Exception], Awaitable[Response]] = handle
            app.add_exception_handler(kind, handler)

        return add

    @answers(Rejected)
    def _(error: Rejected) -> JSONResponse:
        return _error(error.status, error.code, str(error))

    @answers(RequestValidationError)
    def _(error: RequestValidationError) -> JSONResponse:
        where = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return _error(422, "malformed", where)

    @answers(HTTPException)
    def _(error: HTTPException) -> JSONResponse:
        return _error(error.status_code, "http", error.detail)

    @answers(sqlite3.OperationalError)
    def _(error: sqlite3.OperationalError) -> JSONResponse:
        return _error(503, "database", "The database cannot be used right now; nothing was changed.")


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
