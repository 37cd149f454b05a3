import pytest

from gateway.web.origins import Origins, is_loopback

LOCAL = Origins("127.0.0.1", ["https://shop.example/"])
PUBLIC = Origins("0.0.0.0", [])


@pytest.mark.parametrize(
    ("origin", "host", "admitted"),
    [
        (None, "localhost:8080", True),
        ("http://localhost:8080", "localhost:8080", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("https://SHOP.example", "localhost:8080", True),
        ("http://localhost:9999", "localhost:8080", False),
        ("https://shop.example.evil.example", "localhost:8080", False),
        ("https://evil.example", "localhost:8080", False),
        ("http://rebound.example:8080", "rebound.example:8080", False),
        ("null", "localhost:8080", False),
        ("", "", False),
        ("http://localhost:8080", None, False),
        ("http://[", "localhost:8080", False),
    ],
)
def test_on_loopback_only_our_own_pages_and_allowed_ones_come_in(
    origin: str | None, host: str | None, admitted: bool
) -> None:
    assert LOCAL.admit(origin, host) is admitted


@pytest.mark.parametrize(
    ("origin", "host", "admitted"),
    [
        ("https://chat.example", "chat.example", True),
        ("http://chat.example:8080", "chat.example:8080", True),
        ("https://evil.example", "chat.example", False),
    ],
)
def test_in_public_a_page_comes_from_the_host_it_talks_to(origin: str, host: str, admitted: bool) -> None:
    assert PUBLIC.admit(origin, host) is admitted


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "desk.localhost"])
def test_what_only_this_machine_reaches(host: str) -> None:
    assert is_loopback(host) and Origins(host, []).loopback_only


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "203.0.113.1", "localhost.example", "", "127.0.0.1.example"]
)
def test_what_others_reach_too(host: str) -> None:
    assert not is_loopback(host) and not Origins(host, []).loopback_only
