"""Who gets in, who is answered, and what is counted."""

from typing import Any

import pytest

from gateway.sip import gate
from gateway.sip.callers import Admitted, Callers, Ignored, Refused
from gateway.sip.digest import Challenges, Credentials, authorise
from gateway.sip.gate import Gate
from gateway.sip.hop import Hop
from tests.gateway.sip import bare_phone
from tests.gateway.sip.requests import request, response
from tests.gateway.sip.telephones import telephone

TRUNK, STRANGER = Hop("udp", "127.0.0.1", 5060), Hop("udp", "203.0.113.9", 5060)
LOGIN = {"login": {"username": "pbx", "password": "correct horse"}, "networks": []}


def gate_of(full: bool = False, **changes: Any) -> Gate:
    settings = telephone(5060, 5070, **changes)
    return Gate(settings, Callers(settings, Challenges("warmline", b"secret")), lambda trunk: full)


def counted(kind: str) -> float:
    value: float = gate.MESSAGES.labels("in", kind)._value.get()
    return value


def dropped(reason: str) -> float:
    value: float = gate.DROPPED.labels(reason)._value.get()
    return value


def test_a_trunk_that_is_full_is_told_when_to_come_again() -> None:
    verdict = gate_of(full=True).authorise(request(), TRUNK, 0)
    assert isinstance(verdict, Refused) and verdict.code == 503
    assert dict(verdict.headers)["Retry-After"]
    assert isinstance(gate_of(full=True).authorise(request("OPTIONS"), TRUNK, 0), Admitted)
    assert isinstance(gate_of().authorise(request(), TRUNK, 0), Admitted)


def test_a_stranger_is_ignored_and_counted() -> None:
    before = dropped("stranger")
    assert gate_of().authorise(request(), STRANGER, 0) == Ignored()
    assert dropped("stranger") == before + 1


def test_a_flood_is_dropped_and_counted() -> None:
    made, before = gate_of(), dropped("flood")
    assert sum(made.admits(STRANGER, 0) for _ in range(100)) == 50
    assert dropped("flood") == before + 50
    assert all(made.admits(TRUNK, 0) for _ in range(100))


@pytest.mark.parametrize("data", [b"hello", b"OPTIONS x SIP/2.0\r\n\r\n", bare_phone.request("CANCEL")])
def test_what_would_be_answered_below_us_does_not_pass_from_strangers(data: bytes) -> None:
    assert not gate_of().passes(data, STRANGER, 0)
    assert gate_of().passes(data, TRUNK, 0)
    assert gate_of(strangers="refuse").passes(data, STRANGER, 0)
    assert gate_of(trunk=LOGIN).passes(data, STRANGER, 0), "he gets a challenge for everything"


def test_what_strangers_may_send_passes() -> None:
    for method in ("INVITE", "BYE", "ACK"):
        assert gate_of().passes(bare_phone.request(method), STRANGER, 0)


def test_who_logged_in_may_send_as_much_as_a_trunk() -> None:
    made, asking = gate_of(trunk=LOGIN), request()
    asked = made.authorise(asking, STRANGER, 0)
    assert isinstance(asked, Refused) and asked.code == 401
    authorise(asking, response(401, *asked.headers), Credentials("pbx", "correct horse"), "c" * 8)
    assert isinstance(made.authorise(asking, STRANGER, 0), Admitted)
    assert all(made.admits(STRANGER, 0) for _ in range(500))


def test_guesses_at_passwords_end_in_silence() -> None:
    made, guessing = gate_of(trunk=LOGIN), request(headers=(("Authorization", "Digest x=1"),))
    heard = 0
    while made.admits(STRANGER, 0):
        assert made.authorise(guessing, STRANGER, 0) == Refused(403, (), offence=True)
        heard += 1
    assert heard <= 5


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"INVITE sip:x SIP/2.0\r\n", "INVITE"),
        (b"SIP/2.0 486 Busy Here\r\n", "4xx"),
        (b"FOO sip:x SIP/2.0\r\n", "other"),
        (b"\xff" * 100, "other"),
        (b"", "other"),
    ],
)
def test_messages_are_counted_by_a_bounded_set_of_kinds(data: bytes, kind: str) -> None:
    before = counted(kind)
    gate.count("in", data)
    assert counted(kind) == before + 1
