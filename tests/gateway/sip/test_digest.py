"""Digest authentication from both sides: the RFCs' examples, replays, guesses and nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip import digest
from gateway.sip.digest import USED_NONCES, WINDOW, Challenges, Credentials, authorise
from gateway.sip.message import Request
from tests.gateway.sip.requests import request, response

BOB = Credentials("bob", "correct horse")
RFC_7616 = {
    "realm": "http-auth@example.org",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "uri": "/dir/index.html",
    "qop": "auth",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
}
MUFASA = Credentials("Mufasa", "Circle of Life")


def password(user: str, algorithm: str) -> str | None:
    return BOB.password if user == BOB.username else None


@pytest.fixture
def challenges() -> Challenges:
    return Challenges("warmline", b"secret")


def answering(
    challenges: Challenges, now_ms: int = 0, credentials: Credentials = BOB, only: str = ""
) -> Request:
    """A request that answers a fresh challenge, or only that of one algorithm."""
    values = [v for v in challenges.challenge(now_ms) if only in v]
    made = request()
    assert authorise(made, response(401, *(("WWW-Authenticate", v) for v in values)), credentials, "0a4f113b")
    return made


def recounted(made: Request, count: str, credentials: Credentials = BOB) -> Request:
    """The same nonce used once more, with another count."""
    again = request()
    parameters = digest._parameters(made.headers["Authorization"])
    assert parameters is not None
    parameters |= {"nc": count}
    parameters["response"] = digest.response(credentials, again.method, parameters)
    again.headers.set("Authorization", "Digest " + ", ".join(f'{k}="{v}"' for k, v in parameters.items()))
    return again


# --- the RFCs' examples ---


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    assert digest.response(MUFASA, "GET", {**RFC_7616, "algorithm": algorithm}) == expected


def test_the_example_of_rfc_2617_names_no_algorithm() -> None:
    parameters = {
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
    }
    made = digest.response(Credentials("Mufasa", "Circle Of Life"), "GET", parameters)
    assert made == "6629fae49393a05397450978507c4ef1"


def test_the_example_of_rfc_2069_has_no_qop() -> None:
    parameters = {
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
    }
    made = digest.response(Credentials("Mufasa", "CircleOfLife"), "GET", parameters)
    assert made == "1949323746fe6a43ef61f9606e7febea"


# --- as a client ---


def test_the_first_algorithm_that_we_know_is_answered() -> None:
    made = request()
    refused = response(
        401,
        ("WWW-Authenticate", 'Digest realm="a", qop="auth,auth-int", algorithm=SHA-512-256, nonce="1"'),
        ("WWW-Authenticate", 'Digest realm="a", qop="auth,auth-int", algorithm=SHA-256, nonce="2"'),
        ("WWW-Authenticate", 'Digest realm="a", qop="auth,auth-int", algorithm=MD5, nonce="3"'),
    )
    assert authorise(made, refused, BOB, "0a4f113b")
    (value,) = made.headers.getlist("Authorization")
    assert 'nonce="2"' in value and "algorithm=SHA-256" in value and "qop=auth," in value
    assert 'uri="sip:+4930123456@gateway.example"' in value


def test_a_proxys_challenge_is_answered_beside_the_others() -> None:
    made = request()
    assert authorise(made, response(407, ("Proxy-Authenticate", 'Digest realm="p", nonce="1"')), BOB, "c" * 8)
    assert authorise(made, response(401, ("WWW-Authenticate", 'Digest realm="u", nonce="2"')), BOB, "c" * 8)
    assert authorise(made, response(407, ("Proxy-Authenticate", 'Digest realm="q", nonce="3"')), BOB, "c" * 8)
    assert len(made.headers.getlist("Proxy-Authorization")) == 2
    assert len(made.headers.getlist("Authorization")) == 1
    assert "qop" not in made.headers["Authorization"], "an old exchange is answered as in its days"


def test_opaque_goes_back_as_it_came() -> None:
    made = request()
    value = r'Digest realm="say \"hi\", you", nonce="1,2", opaque="a=b, c", qop="auth"'
    assert authorise(made, response(401, ("WWW-Authenticate", value)), BOB, "c" * 8)
    sent = made.headers["Authorization"]
    assert r'realm="say \"hi\", you"' in sent and 'nonce="1,2"' in sent and 'opaque="a=b, c"' in sent


def test_wrong_credentials_are_not_sent_twice_but_stale_ones_are() -> None:
    made = request()
    assert authorise(made, response(401, ("WWW-Authenticate", 'Digest realm="a", nonce="1"')), BOB, "c" * 8)
    assert not authorise(
        made, response(401, ("WWW-Authenticate", 'Digest realm="a", nonce="2"')), BOB, "c" * 8
    )
    stale = response(401, ("WWW-Authenticate", 'Digest realm="a", nonce="3", stale=TRUE'))
    assert authorise(made, stale, BOB, "c" * 8)
    (value,) = made.headers.getlist("Authorization")
    assert 'nonce="3"' in value


@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="a", nonce="1", algorithm=SHA-512-256',
        'Digest realm="a", nonce="1", qop="auth-int"',
        'Digest realm="a"',
        'Basic realm="a"',
        'Digest realm="a", nonce="1", nonce="2"',
        'Digest realm="a, nonce="1"',
        "",
    ],
)
def test_what_we_cannot_answer_we_do_not(value: str) -> None:
    made = request()
    assert not authorise(made, response(401, ("WWW-Authenticate", value)), BOB, "c" * 8)
    assert made.headers.get("Authorization") is None


def test_only_401_and_407_ask_who_we_are() -> None:
    assert not authorise(
        request(), response(403, ("WWW-Authenticate", 'Digest realm="a", nonce="1"')), BOB, "c" * 8
    )


# --- as a server ---


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_who_knows_the_password_is_let_in_once(challenges: Challenges, algorithm: str) -> None:
    made = answering(challenges, only=f"algorithm={algorithm}")
    assert challenges.check(made, password, 1000) == ("right", "bob")
    assert challenges.check(made, password, 1000) == ("stale", ""), "a replay is asked anew"


def test_a_wrong_password_and_an_unknown_user_are_the_same(challenges: Challenges) -> None:
    for credentials in (Credentials("bob", "wrong"), Credentials("alice", "wrong"), Credentials("alice", "")):
        assert challenges.check(answering(challenges, credentials=credentials), password, 0) == ("wrong", "")


def test_an_algorithm_that_a_user_may_not_use_is_wrong(challenges: Challenges) -> None:
    def strict(user: str, algorithm: str) -> str | None:
        return password(user, algorithm) if algorithm == "SHA-256" else None

    assert challenges.check(answering(challenges, only="=MD5"), strict, 0) == ("wrong", "")
    assert challenges.check(answering(challenges, only="=SHA-256"), strict, 0) == ("right", "bob")


def test_an_old_nonce_is_stale_and_a_right_answer_to_it_too(challenges: Challenges) -> None:
    made = answering(challenges, 1000)
    assert challenges.check(made, password, 301_000) == ("stale", "")
    assert challenges.check(made, password, 999) == ("stale", ""), "nor is one of the future taken"
    assert challenges.check(made, password, 300_999) == ("right", "bob")


def test_another_gateways_nonce_is_wrong(challenges: Challenges) -> None:
    made = answering(Challenges("warmline", b"another secret"))
    assert challenges.check(made, password, 0) == ("wrong", "")


def test_another_methods_answer_is_wrong(challenges: Challenges) -> None:
    made = answering(challenges)
    made.method = "REGISTER"
    assert challenges.check(made, password, 0) == ("wrong", "")


def test_a_nonce_may_be_used_on_in_any_order_but_never_twice(challenges: Challenges) -> None:
    made = answering(challenges)
    outcomes = [
        challenges.check(recounted(made, f"{count:08x}"), password, 0)[0]
        for count in (1, 3, 2, 3, 2, 70, 6, 7, 0)
    ]
    assert outcomes == ["right"] * 3 + ["stale", "stale", "right", "stale", "right", "stale"]
    assert 70 - WINDOW == 6, "what is further behind cannot be told from a replay"


def test_forgotten_nonces_cannot_be_replayed(challenges: Challenges) -> None:
    first = answering(challenges)
    assert challenges.check(first, password, 0)[0] == "right"
    for _ in range(USED_NONCES):
        assert challenges.check(answering(challenges), password, 0)[0] == "right"
    assert len(challenges._used) == USED_NONCES
    assert challenges.check(first, password, 0)[0] == "stale"


def test_strangers_fill_no_memory(challenges: Challenges) -> None:
    for _ in range(100):
        challenges.check(answering(challenges, credentials=Credentials("bob", "guess")), password, 0)
    assert not challenges._used


@pytest.mark.parametrize(
    "change",
    [
        ("qop=auth", "qop=auth-int"),
        (", qop=auth", ""),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=0000000x"),
        (', cnonce="0a4f113b"', ""),
        ('realm="warmline"', 'realm="another"'),
        ("algorithm=SHA-256", "algorithm=SHA-512-256"),
        ('nonce="', 'nonce="0'),
        ('nonce="0', 'nonce="1'),
        ("Digest", "Basic"),
        ("Digest ", "Digest" + " " * 3000),
    ],
)
def test_incomplete_or_changed_credentials_are_wrong(challenges: Challenges, change: tuple[str, str]) -> None:
    made = answering(challenges)
    value = made.headers["Authorization"]
    assert change[0] in value
    made.headers.set("Authorization", value.replace(*change, 1))
    assert challenges.check(made, password, 0) == ("wrong", "")


def test_no_credentials_at_all_are_wrong(challenges: Challenges) -> None:
    assert challenges.check(request(), password, 0) == ("wrong", "")


@given(st.text(max_size=200), st.sampled_from(["Digest ", "digest", ""]))
def test_any_text_is_read_or_refused(text: str, scheme: str) -> None:
    challenges = Challenges("warmline", b"secret")
    made = request(headers=(("Authorization", scheme + text),))
    assert challenges.check(made, password, 0) == ("wrong", "")
    authorise(request(), response(401, ("WWW-Authenticate", scheme + text)), BOB, "c" * 8)


def test_what_takes_sipmessage_minutes_takes_us_no_time(challenges: Challenges) -> None:
    value = "Digest " + ", ".join(f'p{n}="x"' for n in range(60)) + " !"
    assert challenges.check(request(headers=(("Authorization", value),)), password, 0) == ("wrong", "")


def test_a_password_is_not_shown() -> None:
    assert "horse" not in repr(BOB)
