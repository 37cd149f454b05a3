import pytest

from gateway.sip.context import LONGEST, context, user_to_user
from tests.gateway.sip.requests import request


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("68656c6c6f;encoding=hex", "hello"),
        ("68656c6c6f", "hello"),
        ("68656C6C6F ; purpose=isdn-uui ; Encoding=HEX", "hello"),
        ('"order 42"', "order 42"),
        ("order-42;encoding=ascii", "order-42"),
        ("68656c6c6f;encoding=ascii", "68656c6c6f"),
        ("fffe;encoding=hex", "fffe"),
        (user_to_user("Grüße, ticket 7; urgent"), "Grüße, ticket 7; urgent"),
    ],
)
def test_user_to_user_is_read_as_text(value: str, text: str) -> None:
    assert context(request(headers=(("User-to-User", value),)), ()) == {"user-to-user": text}


def test_only_headers_that_were_agreed_are_taken() -> None:
    asked = request(headers=(("X-Account", "42"), ("X-Admin", "yes")))
    assert context(asked, ["x-account", "X-Missing"]) == {"x-account": "42"}


def test_what_comes_is_bounded_and_printable() -> None:
    asked = request(headers=(("X-A", "a\x07\x1b[31m" + "b" * 5000),))
    value = context(asked, ["X-A"])["x-a"]
    assert value.startswith("a[31mb") and len(value) == LONGEST
