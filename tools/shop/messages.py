"""The JSON the shop takes and gives: the contract with its clients. Money is in whole cents."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

OrderNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
Zip = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,128}$")]
CustomerId = Annotated[str, StringConstraints(pattern=r"^C[0-9]{4}$")]
SessionId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Status = Literal["processing", "shipped", "in_transit", "delivered", "cancelled"]


class Message(BaseModel):
    """What all messages share: a field nobody knows is an error, not a surprise."""

    model_config = ConfigDict(extra="forbid")


class Line(Message):
    """One position of an order."""

    line_id: int
    sku: str
    name: str
    quantity: int
    price_cents: int
    "Of one piece."
    refunded: bool


class Order(Message):
    """An order as it is now."""

    order_id: OrderNumber
    customer_id: CustomerId
    version: int
    "Goes up with every change."
    status: Status
    placed_on: date
    shipped_on: date | None
    expected_on: date | None
    delivered_on: date | None
    carrier: str | None
    tracking_number: str | None
    lines: list[Line]
    total_cents: int
    refunded_cents: int
    ship_to: str


class OrderPage(Message):
    """The newest orders of a customer, and how many there are in all."""

    orders: list[Order]
    count: int


class ParcelEvent(Message):
    """Where a parcel was, and what happened there."""

    on: date
    place: str
    what: str


class Parcel(Message):
    """The way of an order's parcel, oldest event first; empty before it ships."""

    order_id: OrderNumber
    events: list[ParcelEvent]


class Customer(Message):
    """Who an order belongs to."""

    customer_id: CustomerId
    name: str
    email: str
    zip: Zip


class Proof(Message):
    """A try to prove an identity: the ZIP on file, with an order number or an e-mail address."""

    session_id: SessionId
    zip: Zip
    order_id: OrderNumber | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None


class Verification(Message):
    """How a try ended; `failed` counts the failed tries of the session."""

    verified: bool
    failed: int
    locked: bool = False
    method: Literal["order+zip", "email+zip"] | None = None
    customer: Customer | None = None


class Change(Message):
    """Whose order is to be changed, and the version of it that this was decided on."""

    customer_id: CustomerId
    version: int


class Refund(Change):
    """Lines to be refunded, and what they must come to."""

    line_ids: Annotated[list[int], Field(min_length=1, max_length=100)]
    amount_cents: Annotated[int, Field(gt=0)]


class Address(Change):
    """Where an order is to go."""

    ship_to: Annotated[str, StringConstraints(min_length=5, max_length=200)]


class Ticket(Message):
    """Something for a colleague to answer."""

    customer_id: CustomerId | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    category: Annotated[str, StringConstraints(max_length=40)]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    message: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class Deed(Message):
    """A change that was made, once for each idempotency key."""

    receipt_id: str
    at: float
    "Unix time, seconds."
    order_id: OrderNumber | None = None
    amount_cents: int | None = None


class Store(Message):
    """A shop one can walk into."""

    city: str
    address: str
    hours: dict[str, str]
    'By day, local time: {"mon": "10:00-19:00", …, "sun": "closed"}.'


class Fault(Message):
    """What went wrong."""

    code: str
    message: str


class ErrorAnswer(Message):
    """The body of every answer that is an error."""

    error: Fault
