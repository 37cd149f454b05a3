"""Trunks, numbers, strangers and scanners."""

from typing import Any

import pytest
from pydantic import SecretStr

from gateway.sip.callers import Admitted, Callers, Ignored, Refused, Verdict
from gateway.sip.digest import Challenges, Credentials, authorise
from gateway.sip.hop import Hop, Transport
from gateway.trunks import Login, Number, Telephone, Trunk
from tests.gateway.sip.requests import request, response


def trunk(**values: Any) -> Trunk:
    return Trunk.model_validate(values)


CARRIER = trunk(name="carrier", networks=("203.0.113.0/28",))
PBX = trunk(name="pbx", login=Login(username="pbx", password=SecretStr("correct horse")))
NUMBERS = (Number(pattern="+4930123456"), Number(pattern="+4930999*"), Number(pattern="100", trunk="pbx"))


def telephone(*trunks: Trunk, numbers: tuple[Number, ...] = NUMBERS, strangers: str = "ignore") -> Telephone:
    return Telephone.model_validate(
        {
            "listen": "udp:0.0.0.0:5060,tls:0.0.0.0:5061",
            "tls": {"certificate": "c.pem", "private_key": "k.pem"},
            "trunks": trunks,
            "numbers": tuple(n for n in numbers if n.trunk in (None, *(t.name for t in trunks))),
            "strangers": strangers,
        }
    )


def callers(*trunks: Trunk, numbers: tuple[Number, ...] = NUMBERS, strangers: str = "ignore") -> Callers:
    return Callers(
        telephone(*trunks, numbers=numbers, strangers=strangers), Challenges("warmline", b"secret")
    )


def hop(host: str, transport: Transport = "udp") -> Hop:
    return Hop(transport, host, 5060)


KNOWN, STRANGER = hop("203.0.113.5"), hop("198.51.100.66")


def admitted(verdict: Verdict) -> Admitted:
    assert isinstance(verdict, Admitted)
    return verdict


def logged_in(
    doors: Callers, at: Hop, method: str = "INVITE", password: str = "correct horse", user: str = "pbx"
) -> Verdict:
    made = request(method, "sip:100@gateway.example")
    asked = doors.authorise(made, at, 0)
    assert isinstance(asked, Refused) and asked.code == 401
    assert authorise(made, response(401, *asked.headers), Credentials(user, password), "c" * 8)
    return doors.authorise(made, at, 0)


# --- who it is ---


def test_a_carrier_is_known_by_its_network() -> None:
    verdict = admitted(callers(CARRIER).authorise(request(), KNOWN, 0))
    assert (verdict.trunk, verdict.number) == (CARRIER, NUMBERS[0])
    assert (verdict.caller, verdict.called) == ("+491701234567", "+4930123456")


def test_the_smaller_network_is_meant() -> None:
    whole = trunk(name="whole", networks=("203.0.113.0/24",))
    doors = callers(whole, CARRIER)
    assert admitted(doors.authorise(request(), KNOWN, 0)).trunk is CARRIER
    assert admitted(doors.authorise(request(), hop("203.0.113.99"), 0)).trunk is whole


def test_ipv6_and_mapped_addresses() -> None:
    six = trunk(name="six", networks=("2001:db8::/64",))
    doors = callers(six, CARRIER)
    assert admitted(doors.authorise(request(), hop("2001:db8::1"), 0)).trunk is six
    assert admitted(doors.authorise(request(), hop("::ffff:203.0.113.5"), 0)).trunk is CARRIER
    assert doors.knows("2001:db8::2") and not doors.knows("2001:db8:1::2") and not doors.knows("nobody")


def test_a_tls_trunk_is_not_believed_over_anything_else() -> None:
    doors = callers(trunk(name="secure", transport="tls", networks=("203.0.113.0/28",)))
    assert doors.authorise(request(), KNOWN, 0) == Ignored()
    assert isinstance(doors.authorise(request(), hop("203.0.113.5", "tls"), 0), Admitted)


def test_where_we_register_calls_may_come_from_unless_networks_are_named() -> None:
    account: dict[str, Any] = {
        "address": "sip.carrier.example",
        "registers": True,
        "username": "u",
        "password": "p",
    }
    doors = callers(
        trunk(name="open", **account), trunk(name="closed", networks=("192.0.2.0/24",), **account)
    )
    assert doors.authorise(request(), STRANGER, 0) == Ignored()
    doors.resolved("closed", [STRANGER.host])
    assert doors.authorise(request(), STRANGER, 0) == Ignored()
    doors.resolved("open", [STRANGER.host])
    assert admitted(doors.authorise(request(), STRANGER, 0)).trunk.name == "open"
    doors.resolved("open", [])
    assert doors.authorise(request(), STRANGER, 0) == Ignored()


def test_a_trunk_that_only_calls_out_lets_nobody_in() -> None:
    doors = callers(trunk(name="out", address="203.0.113.5"))
    assert not doors.knows(KNOWN.host)
    doors.resolved("out", [KNOWN.host])
    assert doors.authorise(request(), KNOWN, 0) == Ignored()
    assert doors.knows(KNOWN.host), "its responses are no flood"


# --- strangers ---


@pytest.mark.parametrize(
    "method", ["INVITE", "OPTIONS", "REGISTER", "SUBSCRIBE", "MESSAGE", "ACK", "BYE", "FOO"]
)
@pytest.mark.parametrize("uri", ["sip:+4930123456@x", "sip:100@x", "sip:nobody@x", "sip:x"])
def test_strangers_get_no_answer_whatever_they_ask(method: str, uri: str) -> None:
    assert callers(CARRIER).authorise(request(method, uri), STRANGER, 0) == Ignored()


@pytest.mark.parametrize("uri", ["sip:+4930123456@x", "sip:nobody@x"])
def test_or_one_and_the_same_answer(uri: str) -> None:
    doors = callers(CARRIER, strangers="refuse")
    assert doors.authorise(request("INVITE", uri), STRANGER, 0) == Refused(403)


def test_a_stranger_who_knows_a_password_of_no_trunk_here_gets_no_answer() -> None:
    made = request(headers=(("Authorization", 'Digest username="pbx", realm="warmline"'),))
    assert callers(CARRIER).authorise(made, STRANGER, 0) == Ignored()


# --- logins ---


def test_a_trunk_with_a_login_proves_who_it_is() -> None:
    verdict = admitted(logged_in(callers(CARRIER, PBX), STRANGER))
    assert verdict.trunk is PBX and verdict.logged_in
    assert verdict.number is not None and verdict.number.pattern == "100"


def test_the_challenge_offers_both_algorithms_and_is_the_same_for_everybody() -> None:
    doors = callers(PBX)
    answers = {}
    for uri in ("sip:100@x", "sip:nobody@x"):
        verdict = doors.authorise(request("INVITE", uri), STRANGER, 0)
        assert isinstance(verdict, Refused) and not verdict.offence
        answers[uri] = [(name, value.split("nonce=")[0]) for name, value in verdict.headers]
    assert answers["sip:100@x"] == answers["sip:nobody@x"]
    assert len(answers["sip:100@x"]) == 2


@pytest.mark.parametrize(("user", "password"), [("pbx", "wrong"), ("nobody", "wrong"), ("nobody", "")])
def test_a_wrong_password_and_an_unknown_user_get_the_same_and_it_counts(user: str, password: str) -> None:
    assert logged_in(callers(PBX), STRANGER, user=user, password=password) == Refused(403, (), offence=True)


def test_an_old_exchange_is_asked_in_the_way_it_knows_and_nobody_else_is() -> None:
    login = {"username": "pbx", "password": "correct horse"}
    old = callers(trunk(name="pbx", login={**login, "algorithms": ["MD5"]}))
    asked = old.authorise(request(), STRANGER, 0)
    assert isinstance(asked, Refused) and "algorithm=MD5" in asked.headers[0][1] and len(asked.headers) == 1
    assert isinstance(logged_in(old, STRANGER), Admitted)
    both = [trunk(name="pbx", login={**login, "algorithms": "SHA-256"})]
    both.append(trunk(name="old", login={**login, "username": "old", "algorithms": "MD5"}))
    asked = callers(*both).authorise(request(), STRANGER, 0)
    assert isinstance(asked, Refused) and len(asked.headers) == 2
    made = request("INVITE", "sip:100@x")
    authorise(made, response(401, asked.headers[1]), Credentials("pbx", "correct horse"), "c" * 8)
    assert callers(*both).authorise(made, STRANGER, 0) == Refused(403, (), offence=True)


def test_an_answer_that_was_used_is_asked_for_anew() -> None:
    doors = callers(PBX)
    made = request("INVITE", "sip:100@x")
    asked = doors.authorise(made, STRANGER, 0)
    assert isinstance(asked, Refused)
    authorise(made, response(401, *asked.headers), Credentials("pbx", "correct horse"), "c" * 8)
    assert isinstance(doors.authorise(made, STRANGER, 0), Admitted)
    again = doors.authorise(made, STRANGER, 0)
    assert isinstance(again, Refused) and (again.code, again.offence) == (401, False)
    assert "stale=true" in dict(again.headers)["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_what_cannot_be_challenged_is_not(method: str) -> None:
    assert callers(PBX).authorise(request(method), STRANGER, 0) == Ignored()


def test_where_networks_are_named_too_the_login_is_good_only_there() -> None:
    both = trunk(name="pbx", networks=("203.0.113.0/28",), login=PBX.login)
    doors = callers(both)
    assert doors.authorise(request(), STRANGER, 0) == Ignored()
    assert admitted(logged_in(doors, KNOWN)).trunk is both
    assert logged_in(doors, KNOWN, password="wrong") == Refused(403, (), offence=True)


def test_one_trunks_login_does_not_open_anothers_network() -> None:
    guarded = trunk(
        name="guarded",
        networks=("203.0.113.0/28",),
        login=Login(username="guarded", password=SecretStr("battery staple")),
    )
    assert logged_in(callers(PBX, guarded), KNOWN) == Refused(403, (), offence=True)


@pytest.mark.parametrize("name", ["friendly-scanner", "SIPVicious v0.3", "sundayddr", "VaxSIPUserAgent/3.1"])
def test_scanners_that_say_their_name_are_not_even_asked_for_a_password(name: str) -> None:
    made = request("OPTIONS", headers=(("User-Agent", name),))
    assert callers(PBX).authorise(made, STRANGER, 0) == Ignored()
    assert isinstance(callers(CARRIER).authorise(made, KNOWN, 0), Admitted), "a trunk may test us with one"


# --- numbers ---


def test_a_number_that_is_not_ours_is_not_found() -> None:
    assert callers(CARRIER).authorise(request("INVITE", "sip:+4940@x"), KNOWN, 0) == Refused(404)


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("sip:+4930123456@x", "+4930123456"),
        ("sip:4930123456@x", "+4930123456"),
        ("sip:+49-30-123456@x;user=phone", "+4930123456"),
        ("tel:+49-30-123456", "+4930123456"),
        ("sip:+49309991@x", "+4930999*"),
    ],
)
def test_numbers_are_found_however_they_are_written(uri: str, pattern: str) -> None:
    number = admitted(callers(CARRIER).authorise(request("INVITE", uri), KNOWN, 0)).number
    assert number is not None and number.pattern == pattern


def test_the_most_exact_number_counts_and_that_of_the_trunk_first() -> None:
    numbers = (
        Number(pattern="*"),
        Number(pattern="+49301*"),
        Number(pattern="+4930*"),
        Number(pattern="+4930*", trunk="carrier"),
    )
    doors = callers(CARRIER, numbers=numbers)

    def found(user: str) -> Number | None:
        return admitted(doors.authorise(request("INVITE", f"sip:{user}@x"), KNOWN, 0)).number

    assert [found(user) for user in ("+493011", "+493022", "bob")] == [numbers[1], numbers[3], numbers[0]]


def test_a_number_of_another_trunk_is_not_ours() -> None:
    assert callers(CARRIER, PBX).authorise(request("INVITE", "sip:100@x"), KNOWN, 0) == Refused(404)


@pytest.mark.parametrize("user", ["carrier@", "u123@", ""])
def test_where_the_uri_only_says_who_we_registered_as_the_number_is_in_to(user: str) -> None:
    renamed = CARRIER.model_copy(update={"username": "u123"})
    verdict = admitted(callers(renamed).authorise(request("INVITE", f"sip:{user}192.0.2.9"), KNOWN, 0))
    assert verdict.called == "+4930123456"


def test_other_methods_of_a_trunk_need_no_number() -> None:
    assert admitted(callers(CARRIER).authorise(request("OPTIONS", "sip:x"), KNOWN, 0)).number is None


# --- who calls ---


@pytest.mark.parametrize(
    ("headers", "trusted", "caller"),
    [
        ((), True, "+491701234567"),
        ((("P-Asserted-Identity", '"Bob" <sip:+44123@x>'),), True, "+44123"),
        ((("P-Asserted-Identity", "tel:+44-123"),), True, "+44123"),
        ((("P-Asserted-Identity", "<sip:x>"), ("P-Asserted-Identity", "<tel:+44123>")), True, "+44123"),
        ((("P-Asserted-Identity", "nonsense <"),), True, "+491701234567"),
        ((("P-Asserted-Identity", "<sip:+44123@x>"),), False, "+491701234567"),
    ],
)
def test_the_network_says_who_calls_if_we_believe_it(
    headers: tuple[tuple[str, str], ...], trusted: bool, caller: str
) -> None:
    believed = CARRIER.model_copy(update={"trust_identity": trusted})
    verdict = admitted(callers(believed).authorise(request(headers=headers), KNOWN, 0))
    assert verdict.caller == caller


def test_somebody_without_a_name() -> None:
    def made(text: str) -> str:
        return admitted(callers(CARRIER).authorise(request(from_=text), KNOWN, 0)).caller

    assert made('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1') == "anonymous"
    assert made("<sip:carrier.example>;tag=1") == ""
