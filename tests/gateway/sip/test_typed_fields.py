"""Header fields as values, read and written."""

from dataclasses import replace

import pytest
from sipmessage import MediaType

from gateway.sip.address import Address
from gateway.sip.message import Request
from gateway.sip.parameters import Parameters
from gateway.sip.typed_fields import media_type
from gateway.sip.uri import URI
from gateway.sip.via import Via

ALICE = Address(URI("sip", "example.com", user="alice"), "Alice", Parameters(tag="a%b+c"))
BOB = Address.parse("<sip:bob@example.com;gr=urn:uuid:1>;x")


@pytest.fixture
def message() -> Request:
    return Request("INVITE", URI("sip", "example.com"))


def test_what_is_assigned_is_what_is_read_and_what_is_written(message: Request) -> None:
    message.from_address, message.to_address = ALICE, BOB
    message.contact, message.route, message.record_route = [ALICE], [ALICE, BOB], [BOB]
    message.via = [Via.parse("SIP/2.0/UDP a;branch=b;received=2001:db8::1")]
    assert (message.from_address, message.to_address) == (ALICE, BOB)
    assert (message.contact, message.route, message.record_route) == ([ALICE], [ALICE, BOB], [BOB])
    assert message.headers["From"] == '"Alice" <sip:alice@example.com>;tag=a%b+c'
    assert message.headers["To"] == "<sip:bob@example.com;gr=urn:uuid:1>;x"
    assert message.headers["Via"] == "SIP/2.0/UDP a;branch=b;received=2001:db8::1"


def test_no_addresses_are_no_field(message: Request) -> None:
    message.route = [ALICE]
    message.route = []
    assert message.route == []
    assert "Route" not in message.headers.keys()


def test_the_star_of_a_registration_is_no_address(message: Request) -> None:
    message.headers.set("Contact", "*")
    assert message.contact == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("0", 0),
        ("9" * 400, 2**32 - 1),
        ("4294967296", 2**32 - 1),
        ("-1", None),
        ("", None),
        ("\u0663", None),
    ],
)
def test_times_that_nobody_can_count_do_no_harm(message: Request, text: str, seconds: int | None) -> None:
    message.headers.set("Expires", text)
    message.headers.set("Min-Expires", text)
    assert (message.expires, message.min_expires) == (seconds, seconds)


def test_times(message: Request) -> None:
    assert (message.expires, message.min_expires) == (None, None)
    message.expires, message.min_expires = 60, 30
    assert (message.headers["Expires"], message.headers["Min-Expires"]) == ("60", "30")
    message.expires = message.min_expires = None
    assert (message.expires, message.min_expires) == (None, None)


def test_media_types_are_compared_in_lower_case(message: Request) -> None:
    message.headers.set("Content-Type", 'Multipart / Mixed ; Boundary="a;b"')
    assert message.content_type == MediaType("multipart/mixed", Parameters(boundary="a;b"))
    message.content_type = replace(message.content_type, mime_type="application/sdp")
    assert message.headers["Content-Type"] == 'application/sdp;boundary="a;b"'
    message.content_type = None
    assert message.content_type is None


@pytest.mark.parametrize("text", ["", "sdp", "a/", "/b", "a/b c", "a/b;", 'a/b;c="d'])
def test_what_is_no_media_type(text: str) -> None:
    with pytest.raises(ValueError):
        media_type(text)
