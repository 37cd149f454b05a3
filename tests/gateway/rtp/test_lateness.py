from gateway.rtp.lateness import Lateness


def test_two_in_a_hundred_may_be_later() -> None:
    lateness = Lateness(48, 200)
    for i in range(400):
        lateness.add(150 * 48 if i % 100 == 0 else 12 * 48)
    assert lateness.nearly_all_ms() == 15
    for i in range(400):
        lateness.add(150 * 48 if i % 20 == 0 else 12 * 48)
    assert lateness.nearly_all_ms() == 155


def test_nothing_is_later_than_the_most() -> None:
    lateness = Lateness(8, 200)
    lateness.add(10**9)
    assert lateness.nearly_all_ms() == 205


def test_lateness_forgets() -> None:
    lateness = Lateness(8, 200)
    for _ in range(100):
        lateness.add(80 * 8)
    assert lateness.nearly_all_ms() == 85
    for _ in range(3000):
        lateness.add(0)
    assert lateness.nearly_all_ms() == 5


def test_lateness_counts_for_hours() -> None:
    lateness = Lateness(8, 200)
    for i in range(100_000):
        lateness.add(0 if i % 10 else 800)
    assert lateness.nearly_all_ms() == 105
