from gateway.web.attempts import AT_A_NAME_BY_ALL, AT_ONE_NAME, OF_ONE_ADDRESS, REMEMBERED, WINDOW_S, Attempts

HERE, THERE = "192.0.2.1", "192.0.2.2"


def test_an_address_may_be_wrong_so_often_at_one_name_and_then_waits() -> None:
    attempts = Attempts()
    assert [attempts.wait_s("alex", HERE, float(n)) for n in range(AT_ONE_NAME)] == [0.0] * AT_ONE_NAME
    assert attempts.wait_s("alex", HERE, 100.0) == WINDOW_S - 100.0
    assert attempts.wait_s("alex", THERE, 100.0) == 0, "the person themselves, from elsewhere"
    assert attempts.wait_s("sam", HERE, 100.0) == 0
    assert attempts.wait_s("alex", HERE, WINDOW_S) == 0, "the first one is forgotten by then"
    assert attempts.wait_s("alex", HERE, WINDOW_S) == 1.0, "the second is not"


def test_a_refused_try_does_not_make_the_wait_longer() -> None:
    attempts = Attempts()
    for _ in range(AT_ONE_NAME):
        attempts.wait_s("alex", HERE, 0.0)
    for second in range(1, 600):
        assert attempts.wait_s("alex", HERE, float(second)) == WINDOW_S - second


def test_a_good_try_forgets_the_bad_ones_before_it() -> None:
    attempts = Attempts()
    for _ in range(20):
        for _ in range(AT_ONE_NAME - 1):
            assert attempts.wait_s("alex", HERE, 0.0) == 0
            attempts.succeeded("alex", HERE)
    assert attempts.wait_s("alex", HERE, 0.0) == 0


def test_an_address_that_tries_many_names_is_stopped_and_signing_in_oneself_does_not_help_it() -> None:
    attempts = Attempts()
    for number in range(OF_ONE_ADDRESS):
        assert attempts.wait_s(f"name{number}", HERE, 0.0) == 0
    assert attempts.wait_s("mine", HERE, 0.0) > 0
    assert attempts.wait_s("mine", THERE, 0.0) == 0
    attempts.succeeded("name1", HERE)
    assert attempts.wait_s("name77", HERE, 0.0) == 0
    assert attempts.wait_s("name78", HERE, 0.0) > 0


def test_many_addresses_at_one_name_are_stopped_too() -> None:
    attempts = Attempts()
    for number in range(AT_A_NAME_BY_ALL):
        assert attempts.wait_s("alex", f"192.0.2.{number}", 0.0) == 0
    assert attempts.wait_s("alex", "198.51.100.1", 0.0) > 0
    assert attempts.wait_s("sam", "198.51.100.1", 0.0) == 0


def test_a_network_of_ipv6_addresses_counts_as_one() -> None:
    attempts = Attempts()
    for number in range(AT_ONE_NAME):
        attempts.wait_s("alex", f"2001:db8::{number}", 0.0)
    assert attempts.wait_s("alex", "2001:db8::ffff", 0.0) > 0
    assert attempts.wait_s("alex", "2001:db8:0:1::1", 0.0) == 0


def test_what_is_remembered_is_bounded() -> None:
    attempts = Attempts()
    for number in range(REMEMBERED + 10):
        attempts.wait_s(f"name{number}", f"visitor {number}", 0.0)
    assert all(len(known) == REMEMBERED for known in attempts._failures.values())
