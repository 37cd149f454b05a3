"""Orders: look up, list, track, refund, cancel, send elsewhere."""

from typing import Annotated, Any, Literal

from tools.arguments import Digits, PostalAddress, Text
from tools.connector import ShopConnector
from tools.declaration import Answer, Permit, Sought, Tool
from tools.gate import BEFORE_SHIPPING_RULES, REFUND_RULES, amount_to_refund, lines_to_refund
from tools.policy import AT_DESK, Case, Facts, Source, ToolPolicy
from tools.records import Deed, Order, dollars
from tools.tool import Effect, Receipt

OrderId = Annotated[str, Digits(5), "The order number, five digits, as the customer gave it."]
Item = Annotated[str, Text(120), "One item of the order, by its name. Leave out for the whole order."]
Reason = Literal["damaged", "wrong_item", "does_not_fit", "not_as_described", "changed_mind", "other"]
NewAddress = Annotated[
    str, PostalAddress(), "House number and street, city, state and ZIP, as the customer said."
]

MOST_ORDERS = 5
MOST_EVENTS = 5
REFUND_DAYS = "3 to 5 business days"


class Orders:
    """The tools that need an order, on the shop's service."""

    def __init__(self, shop: ShopConnector) -> None:
        self._shop = shop

    def tools(self) -> list[Tool]:
        """The declarations, in the order a model should see them."""
        known = {"order_id": Source.KNOWN}
        look = ToolPolicy(of_order=True, sources=known, desk=AT_DESK)
        refund = ToolPolicy(Effect.WRITE, sources=known, rules=REFUND_RULES, of_order=True, desk=AT_DESK)
        cancel = ToolPolicy(
            Effect.WRITE, sources=known, rules=BEFORE_SHIPPING_RULES, of_order=True, desk=AT_DESK
        )
        move = ToolPolicy(
            Effect.WRITE,
            sources=known | {"new_address": Source.SAID},
            rules=BEFORE_SHIPPING_RULES,
            of_order=True,
            desk=AT_DESK,
        )
        return [
            Tool(self.look_up_order, look, self._facts),
            Tool(self.list_orders, ToolPolicy(desk=AT_DESK)),
            Tool(self.track_parcel, look, self._facts),
            Tool(
                self.request_refund,
                refund,
                self._facts_of_change,
                _refund_preview,
                identifying=("order_id", "item"),
            ),
            Tool(self.cancel_order, cancel, self._facts_of_change, _preview),
            Tool(self.change_address, move, self._facts_of_change, _address_preview),
        ]

    async def _facts(self, sought: Sought) -> Facts:
        return Facts(order=await self._shop.order(sought.arguments["order_id"]))

    async def _facts_of_change(self, sought: Sought) -> Facts:
        # The order first: were the change made between the two questions, it would count as done before,
        # not as a wish for what has already happened.
        order = await self._shop.order(sought.arguments["order_id"])
        return Facts(order=order, done=await self._shop.deed(sought.key))

    async def look_up_order(self, permit: Permit, order_id: OrderId) -> Answer:
        """Look up one order: status, items, total, dates of shipping and delivery."""
        order = _order(permit.case)
        return Answer(_summary(permit.case), {"ship_to": order.ship_to})

    async def list_orders(self, permit: Permit) -> Answer:
        """List the customer's newest orders, when they do not know the order number."""
        identity = permit.case.context.identity
        assert identity is not None  # the gate lets nobody else in
        page = await self._shop.orders_of(identity.customer_id, MOST_ORDERS)
        orders = [
            {
                "order_id": order.order_id,
                "status": order.status,
                "placed_on": order.placed_on.isoformat(),
                "title": order.title,
                "total": dollars(order.total_cents),
            }
            for order in page.orders
        ]
        return Answer({"orders": orders, "count": page.count})

    async def track_parcel(self, permit: Permit, order_id: OrderId) -> Answer:
        """Track the parcel of an order: carrier, where it was last, when it is expected."""
        parcel = await self._shop.parcel(order_id)
        events = [
            {"on": event.on.isoformat(), "place": event.place, "what": event.what}
            for event in (parcel.events[-MOST_EVENTS:] if parcel else ())
        ]
        last = events[-1] if events else {"on": None, "place": None, "what": None}
        summary = _summary(permit.case)
        kept = ("order_id", "status", "title", "carrier", "tracking_number", "expected_on", "delivered_on")
        return Answer(
            {
                **{name: summary[name] for name in kept},
                "last_event": last["what"],
                "last_place": last["place"],
                "last_event_on": last["on"],
                "events": events,
            }
        )

    async def request_refund(
        self, permit: Permit, order_id: OrderId, item: Item | None = None, reason: Reason = "other"
    ) -> Answer:
        """Refund a delivered order, or one item of it, to the original means of payment."""
        order = _order(permit.case)
        lines = [line.line_id for line in lines_to_refund(permit.case)]
        deed = permit.case.facts.done or await self._shop.refund(
            permit.key, order, lines, amount_to_refund(permit.case)
        )
        done = {"refund_id": deed.receipt_id, "order_id": order_id, "amount": dollars(deed.amount_cents or 0)}
        return Answer({**done, "arrives_within": REFUND_DAYS}, receipt=receipt("request_refund", deed, done))

    async def cancel_order(self, permit: Permit, order_id: OrderId) -> Answer:
        """Cancel an order that has not shipped; what was paid goes back."""
        deed = permit.case.facts.done or await self._shop.cancel(permit.key, _order(permit.case))
        done = {
            "cancellation_id": deed.receipt_id,
            "order_id": order_id,
            "amount": dollars(deed.amount_cents or 0),
        }
        return Answer({**done, "arrives_within": REFUND_DAYS}, receipt=receipt("cancel_order", deed, done))

    async def change_address(self, permit: Permit, order_id: OrderId, new_address: NewAddress) -> Answer:
        """Change where an order goes that has not shipped yet."""
        deed = permit.case.facts.done or await self._shop.change_address(
            permit.key, _order(permit.case), new_address
        )
        done = {"change_id": deed.receipt_id, "order_id": order_id}
        return Answer(done, {"new_address": new_address}, receipt("change_address", deed, done))


def receipt(tool: str, deed: Deed, facts: dict[str, Any]) -> Receipt:
    """The proof of a change, with the service's own time: the same change always has the same receipt."""
    return Receipt(deed.receipt_id, tool, deed.at, facts)


def _order(case: Case) -> Order:
    assert case.facts.order is not None  # the gate answers `not_yours` otherwise
    return case.facts.order


def _summary(case: Case) -> dict[str, Any]:
    """An order for templates; keys are always there, dates are ISO 8601 or None, money is in dollars."""
    order = _order(case)
    delivered = order.delivered_on
    return {
        "order_id": order.order_id,
        "status": order.status,
        "title": order.title,
        "items": [
            {"name": line.name, "quantity": line.quantity, "price": dollars(line.price_cents)}
            for line in order.lines
        ],
        "total": dollars(order.total_cents),
        "refunded": dollars(order.refunded_cents),
        "placed_on": order.placed_on.isoformat(),
        "shipped_on": order.shipped_on.isoformat() if order.shipped_on else None,
        "expected_on": order.expected_on.isoformat() if order.expected_on else None,
        "delivered_on": delivered.isoformat() if delivered else None,
        "days_since_delivery": (case.today - delivered).days if delivered else None,
        "carrier": order.carrier,
        "tracking_number": order.tracking_number,
    }


def _preview(case: Case) -> Answer:
    return Answer(_summary(case))


def _refund_preview(case: Case) -> Answer:
    amount = dollars(amount_to_refund(case))
    titles = [line.name for line in lines_to_refund(case)]
    return Answer({**_summary(case), "amount": amount, "refund_items": titles})


def _address_preview(case: Case) -> Answer:
    return Answer(_summary(case), {"new_address": case.arguments["new_address"]})
