"""What the shop's service answers, as typed values. [core]

Everything from the wire is validated here and nowhere else; unknown fields are ignored, so that the service
may grow. Money is in whole cents, dates are the shop's (UTC).
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

OrderStatus = Literal["processing", "shipped", "in_transit", "delivered", "cancelled"]
Cents = int


class Record(BaseModel):
    """What all answers share: immutable, strict about what is known."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Line(Record):
    """One position of an order."""

    line_id: int
    name: str
    quantity: int = Field(ge=1)
    price_cents: Cents = Field(ge=0)
    "Of one piece."
    refunded: bool

    @property
    def paid_cents(self) -> Cents:
        """What the whole position cost."""
        return self.quantity * self.price_cents


class Order(Record):
    """An order as the shop has it now."""

    order_id: str
    customer_id: str
    version: int
    "Goes up with every change; a change names the version it was decided on."
    status: OrderStatus
    placed_on: date
    shipped_on: date | None
    expected_on: date | None
    delivered_on: date | None
    carrier: str | None
    tracking_number: str | None
    lines: tuple[Line, ...] = Field(min_length=1)
    total_cents: Cents = Field(ge=0)
    refunded_cents: Cents = Field(ge=0)
    ship_to: str
    "Personal data: one line with street, city, state and ZIP."

    @property
    def shipped(self) -> bool:
        """Whether it has left the warehouse."""
        return self.status in {"shipped", "in_transit", "delivered"}

    @property
    def title(self) -> str:
        """The names of its items, as one would say them."""
        names = [line.name for line in self.lines]
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


class OrderPage(Record):
    """A customer's newest orders and how many there are."""

    orders: tuple[Order, ...]
    count: int


class ParcelEvent(Record):
    """Where a parcel was."""

    on: date
    place: str
    what: str


class Parcel(Record):
    """The way of an order's parcel, oldest event first."""

    order_id: str
    events: tuple[ParcelEvent, ...]


class Customer(Record):
    """Who an order belongs to. Personal data."""

    customer_id: str
    name: str
    email: str
    zip: str


class Verification(Record):
    """How an attempt to prove one's identity ended, and how many failed in this session so far."""

    verified: bool
    failed: int
    locked: bool = False
    method: Literal["order+zip", "email+zip"] | None = None
    customer: Customer | None = None


class Deed(Record):
    """A change the service made, once for each idempotency key."""

    receipt_id: str
    at: float
    "Unix time, seconds."
    order_id: str | None = None
    amount_cents: Cents | None = None


class Store(Record):
    """A shop one can walk into."""

    city: str
    address: str
    hours: dict[str, str]
    'By day, local time: {"mon": "10:00-19:00", …, "sun": "closed"}.'


def dollars(cents: Cents) -> float:
    """Cents as a JSON number of dollars."""
    return round(cents / 100, 2)
