"""The shop's customers and orders: the same ones every time, dated around the day of seeding.

Three customers and their eight orders are fixed, for documentation, evaluation and tests; two hundred and
twenty more with about twelve hundred orders come from a generator with a fixed seed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tools.shop.catalogue import BY_NAME, CARRIERS, PRODUCTS, Product
from tools.shop.messages import Status

CUSTOMERS = 220
FIRST_ORDER = 12_001
"Generated order numbers begin here; the fixed ones are below."
_SEED = 20_240_607


@dataclass(frozen=True, slots=True)
class Person:
    """A customer to be."""

    customer_id: str
    name: str
    email: str
    zip: str
    address: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order to be."""

    order_id: str
    customer: Person
    status: Status
    products: tuple[tuple[Product, int], ...]
    "With how many of each."
    placed_on: date
    shipped_on: date | None = None
    expected_on: date | None = None
    delivered_on: date | None = None
    carrier: str | None = None


MAYA = Person(
    "C0001",
    "Maya Lindqvist",
    "maya.lindqvist@example.com",
    "60614",
    "2210 North Clark Street, Chicago, IL 60614",
)
DANIEL = Person(
    "C0002",
    "Daniel Okafor",
    "daniel.okafor@example.com",
    "80203",
    "915 Pennsylvania Street, Denver, CO 80203",
)
GRACE = Person(
    "C0003", "Grace Chen", "grace.chen@example.com", "97205", "1430 Southwest Park Avenue, Portland, OR 97205"
)


def purchases(today: date) -> Iterator[Purchase]:
    """Every order of a freshly seeded shop."""
    yield from _fixed(today)
    yield from _generated(today)


def _fixed(today: date) -> Iterator[Purchase]:
    def ago(days: int) -> date:
        return today - timedelta(days=days)

    def goods(*names: str) -> tuple[tuple[Product, int], ...]:
        return tuple((BY_NAME[name], 1) for name in names)

    north = "Northline"
    yield Purchase(
        "10437", MAYA, "in_transit", goods("Trail Jacket", "Wool Socks"), ago(4), ago(3), ago(-2), None, north
    )
    yield _delivered("10812", MAYA, goods("Expedition Tent"), ago(6))
    yield _delivered("10523", MAYA, goods("Hiking Boots"), ago(5))
    yield _delivered("10266", MAYA, goods("Merino Base Layer"), ago(48))
    yield Purchase("10951", MAYA, "processing", goods("Rain Shell"), ago(1), None, ago(-6))
    yield Purchase(
        "11042", DANIEL, "processing", goods("Camp Stove", "Insulated Bottle"), ago(1), None, ago(-5)
    )
    yield _delivered("11077", DANIEL, goods("Trekking Backpack"), ago(12))
    yield Purchase(
        "11208", GRACE, "shipped", goods("Sleeping Bag"), ago(3), ago(1), ago(-4), None, "Bluebird Parcel"
    )


def _delivered(
    order_id: str, customer: Person, products: tuple[tuple[Product, int], ...], delivered_on: date
) -> Purchase:
    shipped_on = delivered_on - timedelta(days=4)
    return Purchase(
        order_id,
        customer,
        "delivered",
        products,
        shipped_on - timedelta(days=1),
        shipped_on,
        delivered_on,
        delivered_on,
        "Northline",
    )


def _generated(today: date) -> Iterator[Purchase]:
    draw = random.Random(_SEED)
    number = FIRST_ORDER
    for customer in _people(draw):
        for _ in range(draw.randint(3, 8)):
            yield _drawn(draw, str(number), customer, today)
            number += 1


def _drawn(draw: random.Random, order_id: str, customer: Person, today: date) -> Purchase:
    products = tuple(
        (product, draw.choice((1, 1, 1, 2))) for product in draw.sample(PRODUCTS, draw.randint(1, 4))
    )
    placed_on = today - timedelta(days=draw.randint(0, 300))
    if draw.random() < 0.05:
        return Purchase(order_id, customer, "cancelled", products, placed_on)
    shipped_on = placed_on + timedelta(days=draw.randint(1, 3))
    if shipped_on > today:
        expected_on = placed_on + timedelta(days=7)
        return Purchase(order_id, customer, "processing", products, placed_on, None, expected_on)
    arrives_on = shipped_on + timedelta(days=draw.randint(2, 7))
    carrier = draw.choice(CARRIERS)
    if arrives_on <= today:
        return Purchase(
            order_id, customer, "delivered", products, placed_on, shipped_on, arrives_on, arrives_on, carrier
        )
    status: Status = "shipped" if shipped_on >= today - timedelta(days=1) else "in_transit"
    return Purchase(order_id, customer, status, products, placed_on, shipped_on, arrives_on, None, carrier)


def _people(draw: random.Random) -> Iterator[Person]:
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    for place, name in enumerate(draw.sample(names, CUSTOMERS), start=101):
        city, zip_code = draw.choice(_CITIES)
        address = f"{draw.randint(10, 9899)} {draw.choice(_STREETS)}, {city} {zip_code}"
        email = f"{name.lower().replace(' ', '.')}@example.com"
        yield Person(f"C{place:04}", name, email, zip_code, address)


_FIRST = (
    "Aaron Abigail Adrian Amara Anders Beatriz Bianca Caleb Camila Carlos Chloe Diego Elena Elias Emma Farah "
    "Felix Gabriel Hana Hannah Ibrahim Ines Isaac Jasmine Jonas Julia Kenji Laila Leo Lucia Marcus Mei Nadia "
    "Noah Olivia Omar Priya Rafael Ruth Samuel Sofia Tariq Theo Uma Victor Wendy Xavier Yara Zoe"
).split()
_LAST = (
    "Abbott Alvarez Bauer Bennett Castillo Dasgupta Dubois Ellis Ferrari Fischer Garcia Haddad Hansen Ito "
    "Jensen Kapoor Kim Kowalski Larsen Lopez Martin Mbeki Moreau Nakamura Nguyen Novak Ortiz Park Patel "
    "Quinn Reyes Rossi Sato Schmidt Silva Suzuki Tanaka Torres Vance Weber Wong Young Zhang"
).split()
_STREETS = (
    "Maple Street",
    "Oak Avenue",
    "Cedar Lane",
    "Lake Drive",
    "Hill Road",
    "Park Avenue",
    "Mill Street",
    "Sunset Boulevard",
    "River Road",
    "Church Street",
)
_CITIES = (
    ("Chicago, IL", "60614"),
    ("Denver, CO", "80203"),
    ("Portland, OR", "97205"),
    ("Boston, MA", "02134"),
    ("Austin, TX", "78704"),
    ("Seattle, WA", "98103"),
    ("Minneapolis, MN", "55408"),
    ("Atlanta, GA", "30307"),
    ("Phoenix, AZ", "85004"),
    ("New York, NY", "10025"),
    ("San Diego, CA", "92103"),
    ("Nashville, TN", "37206"),
    ("Madison, WI", "53703"),
    ("Boise, ID", "83702"),
    ("Burlington, VT", "05401"),
)
