"""One trunk in operation: found, registered, asked, and what an operator sees of it."""

import itertools
from typing import Any

from gateway.sip.hop import Hop
from gateway.sip.line import LOOK_UP_AGAIN_MS, LOOK_UP_EVERY_MS, Line
from gateway.sip.message import Request
from gateway.sip.uri import URI
from gateway.trunks import Trunk
from tests.gateway.sip.requests import response

ACCOUNT = {"registers": True, "username": "u123", "password": "secret"}


def line(**changes: Any) -> Line:
    numbers = itertools.count()
    trunk = Trunk.model_validate({"name": "carrier", "address": "sip.carrier.example:5070", **changes})
    return Line(trunk, lambda: f"id{next(numbers):08}", 0)


def contact(hop: Hop) -> URI:
    return URI.parse(f"sip:carrier@192.0.2.9:{hop.port}")


def found(made: Line, *hosts: str, now_ms: int = 0) -> None:
    assert made.wants_look_up(now_ms)
    made.looked_up(hosts, contact, now_ms)


def test_its_address_is_looked_up_once_and_again_before_long() -> None:
    made = line()
    assert made.hop is None and made.wants_look_up(0)
    assert not made.wants_look_up(0), "one at a time"
    made.looked_up(["192.0.2.1", "192.0.2.2"], contact, 0)
    assert made.hop == Hop("udp", "192.0.2.1", 5070)
    assert not made.wants_look_up(LOOK_UP_EVERY_MS - 1) and made.wants_look_up(LOOK_UP_EVERY_MS)


def test_a_failed_look_up_keeps_what_is_known() -> None:
    made = line()
    found(made, "192.0.2.1")
    found(made, now_ms=LOOK_UP_EVERY_MS)
    assert made.hop is not None and made.state().state == "unknown"
    assert made.wants_look_up(LOOK_UP_EVERY_MS + LOOK_UP_AGAIN_MS)
    nowhere = line()
    found(nowhere)
    assert (nowhere.state().state, nowhere.hop) == ("down", None)


def test_the_address_in_use_stays_while_it_is_one_of_the_trunks() -> None:
    made = line()
    found(made, "192.0.2.1", "192.0.2.2")
    found(made, "192.0.2.2", "192.0.2.1", now_ms=LOOK_UP_EVERY_MS)
    assert made.hop == Hop("udp", "192.0.2.1", 5070)
    found(made, "192.0.2.3", now_ms=2 * LOOK_UP_EVERY_MS)
    assert made.hop == Hop("udp", "192.0.2.3", 5070)


def test_a_literal_is_known_at_once_and_a_trunk_without_address_never_asked_for() -> None:
    assert line(address="[2001:db8::1]", transport="tls").hop == Hop("tls", "2001:db8::1", 5061)
    silent = Line(Trunk.model_validate({"name": "in", "networks": "192.0.2.1"}), str, 0)
    assert not silent.wants_look_up(10**9) and silent.due(10**9) == []


def test_numbers_get_addresses_in_its_domain() -> None:
    assert str(line().address("+4930")) == "sip:+4930@sip.carrier.example:5070"
    assert str(line(domain="carrier.example").address("+4930")) == "sip:+4930@carrier.example"
    assert str(line(domain="carrier.example").address("a b")) == "sip:a%20b@carrier.example"


def test_it_registers_once_it_is_found() -> None:
    made = line(**ACCOUNT)
    assert made.due(0) == []
    found(made, "192.0.2.1")
    ((purpose, request),) = made.due(0)
    assert (purpose, str(request.uri)) == ("register", "sip:sip.carrier.example:5070")
    assert str(request.to_address.uri) == "sip:u123@sip.carrier.example:5070"
    assert str(request.contact[0].uri) == "sip:carrier@192.0.2.9:5070"
    assert made.state().state == "unknown"
    assert made.responded("register", response(200, ("Expires", "600")), 0) is None
    assert made.state().state == "ready" and made.due(0) == []
    leaving = made.leave()
    assert isinstance(leaving, Request) and leaving.headers["Expires"] == "0"


def test_a_refused_registration_is_seen() -> None:
    made = line(**ACCOUNT)
    found(made, "192.0.2.1")
    made.due(0)
    made.responded("register", response(403), 0)
    assert (made.state().state, made.state().detail) == ("down", "refused")


def test_who_does_not_answer_at_one_address_is_asked_at_the_next() -> None:
    made = line(options_s=30)
    found(made, "192.0.2.1", "192.0.2.2")
    ((purpose, request),) = made.due(0)
    assert (purpose, request.method) == ("options", "OPTIONS")
    assert made.due(29_999) == []
    made.unanswered("options", 10_000)
    assert made.hop == Hop("udp", "192.0.2.2", 5070) and made.state().state == "down"
    assert len(made.due(30_000)) == 1
    made.responded("options", response(404), 30_000)
    assert made.state().state == "ready", "whatever it says, it is there"
    made.responded("options", response(503), 60_000)
    assert made.state().state == "down"
    assert made.leave() is None and made.due(10**9) == []


def test_credentials_are_there_or_not() -> None:
    assert line().credentials is None
    credentials = line(**ACCOUNT).credentials
    assert credentials is not None and credentials.password == "secret"
