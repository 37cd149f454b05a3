"""The client of the shop's HTTP service: one shared connection pool, typed answers, errors by whose fault.

Every method raises `ToolError`, whose code says what is known::

    unavailable    the request never reached the service, or it said "not now"; nothing was done     retry
    unconfirmed    it was sent and the answer is missing or useless; it may have been done           retry
    broken_answer  an answer to a question that is no JSON of the agreed form                        no retry
    conflict       the order changed after it was read; nothing was done                             retry
    rejected       the service said no (its own rules, our token); nothing was done                  no retry
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from tools.records import Cents, Deed, Order, OrderPage, Parcel, Store, Verification
from tools.tool import ToolError

T = TypeVar("T")

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_NOW = frozenset({429, 503})
_LOCKED = 423

_ORDER: TypeAdapter[Order] = TypeAdapter(Order)
_ORDER_PAGE: TypeAdapter[OrderPage] = TypeAdapter(OrderPage)
_PARCEL: TypeAdapter[Parcel] = TypeAdapter(Parcel)
_VERIFICATION: TypeAdapter[Verification] = TypeAdapter(Verification)
_STORES: TypeAdapter[list[Store]] = TypeAdapter(list[Store])
_DEED: TypeAdapter[Deed] = TypeAdapter(Deed)


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """Where the shop's service is and how long it is waited for."""

    url: str
    token: str
    connect_s: float = 1.0
    answer_s: float = 2.5
    connections: int = 32
    "At most so many at once; further calls wait `connect_s` for a free one."


@asynccontextmanager
async def connected(
    settings: ShopSettings, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator["ShopConnector"]:
    """A connector whose pool lives as long as the context. `transport` replaces the network (tests)."""
    client = httpx.AsyncClient(
        base_url=settings.url,
        headers={"Authorization": f"Bearer {settings.token}"},
        timeout=httpx.Timeout(settings.answer_s, connect=settings.connect_s, pool=settings.connect_s),
        limits=httpx.Limits(max_connections=settings.connections),
        transport=transport,
        trust_env=False,  # the service is ours and near: no proxy may come between
    )
    async with client:
        yield ShopConnector(client)


class ShopConnector:
    """The shop's service as typed questions and changes."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def order(self, order_id: str) -> Order | None:
        """The order as it is now; None if there is none of that number."""
        return await self._ask(_ORDER, f"/orders/{order_id}")

    async def orders_of(self, customer_id: str, most: int) -> OrderPage:
        """The customer's `most` newest orders, newest first."""
        found = await self._ask(_ORDER_PAGE, f"/customers/{customer_id}/orders", {"limit": most})
        return found or OrderPage(orders=(), count=0)

    async def parcel(self, order_id: str) -> Parcel | None:
        """The way of an order's parcel; None if there is no such order."""
        return await self._ask(_PARCEL, f"/orders/{order_id}/parcel")

    async def stores(self) -> list[Store]:
        """All shops one can walk into."""
        return await self._ask(_STORES, "/stores") or []

    async def failed_tries(self, session_id: str) -> int:
        """How many verifications failed in a session."""
        found = await self._ask(_VERIFICATION, "/verifications", {"session_id": session_id})
        return found.failed if found else 0

    async def verify(self, key: str, session_id: str, proof: Mapping[str, str]) -> Verification:
        """Try to prove an identity with `zip` and `order_id` or `email`; a key counts as one try."""
        try:
            response = await self._send("POST", "/verifications", key, {"session_id": session_id, **proof})
        except ToolError:
            raise _unavailable() from None  # nothing is changed by a try that nobody heard the end of
        return _parsed(_VERIFICATION, response, accept=_LOCKED)

    async def deed(self, key: str) -> Deed | None:
        """The change that the service has made under this key, if any."""
        return await self._ask(_DEED, f"/deeds/{key}")

    async def refund(self, key: str, order: Order, line_ids: list[int], amount_cents: Cents) -> Deed:
        """Refund whole lines of an order; `amount_cents` is what they must come to."""
        body = {**_on(order), "line_ids": line_ids, "amount_cents": amount_cents}
        return await self._do("POST", f"/orders/{order.order_id}/refunds", key, body)

    async def cancel(self, key: str, order: Order) -> Deed:
        """Cancel an order that has not shipped; what was paid goes back."""
        return await self._do("POST", f"/orders/{order.order_id}/cancellation", key, _on(order))

    async def change_address(self, key: str, order: Order, ship_to: str) -> Deed:
        """Send an order that has not shipped somewhere else."""
        body = {**_on(order), "ship_to": ship_to}
        return await self._do("PUT", f"/orders/{order.order_id}/address", key, body)

    async def reset_password(self, key: str, customer_id: str) -> Deed:
        """Mail a link for a new password to the address on file."""
        return await self._do("POST", f"/customers/{customer_id}/password-resets", key, {})

    async def create_ticket(self, key: str, ticket: Mapping[str, Any]) -> Deed:
        """Open a ticket: `customer_id`, `email` (either may be None), `category`, `subject`, `message`."""
        return await self._do("POST", "/tickets", key, ticket)

    async def _ask(self, kind: TypeAdapter[T], path: str, query: Mapping[str, Any] | None = None) -> T | None:
        try:
            response = await self._client.get(path, params=query)
        except httpx.TransportError:
            raise _unavailable() from None
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.is_server_error:
            raise _unavailable()
        return _parsed(kind, response)

    async def _do(self, method: str, path: str, key: str, body: Mapping[str, Any]) -> Deed:
        response = await self._send(method, path, key, body)
        try:
            return _parsed(_DEED, response)
        except ToolError as error:
            raise _unconfirmed() if error.code == "broken_answer" else error from None

    async def _send(self, method: str, path: str, key: str, body: Mapping[str, Any]) -> httpx.Response:
        try:
            response = await self._client.request(
                method, path, json=dict(body), headers={"Idempotency-Key": key}
            )
        except _NEVER_SENT:
            raise _unavailable() from None
        except httpx.TransportError:
            raise _unconfirmed() from None
        if response.is_server_error and response.status_code not in _NOT_NOW:
            raise _unconfirmed()
        return response


def _on(order: Order) -> dict[str, Any]:
    """Whose order is meant, and on which state of it the change was decided."""
    return {"customer_id": order.customer_id, "version": order.version}


def _parsed(kind: TypeAdapter[T], response: httpx.Response, *, accept: int = httpx.codes.OK) -> T:
    status = response.status_code
    if status in _NOT_NOW:
        raise _unavailable()
    if status == httpx.codes.PRECONDITION_FAILED:
        raise ToolError("The order has changed meanwhile.", retry=True, code="conflict")
    if response.is_client_error and status != accept:
        raise ToolError("The shop's service did not accept that.", retry=False)
    try:
        return kind.validate_json(response.content)
    except ValidationError:
        raise ToolError(
            "The shop's service gave a useless answer.", retry=False, code="broken_answer"
        ) from None


def _unavailable() -> ToolError:
    return ToolError("The shop's service is not answering.", retry=True, code="unavailable")


def _unconfirmed() -> ToolError:
    return ToolError("The shop's service did not confirm the change.", retry=True, code="unconfirmed")
