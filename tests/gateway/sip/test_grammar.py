"""Tokens of header fields, and that none of them can be made to take long."""

import re
from collections.abc import Callable
from time import process_time

import pytest

from gateway.sip import grammar
from gateway.sip.address import Address
from gateway.sip.parameters import Parameters
from gateway.sip.uri import URI
from gateway.sip.via import Via


@pytest.mark.parametrize("text", ["", "plain", 'a "b" c', "back\\slash", '\\"', "\0\7", "Grüße"])
def test_a_quoted_string_means_what_was_quoted(text: str) -> None:
    quoted = grammar.quoted(text)
    assert re.fullmatch(grammar.QUOTED, quoted, re.DOTALL)
    assert grammar.unquoted(quoted) == text


def test_a_token_means_itself() -> None:
    assert grammar.unquoted("a\\b") == "a\\b"


@pytest.mark.parametrize(
    "text", ["a", "node1", "sip_edge.example", "a.example.", "192.0.2.1", "[2001:db8::1]"]
)
def test_hosts_as_they_are_found(text: str) -> None:
    assert re.fullmatch(grammar.HOST, text)
    assert grammar.host(text) == text


@pytest.mark.parametrize("text", ["", "-a", "a b", "a..", "[]", "2001:db8::1", "a/b"])
def test_what_is_no_host(text: str) -> None:
    assert re.fullmatch(grammar.HOST, text) is None


def test_brackets_hold_an_address_of_version_6() -> None:
    with pytest.raises(ValueError):
        grammar.host("[1:2:3]")


def test_ports() -> None:
    assert grammar.port(None) is None
    assert grammar.port("65535") == 65_535
    for impossible in ("0", "65536", "99999"):
        with pytest.raises(ValueError):
            grammar.port(impossible)


def word(text: str, start: int) -> tuple[str, int]:
    match = re.compile("[a-z]+").match(text, start)
    if match is None:
        raise ValueError
    return match[0], match.end()


def test_a_list_has_commas_between_its_items() -> None:
    assert grammar.comma_separated(word, "a") == ["a"]
    assert grammar.comma_separated(word, "a ,b\t,c \t") == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text", ["", ",", "a,", ",a", "a,,b", "a b", "a;b", ",".join("a" * (grammar.MOST_ITEMS + 1))]
)
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(ValueError):
        grammar.comma_separated(word, text)


def test_a_long_list_is_a_list() -> None:
    assert len(grammar.comma_separated(word, ",".join("a" * grammar.MOST_ITEMS))) == grammar.MOST_ITEMS


@pytest.mark.parametrize("parse", [Address.parse_many, Via.parse_many, URI.parse, Parameters.parse])
@pytest.mark.parametrize(
    "piece",
    [
        " ",
        '"',
        '\\"',
        "a ",
        "a,",
        "<",
        ";",
        ";a",
        ';a="b"',
        ";a=",
        "a@",
        "a:",
        "a.",
        "a-",
        "%41",
        "sip:a;",
        "(",
        "\\",
    ],
)
@pytest.mark.parametrize("start", ["", "sip:", "<sip:", '"', "SIP/2.0/UDP ", "SIP/2.0/UDP a;", "sip:a@b;c"])
def test_nothing_takes_more_time_than_its_length_explains(
    parse: Callable[[str], object], piece: str, start: str
) -> None:
    """A pattern that backtracks would need seconds for these, or the life of the universe."""
    text = (start + piece * 20_000)[:32_768] + "\0"
    began = process_time()
    with pytest.raises(ValueError):
        parse(text)
    assert process_time() - began < 0.5
