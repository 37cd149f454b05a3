"""Addresses: names, URIs and parameters, apart however oddly they are written."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.address import Address
from gateway.sip.parameters import Parameters
from gateway.sip.uri import URI

SHOP = URI.parse("sip:shop@example.com")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<sip:shop@example.com>", ""),
        ("Shop <sip:shop@example.com>", "Shop"),
        ("Our  Shop\t<sip:shop@example.com>", "Our  Shop"),
        ("Shop<sip:shop@example.com>", "Shop"),
        ('"Shop" <sip:shop@example.com>', "Shop"),
        ('  "Shop"<sip:shop@example.com>  ', "Shop"),
        (r'"a \"b\" \\" <sip:shop@example.com>', 'a "b" \\'),
        ('"<sip:evil@example.com>, ;" <sip:shop@example.com>', "<sip:evil@example.com>, ;"),
        ('"" <sip:shop@example.com>', ""),
        ("sip:shop@example.com", ""),
    ],
)
def test_names(text: str, name: str) -> None:
    address = Address.parse(text)
    assert (address.name, address.uri) == (name, SHOP)


def test_parameters_in_the_brackets_are_the_uris_and_outside_the_headers() -> None:
    inside = Address.parse("<sip:a@b;x=1>;tag=2")
    assert (dict(inside.uri.parameters), dict(inside.parameters)) == ({"x": "1"}, {"tag": "2"})
    bare = Address.parse("sip:a@b;x=1 ; tag = 2")
    assert (dict(bare.uri.parameters), dict(bare.parameters)) == ({}, {"x": "1", "tag": "2"})


def test_a_quoted_parameter_cannot_smuggle_in_another_address() -> None:
    address = Address.parse('"x" <sip:shop@example.com>;p="<sip:evil@example.com>";tag=1')
    assert address.uri == SHOP
    assert address.tag == "1"


def test_a_tag_is_what_stands_there() -> None:
    assert Address.parse("<sip:a@b>;TAG=a%41+").tag == "a%41+"
    assert Address.parse("<sip:a@b>").tag == ""
    assert Address.parse("<sip:a@b>;tag").tag == ""


def test_several_addresses() -> None:
    addresses = Address.parse_many('"A, B" <sip:a@x>;q=1, sip:b@x;q="2,3" , C <tel:+1>')
    assert [address.name for address in addresses] == ["A, B", "", "C"]
    assert [str(address.uri) for address in addresses] == ["sip:a@x", "sip:b@x", "tel:+1"]
    assert addresses[1].parameters["q"] == "2,3"
    assert [str(address) for address in addresses][1:] == ['sip:b@x;q="2,3"', "C <tel:+1>"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Shop",
        "<>",
        "<sip:a@b",
        "sip:a@b>",
        '"Shop <sip:a@b>',
        "Bell, Alexander <sip:a@b>",
        "< sip:a@b >",
        "<sip:a@b>x",
        "<sip:a@b> x=1",
        "<sip:a@b>;",
        "<sip:a@b>;;x",
        '"a" "b" <sip:a@b>',
        "a@b",
        "sip:a@b?c=d",
        "<sip:a@b>,",
        "<sip:a@b>,<sip:c@d>",
    ],
)
def test_what_is_not_one_address(text: str) -> None:
    with pytest.raises(ValueError):
        Address.parse(text)


@pytest.mark.parametrize("text", ["sip:%61@b;tag=1", "A  <sip:a@b> ;  tag = 1", r'"\a" <sip:a@b>'])
def test_what_was_parsed_is_written_as_it_stood(text: str) -> None:
    assert str(Address.parse(f" {text} ")) == text


def test_what_was_changed_is_written_anew() -> None:
    address = Address.parse("Shop   <sip:shop@example.com>;x")
    tagged = replace(address, parameters=address.parameters.replace(tag="a+b"))
    assert str(tagged) == '"Shop" <sip:shop@example.com>;x;tag=a+b'


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), st.text(st.characters(codec="ascii"))
)
def test_whatever_an_address_is_made_of_it_is_read_again(name: str, value: str) -> None:
    made = Address(SHOP, name.strip(" \t"), Parameters(tag="1", other=value))
    assert Address.parse(str(made)) == made
