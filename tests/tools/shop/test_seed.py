from datetime import date, timedelta

from tests.fakes.shop_in_process import TODAY
from tools.shop.seed import Purchase, purchases

ORDERS = {purchase.order_id: purchase for purchase in purchases(TODAY)}


def total(purchase: Purchase) -> int:
    return sum(product.price_cents * count for product, count in purchase.products)


def test_there_are_enough_customers_and_orders_and_all_can_be_said_in_five_digits() -> None:
    assert len({purchase.customer.customer_id for purchase in ORDERS.values()}) >= 200
    assert len(ORDERS) >= 1_000
    assert all(len(order_id) == 5 and order_id.isdigit() for order_id in ORDERS)
    assert len({p.customer.email for p in ORDERS.values()}) == len({p.customer for p in ORDERS.values()})
    assert all(
        len(p.customer.zip) == 5 and p.customer.address.endswith(p.customer.zip) for p in ORDERS.values()
    )


def test_seeding_twice_gives_the_same_and_another_day_only_moves_dates() -> None:
    assert list(purchases(TODAY)) == list(purchases(TODAY))
    later = {purchase.order_id: purchase for purchase in purchases(TODAY + timedelta(days=9))}
    assert {key: total(each) for key, each in later.items()} == {
        key: total(each) for key, each in ORDERS.items()
    }
    assert later["10523"].delivered_on == TODAY + timedelta(days=4)


def test_the_customers_of_the_documentation_have_their_orders() -> None:
    def told(order_id: str) -> tuple[str, str, str, int]:
        purchase = ORDERS[order_id]
        return purchase.customer.name, purchase.customer.zip, purchase.status, total(purchase)

    assert told("10437") == ("Maya Lindqvist", "60614", "in_transit", 12_990)
    assert told("10812") == ("Maya Lindqvist", "60614", "delivered", 74_900)
    assert told("10523") == ("Maya Lindqvist", "60614", "delivered", 8_400)
    assert told("10266") == ("Maya Lindqvist", "60614", "delivered", 5_900)
    assert told("10951") == ("Maya Lindqvist", "60614", "processing", 11_250)
    assert told("11042")[:3] == ("Daniel Okafor", "80203", "processing")
    assert told("11077") == ("Daniel Okafor", "80203", "delivered", 23_000)
    assert told("11208")[:3] == ("Grace Chen", "97205", "shipped")
    fixed = [p for p in ORDERS.values() if p.customer.customer_id in {"C0001", "C0002", "C0003"}]
    assert len(fixed) == 8


def test_their_dates_lie_around_the_day_of_seeding() -> None:
    def ago(day: date | None) -> int:
        assert day is not None
        return (TODAY - day).days

    assert ago(ORDERS["10437"].expected_on) == -2
    assert ago(ORDERS["10812"].delivered_on) == 6
    assert ago(ORDERS["10523"].delivered_on) == 5
    assert ago(ORDERS["10266"].delivered_on) == 48
    assert ago(ORDERS["11077"].delivered_on) == 12
    assert ago(ORDERS["11208"].shipped_on) == 1
    assert ORDERS["10951"].shipped_on is None


def test_no_order_contradicts_itself() -> None:
    for purchase in ORDERS.values():
        assert (purchase.delivered_on is not None) == (purchase.status == "delivered")
        assert (purchase.shipped_on is None) == (purchase.status in {"processing", "cancelled"})
        days = [day for day in (purchase.placed_on, purchase.shipped_on, purchase.delivered_on) if day]
        assert days == sorted(days)
        assert all(day <= TODAY for day in days)
