"""URIs: their parts, and that they come out as they went in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.parameters import Parameters
from gateway.sip.uri import URI


def test_all_parts_of_a_sip_uri() -> None:
    uri = URI.parse("SIPS:alice:secret%3F@Example.com:5061;transport=TCP;LR;a=%3b?Replaces=a%40b&Subject=c")
    assert (uri.scheme, uri.user, uri.password) == ("sips", "alice", "secret?")
    assert (uri.host, uri.port) == ("Example.com", 5061)
    assert dict(uri.parameters) == {"transport": "TCP", "lr": None, "a": ";"}
    assert uri.headers == "Replaces=a%40b&Subject=c"


def test_a_host_is_enough() -> None:
    uri = URI.parse("sip:node1")
    assert (uri.host, uri.user, uri.port, uri.headers) == ("node1", None, None, "")


@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]", "a-b.example.", "a_b"])
def test_hosts(host: str) -> None:
    assert URI.parse(f"sip:a@{host}:5070;lr").host == host


def test_a_long_uri() -> None:
    assert URI.parse("sip:" + "a" * 2044).host == "a" * 2044


def test_service_codes_as_telephones_dial_them() -> None:
    assert URI.parse("sip:*21#@pbx.example").user == "*21#"
    assert URI.parse("sip:%2321%23@pbx.example").user == "#21#"


def test_a_telephone_number() -> None:
    uri = URI.parse("tel:+1-201-555-0123;phone-context=example.com")
    assert (uri.scheme, uri.user, uri.host) == ("tel", "+1-201-555-0123", "")
    assert uri.global_phone_number == "+12015550123"
    assert str(replace(uri, user="+1")) == "tel:+1;phone-context=example.com"


def test_schemes_that_we_do_not_know_keep_what_they_hold() -> None:
    uri = URI.parse("HTTP://www.example.com/?a")
    assert (uri.scheme, uri.host) == ("http", "//www.example.com/?a")
    assert str(uri) == "HTTP://www.example.com/?a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@host",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b;",
        "sip:a@b;;c",
        "sip:a@b:0",
        "sip:a@b:65536",
        "sip:a@b:",
        "sip:a@[1:2]",
        "sip:a@[::1",
        "sip:a%4@b",
        "sip:a%ff@b",
        "sip:a@b;c=%ff",
        "sip:a@b?",
        "sip:ä@b",
        "<sip:a@b>",
        "tel:",
        "tel:abz",
        "tel:+1;",
        "1a:b",
        "a",
        "http:",
        "http:a b",
        "sip:a@b\n",
        "sip:" + "a" * 2045,
    ],
)
def test_what_is_no_uri(text: str) -> None:
    with pytest.raises(ValueError):
        URI.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "sip:%75se%72@example.com",
        "sip:a@b;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "sip:a@b;maddr=[2001:db8::1];x=%2B+",
        "SIP:a@B?c=%3Csip:d%3E",
    ],
)
def test_what_was_parsed_is_written_as_it_stood(text: str) -> None:
    assert str(URI.parse(text)) == text


def test_what_was_changed_is_written_anew() -> None:
    uri = replace(URI.parse("sip:%75se%72@example.com:5060;n%61me=v%61lue%25%34%31"), port=None)
    assert str(uri) == "sip:user@example.com;name=value%2541"


def test_uris_with_the_same_parts_are_equal_however_they_were_written() -> None:
    assert URI.parse("sip:%61@b;LR") == URI("sip", "b", user="a", parameters=Parameters(lr=None))


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(
    user=texts, password=st.none() | texts, value=st.none() | texts, port=st.none() | st.integers(1, 65_535)
)
def test_whatever_a_uri_is_made_of_it_is_read_again(
    user: str, password: str | None, value: str | None, port: int | None
) -> None:
    made = URI("sip", "example.com", user, password, port, Parameters({"p": value}), "a=b")
    assert URI.parse(str(made)) == made
