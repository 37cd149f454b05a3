from gateway.web.rates import ADDRESSES, Rate, Visitors


def test_a_rate_allows_so_many_in_any_window() -> None:
    rate = Rate(2, 10.0)
    assert [rate.allows(now) for now in (0.0, 1.0, 2.0, 9.9)] == [True, True, False, False]
    assert [rate.allows(now) for now in (10.0, 10.5, 11.0)] == [True, False, True]


def test_an_address_has_its_share_and_gets_it_back() -> None:
    visitors = Visitors(connections=2, openings_per_minute=100)
    assert visitors.enter("192.0.2.1", 0.0) and visitors.enter("192.0.2.1", 0.0)
    assert not visitors.enter("192.0.2.1", 0.0)
    assert visitors.enter("192.0.2.2", 0.0)
    visitors.leave("192.0.2.1")
    assert visitors.enter("192.0.2.1", 0.0)


def test_coming_and_going_all_the_time_is_limited_too() -> None:
    visitors = Visitors(connections=10, openings_per_minute=3)
    for _ in range(3):
        assert visitors.enter("192.0.2.1", 0.0)
        visitors.leave("192.0.2.1")
    assert not visitors.enter("192.0.2.1", 59.0)
    assert visitors.enter("192.0.2.1", 60.0)


def test_a_network_of_ipv6_addresses_counts_as_one_visitor() -> None:
    visitors = Visitors(connections=1, openings_per_minute=100)
    assert visitors.enter("2001:db8::1", 0.0)
    assert not visitors.enter("2001:db8::2", 0.0)
    assert visitors.enter("2001:db8:0:1::1", 0.0)
    assert visitors.enter("::ffff:192.0.2.1", 0.0) and visitors.enter("::ffff:192.0.2.2", 0.0)


def test_addresses_are_forgotten_before_they_fill_memory() -> None:
    visitors = Visitors(connections=1, openings_per_minute=100)
    for number in range(ADDRESSES + 10):
        visitors.enter(f"visitor {number}", 0.0)
    assert visitors.enter("visitor 0", 0.0), "forgotten, so let in again"
    assert not visitors.enter(f"visitor {ADDRESSES}", 0.0)
    visitors.leave("visitor 1")
