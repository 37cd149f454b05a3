"""Which messages belong together, and where responses go."""

from dataclasses import replace

import pytest
from sipmessage import CSeq

from gateway.sip import matching
from gateway.sip.hop import Hop
from gateway.sip.message import Request
from gateway.sip.uri import URI
from tests.gateway.sip.clock import TCP, UDP
from tests.gateway.sip.requests import request

OLD = "SIP/2.0/UDP pbx.example"
"A Via of RFC 2543: without a branch."


def sent(via: str = "SIP/2.0/UDP pbx.example;branch=z9hG4bK1", method: str = "INVITE") -> Request:
    made = request(method)
    made.headers.set("Via", via)
    return made


def key(made: Request) -> str:
    return matching.server_key(made, made.method)


# --- RFC 3261, section 17.2.3: with a branch of its own ---


def test_a_branch_names_the_transaction_whatever_else_the_request_says() -> None:
    again = sent("SIP/2.0/UDP PBX.example;branch=z9hG4bK1;rport;x=y")
    again.call_id, again.uri = "other", URI.parse("sip:other")
    assert key(again) == key(sent())


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP pbx.example;branch=z9hG4bK2",
        "SIP/2.0/UDP other.example;branch=z9hG4bK1",
        "SIP/2.0/UDP pbx.example:5070;branch=z9hG4bK1",
    ],
)
def test_another_branch_or_sender_is_another_transaction(via: str) -> None:
    assert key(sent(via)) != key(sent())


def test_methods_have_transactions_of_their_own() -> None:
    assert len({key(sent(method=method)) for method in ("INVITE", "CANCEL", "OPTIONS", "ACK")}) == 4


def test_ack_and_cancel_find_the_invite() -> None:
    assert {matching.server_key(sent(method=m), "INVITE") for m in ("ACK", "CANCEL")} == {key(sent())}


def test_only_the_top_via_counts() -> None:
    made = sent()
    made.headers.add("Via", "SIP/2.0/UDP behind.example;branch=z9hG4bK9")
    assert key(made) == key(sent())


# --- and without: RFC 2543 ---


@pytest.mark.parametrize("via", [OLD, f"{OLD};branch=1", f"{OLD};branch=z9hG4bK"])
def test_without_a_branch_of_its_own_the_rest_names_it(via: str) -> None:
    assert key(sent(via)) == key(sent(via))
    changes = []
    for change in range(5):
        made = sent(via)
        match change:
            case 0:
                made.uri = URI.parse("sip:other")
            case 1:
                made.headers.set("From", "<sip:+491701234567@carrier.example>;tag=other")
            case 2:
                made.call_id = "other"
            case 3:
                made.cseq = CSeq(2, "INVITE")
            case 4:
                made.headers.set("Via", f"{via};other")
        changes.append(key(made))
    assert len({*changes, key(sent(via))}) == 6


def test_an_old_ack_is_known_by_our_tag() -> None:
    ack = sent(OLD, "ACK")
    ack.to_address = replace(ack.to_address, parameters=ack.to_address.parameters.replace(tag="ours"))
    assert matching.server_key(ack, "INVITE") == key(sent(OLD))
    assert matching.acknowledges(ack, "ours")
    assert not matching.acknowledges(ack, "other")


def test_a_branch_is_enough_for_an_ack() -> None:
    assert matching.acknowledges(sent(method="ACK"), "other")


# --- where responses go ---


@pytest.mark.parametrize(
    ("via", "hop", "path", "fallback"),
    [
        ("SIP/2.0/UDP a;rport", Hop("udp", "192.0.2.1", 40_000), ("192.0.2.1", 40_000), 5060),
        ("SIP/2.0/UDP a:5070;rport", Hop("udp", "192.0.2.1", 40_000), ("192.0.2.1", 40_000), 5070),
        ("SIP/2.0/UDP a:5070", Hop("udp", "192.0.2.1", 40_000), ("192.0.2.1", 5070), 5070),
        ("SIP/2.0/UDP a", Hop("udp", "2001:db8::1", 40_000), ("2001:db8::1", 5060), 5060),
        ("SIP/2.0/UDP a;maddr=198.51.100.1", UDP, ("192.0.2.1", 5060), 5060),
        ("SIP/2.0/UDP a;received=198.51.100.1", UDP, ("192.0.2.1", 5060), 5060),
        ("SIP/2.0/TCP a", TCP, ("192.0.2.1", 40_000), 5060),
        ("SIP/2.0/TLS a:5071", Hop("tls", "192.0.2.1", 40_000, 3), ("192.0.2.1", 40_000), 5071),
        ("SIP/2.0/TLS a", Hop("tls", "192.0.2.1", 40_000, 3), ("192.0.2.1", 40_000), 5061),
    ],
)
def test_responses_go_to_who_sent_the_request_and_nowhere_else(
    via: str, hop: Hop, path: tuple[str, int], fallback: int
) -> None:
    reply = matching.receive_via(sent(via), hop)
    assert (reply.hop.host, reply.hop.port) == path
    assert reply.hop.transport == hop.transport
    assert reply.hop.connection == hop.connection
    assert reply.lost().hop == Hop(hop.transport, hop.host, fallback)
    assert reply.lost().lost() == reply.lost()


def test_the_request_remembers_where_it_came_from() -> None:
    made = sent("SIP/2.0/UDP a;rport")
    made.headers.add("Via", "SIP/2.0/UDP behind")
    matching.receive_via(made, Hop("udp", "192.0.2.1", 40_000))
    assert made.headers.getlist("Via") == [
        "SIP/2.0/UDP a;rport=40000;received=192.0.2.1",
        "SIP/2.0/UDP behind",
    ]


def test_a_stateless_tag_is_the_same_for_the_same_request_and_nobody_guesses_it() -> None:
    tags = [matching.stateless_tag(sent(), secret) for secret in ("a", "a", "b")]
    tags.append(matching.stateless_tag(sent(OLD), "a"))
    assert tags[0] == tags[1]
    assert len(set(tags)) == 3
    assert all(len(tag) == 16 for tag in tags)


def test_client_transactions_have_their_branch_and_method() -> None:
    keys = {matching.client_key(b, m) for b in ("z9hG4bK1", "z9hG4bK2") for m in ("INVITE", "CANCEL")}
    assert len(keys) == 4
