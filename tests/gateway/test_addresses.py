"""Addresses, ports and networks, well written and not."""

import pytest
from pydantic import ValidationError

from gateway.addresses import Listen, Networks, PortRange, host_port
from gateway.section import Section


class Known(Section):
    networks: Networks = ()


def complaint(section: type[Section], value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        section.model_validate(value)
    (error,) = refused.value.errors()
    return error["msg"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("udp:0.0.0.0:5060", ("udp", "0.0.0.0", 5060)),
        ("tcp:192.0.2.1", ("tcp", "192.0.2.1", 5060)),
        ("tls:192.0.2.1", ("tls", "192.0.2.1", 5061)),
        (" udp:[::]:0 ", ("udp", "::", 0)),
    ],
)
def test_where_to_listen(text: str, read: tuple[str, str, int]) -> None:
    at = Listen.model_validate(text)
    assert (at.transport, at.host, at.port) == read


@pytest.mark.parametrize(
    "text", ["5060", "sctp:0.0.0.0", "udp:localhost:5060", "udp:1.2.3:5060", "udp:::1", ""]
)
def test_where_nobody_can_listen(text: str) -> None:
    assert "udp:0.0.0.0:5060" in complaint(Listen, text)


def test_ports_are_checked() -> None:
    assert "65535" in complaint(Listen, "udp:0.0.0.0:70000")
    assert "1024" in complaint(PortRange, "80-2000")


@pytest.mark.parametrize(("text", "pairs"), [("20000-20001", 1), ("20001-20004", 1), ("20000 - 20999", 500)])
def test_a_range_holds_so_many_calls(text: str, pairs: int) -> None:
    assert PortRange.model_validate(text).pairs == pairs


@pytest.mark.parametrize("text", ["20000-20000", "20001-20002", "20999-20000"])
def test_a_range_without_room_for_a_call(text: str) -> None:
    assert "holds no call" in complaint(PortRange, text)


def test_a_range_that_is_none() -> None:
    assert "FIRST-LAST" in complaint(PortRange, "many")


def test_networks_are_addresses_or_ranges() -> None:
    known = Known.model_validate({"networks": "203.0.113.0/28, 192.0.2.1,2001:db8::/32"})
    assert [str(network) for network in known.networks] == ["203.0.113.0/28", "192.0.2.1/32", "2001:db8::/32"]


@pytest.mark.parametrize("text", ["203.0.113.5/28", "carrier.example", "203.0.113.0/33", "1.2.3"])
def test_what_is_no_network(text: str) -> None:
    assert f"`{text}` is no network" in complaint(Known, {"networks": [text]})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("sip.carrier.example", ("sip.carrier.example", 5060)),
        ("192.0.2.1:5070", ("192.0.2.1", 5070)),
        ("[2001:db8::1]", ("2001:db8::1", 5060)),
        ("[2001:db8::1]:5070", ("2001:db8::1", 5070)),
    ],
)
def test_hosts_with_and_without_a_port(text: str, read: tuple[str, int]) -> None:
    assert host_port(text, 5060) == read


@pytest.mark.parametrize(
    "text", ["", "a:b", "a:0", "a:70000", "[x]:1", "2001:db8::1", "sip:a@b", "a b", "-a"]
)
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="HOST"):
        host_port(text, 5060)
