"""Via: who sent a request, and where they want the response."""

from dataclasses import replace

import pytest

from gateway.sip.parameters import Parameters
from gateway.sip.via import Via


def test_all_parts() -> None:
    via = Via.parse("SIP / 2.0 / TCP  Host.example.com : 5070 ; branch = z9hG4bK1 ;rport")
    assert (via.transport, via.host, via.port) == ("TCP", "Host.example.com", 5070)
    assert via.sent_by == "host.example.com:5070"
    assert via.branch == "z9hG4bK1"
    assert via.asks_for_port


def test_without_a_port_and_parameters() -> None:
    via = Via.parse("sip/2.0/UDP [2001:db8::1]")
    assert (via.sent_by, via.branch, via.asks_for_port) == ("[2001:db8::1]", "", False)


@pytest.mark.parametrize(
    ("branch", "names"), [("z9hG4bK1", True), ("z9hG4bK", False), ("1", False), ("", False)]
)
def test_only_a_magic_branch_with_more_names_a_transaction(branch: str, names: bool) -> None:
    assert Via.parse(f"SIP/2.0/UDP a;branch={branch}").names_its_transaction is names


def test_several_in_one_field() -> None:
    vias = Via.parse_many('SIP/2.0/UDP a;x="1,2" , SIP/2.0/UNKNOWN b;branch=z9hG4bK2')
    assert [via.host for via in vias] == ["a", "b"]
    assert str(vias[0]) == 'SIP/2.0/UDP a;x="1,2"'
    with pytest.raises(ValueError):
        Via.parse("SIP/2.0/UDP a, SIP/2.0/UDP b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/7.0/UDP a",
        "SIP/2.0 a",
        "HTTP/2.0/TCP a",
        "SIP/2.0/UDP a:99999",
        "SIP/2.0/UDP [1:2]",
        "SIP/2.0/UDP a;;branch=b",
        "SIP/2.0/UDP a,",
        "SIP/2.0/UDP a b",
    ],
)
def test_what_is_no_via(text: str) -> None:
    with pytest.raises(ValueError):
        Via.parse_many(text)


@pytest.mark.parametrize(
    ("sent", "amended"),
    [
        ("192.0.2.1;branch=b", "192.0.2.1;branch=b"),
        ("10.0.0.1;branch=b", "10.0.0.1;branch=b;received=192.0.2.1"),
        ("192.0.2.1;rport;branch=b", "192.0.2.1;rport=40000;branch=b;received=192.0.2.1"),
        ("a;branch=z9hG4bK+a/b=@:c;rport", "a;branch=z9hG4bK+a/b=@:c;rport=40000;received=192.0.2.1"),
        ("a.example;received=evil;rport=1", "a.example;received=192.0.2.1;rport=40000"),
    ],
)
def test_the_server_writes_down_where_the_request_came_from(sent: str, amended: str) -> None:
    via = Via.parse(f"SIP/2.0/UDP {sent}").received_from("192.0.2.1", 40_000)
    assert str(via) == f"SIP/2.0/UDP {amended}"


def test_an_address_of_version_6_is_recognised_in_brackets_and_written_without() -> None:
    via = Via.parse("SIP/2.0/UDP [2001:db8::1]")
    assert via.received_from("2001:db8::1", 5060) == via
    assert str(via.received_from("2001:db8::2", 5060)).endswith(";received=2001:db8::2")


def test_what_was_changed_is_written_anew() -> None:
    via = replace(Via.parse("SIP / 2.0 / UDP  a:5060"), parameters=Parameters(branch="b"))
    assert str(via) == "SIP/2.0/UDP a:5060;branch=b"
