from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.fakes.shop_in_process import NOW, TODAY
from tools.shop import messages as m
from tools.shop.database import opened
from tools.shop.store import TRIES_A_DAY, Rejected, ShopStore


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[ShopStore]:
    with closing(opened(":memory:", TODAY)) as database:
        yield ShopStore(database, clock)


def refund_of(order: m.Order, **changes: object) -> m.Refund:
    known = {
        "customer_id": order.customer_id,
        "version": order.version,
        "line_ids": [line.line_id for line in order.lines],
        "amount_cents": order.total_cents,
    }
    return m.Refund.model_validate(known | changes)


def change_of(order: m.Order) -> m.Change:
    return m.Change(customer_id=order.customer_id, version=order.version)


def proof(session_id: str, zip_code: str, order_id: str = "10437") -> m.Proof:
    return m.Proof(session_id=session_id, zip=zip_code, order_id=order_id)


def test_the_same_key_gets_the_same_answer_and_changes_once(store: ShopStore, clock: Clock) -> None:
    order = store.order("10523")
    first = store.refund("key-0001", "10523", refund_of(order))
    clock.now += 60
    assert store.refund("key-0001", "10523", refund_of(order)) == first
    assert store.deed("key-0001") == first
    after = store.order("10523")
    assert (after.refunded_cents, after.version) == (8_400, 2)


def test_a_key_belongs_to_one_request(store: ShopStore) -> None:
    store.refund("key-0001", "10523", refund_of(store.order("10523")))
    with pytest.raises(Rejected, match="another request") as caught:
        store.cancel("key-0001", "10951", change_of(store.order("10951")))
    assert caught.value.status == 422
    assert store.order("10951").status == "processing"


def test_a_change_that_was_refused_leaves_its_key_free(store: ShopStore) -> None:
    with pytest.raises(Rejected):
        store.cancel("key-0001", "10437", change_of(store.order("10437")))
    assert store.cancel("key-0001", "10951", change_of(store.order("10951"))).amount_cents == 11_250


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 7}, "order_changed"),
        ({"customer_id": "C0002"}, "no_such_order"),
        ({"amount_cents": 8_399}, "wrong_amount"),
        ({"amount_cents": 99_999}, "wrong_amount"),
        ({"line_ids": [1]}, "no_such_line"),
    ],
)
def test_a_refund_that_does_not_add_up_is_refused(
    store: ShopStore, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(Rejected) as caught:
        store.refund("key-0001", "10523", refund_of(store.order("10523"), **changes))
    assert caught.value.code == code
    assert store.order("10523").refunded_cents == 0


def test_nothing_is_refunded_twice_or_before_it_arrived(store: ShopStore) -> None:
    store.refund("key-0001", "10523", refund_of(store.order("10523")))
    for order_id, code in (("10523", "already_refunded"), ("10437", "not_delivered")):
        with pytest.raises(Rejected) as caught:
            store.refund("key-0002", order_id, refund_of(store.order(order_id)))
        assert (caught.value.status, caught.value.code) == (409, code)


def test_only_what_is_in_processing_changes(store: ShopStore) -> None:
    for order_id in ("10437", "10523", "11208"):
        order = store.order(order_id)
        where = m.Address(customer_id=order.customer_id, version=1, ship_to="12 Oak Street")
        with pytest.raises(Rejected):
            store.cancel("key-0001", order_id, change_of(order))
        with pytest.raises(Rejected):
            store.change_address("key-0001", order_id, where)
        assert store.order(order_id) == order


def test_a_cancelled_order_has_given_everything_back(store: ShopStore) -> None:
    store.cancel("key-0001", "10951", change_of(store.order("10951")))
    order = store.order("10951")
    assert (order.status, order.refunded_cents) == ("cancelled", order.total_cents)


def test_a_mail_goes_to_the_address_on_file(store: ShopStore) -> None:
    assert store.reset_password("key-0001", "C0003").receipt_id == "P-30001"
    with pytest.raises(Rejected):
        store.reset_password("key-0002", "C9999")


def test_three_wrong_tries_end_a_session_even_for_the_right_zip(store: ShopStore) -> None:
    tries = [store.verify(f"key-000{n}", proof("s", zip_code)) for n, zip_code in enumerate(["1" * 5] * 3)]
    assert [(each.failed, each.locked) for each in tries] == [(1, False), (2, False), (3, True)]
    late = store.verify("key-0009", proof("s", "60614"))
    assert (late.verified, late.locked, late.customer) == (False, True, None)
    assert store.verify("key-0010", proof("s2", "60614")).verified


def test_nobody_guesses_a_zip_over_many_sessions(store: ShopStore, clock: Clock) -> None:
    for n in range(TRIES_A_DAY):
        store.verify(f"key-{n:04}", proof(f"s{n}", "00000"))
    assert store.verify("key-last", proof("s-last", "60614")).locked
    assert store.verify("key-other", proof("s-other", "80203", "11042")).verified, "others are not locked out"
    clock.now += 86_401
    assert store.verify("key-morrow", proof("s-morrow", "60614")).verified


def test_an_email_counts_in_any_spelling(store: ShopStore) -> None:
    found = store.verify("key-0001", m.Proof(session_id="s", zip="60614", email="Maya.Lindqvist@Example.COM"))
    assert (found.method, found.customer and found.customer.name) == ("email+zip", "Maya Lindqvist")


def test_a_parcel_goes_from_the_warehouse_to_the_door(store: ShopStore) -> None:
    assert [event.what for event in store.parcel("10523").events] == [
        "Left our warehouse",
        "Passed the sorting center",
        "Delivered",
    ]
    assert store.parcel("10523").events[-1].place == "Chicago, IL"
    assert store.parcel("10951").events == []
