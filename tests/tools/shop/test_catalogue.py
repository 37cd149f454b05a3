import re

from tools.shop.catalogue import BY_NAME, PRODUCTS, STORES


def test_names_and_skus_are_unique_and_nothing_is_free() -> None:
    assert len(BY_NAME) == len(PRODUCTS) == len({product.sku for product in PRODUCTS})
    assert all(product.price_cents > 0 for product in PRODUCTS)


def test_every_store_tells_every_day() -> None:
    for store in STORES:
        assert list(store.hours) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        for hours in store.hours.values():
            assert hours == "closed" or re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", hours)
