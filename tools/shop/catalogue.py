"""What Fernhill Outfitters sells, where its stores are, and how its parcels travel."""

from dataclasses import dataclass

from tools.shop.messages import Store


@dataclass(frozen=True, slots=True)
class Product:
    """Something for sale."""

    sku: str
    name: str
    price_cents: int


PRODUCTS = (
    Product("JK-110", "Trail Jacket", 11_490),
    Product("JK-120", "Rain Shell", 11_250),
    Product("JK-130", "Down Parka", 28_900),
    Product("VS-210", "Fleece Vest", 6_900),
    Product("BL-310", "Merino Base Layer", 5_900),
    Product("SK-320", "Wool Socks", 1_500),
    Product("GL-330", "Insulated Gloves", 4_500),
    Product("HT-340", "Knit Beanie", 2_400),
    Product("PT-410", "Hiking Pants", 7_900),
    Product("PT-420", "Rain Pants", 6_400),
    Product("BT-510", "Hiking Boots", 8_400),
    Product("BT-520", "Trail Runners", 12_900),
    Product("BT-530", "Winter Boots", 17_900),
    Product("PK-610", "Day Pack", 7_400),
    Product("PK-620", "Trekking Backpack", 23_000),
    Product("TN-710", "Two-Person Tent", 32_900),
    Product("TN-720", "Expedition Tent", 74_900),
    Product("SB-730", "Sleeping Bag", 18_900),
    Product("MT-740", "Sleeping Pad", 8_900),
    Product("CK-810", "Camp Stove", 6_400),
    Product("CK-820", "Cook Set", 4_900),
    Product("BT-830", "Insulated Bottle", 3_200),
    Product("LT-840", "Headlamp", 3_900),
    Product("PL-850", "Trekking Poles", 9_800),
)
BY_NAME = {product.name: product for product in PRODUCTS}

CARRIERS = ("Northline", "Bluebird Parcel", "Summit Freight")
WAREHOUSE = "Reno, NV"
HUBS = ("Salt Lake City, UT", "Denver, CO", "Kansas City, MO")

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def _week(weekdays: str, saturday: str, sunday: str) -> dict[str, str]:
    return dict.fromkeys(_WEEKDAYS, weekdays) | {"sat": saturday, "sun": sunday}


STORES = (
    Store(
        city="Denver",
        address="455 Larimer Street, Denver, CO 80203",
        hours=_week("10:00-19:00", "09:00-19:00", "11:00-17:00"),
    ),
    Store(
        city="Portland",
        address="212 Northwest Davis Street, Portland, OR 97205",
        hours=_week("10:00-19:00", "10:00-19:00", "closed"),
    ),
)
