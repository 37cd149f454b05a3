import pytest

from gateway.web.origins import Origins

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
