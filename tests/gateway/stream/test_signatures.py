"""Providers prove who they are; everybody else fails, whatever they send."""

import hashlib
import hmac
import json
import urllib.parse
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.stream import signatures
from gateway.stream.signatures import SignedRequest

NOW = 1_800_000_000
FORM = {"content-type": "application/x-www-form-urlencoded"}


def request(url: str = "https://voice.example.com/x", body: bytes = b"", **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest("POST", url, {**FORM, **named}, body, NOW)


# --- Twilio ---

DOCUMENTED = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


def twilio(signature: str, fields: dict[str, str] = DOCUMENTED, token: str = "12345") -> bool:
    body = urllib.parse.urlencode(fields).encode()
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    return signatures.twilio(request(url, body, x_twilio_signature=signature), token)


def test_twilios_documented_example_is_good() -> None:
    assert twilio("RSOYDt4T1cUTdK1PDd93/VVr8B8=")


@pytest.mark.parametrize(
    "signature", ["", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "é", "rsoydt4t1cutdk1pdd93/vvr8b8="]
)
def test_a_wrong_twilio_signature_is_not(signature: str) -> None:
    assert not twilio(signature)


def test_a_changed_field_or_another_token_breaks_twilios_signature() -> None:
    good = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert not twilio(good, {**DOCUMENTED, "To": "+18005551213"})
    assert not twilio(good, token="12346")


@pytest.mark.parametrize("slash", ["", "/"])
def test_twilio_signs_a_handshake_with_or_without_a_slash_at_the_end(slash: str) -> None:
    url = "wss://voice.example.com/telephone/twilio/stream"
    signature = b64encode(hmac.digest(b"12345", (url + slash).encode(), "sha1")).decode()
    assert signatures.twilio(SignedRequest("GET", url, {"x-twilio-signature": signature}), "12345")


# --- Telnyx ---

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = b64encode(KEY.public_key().public_bytes_raw()).decode()


def telnyx(stamp: str, body: bytes = b"x=1", signed: bytes | None = None, public: str = PUBLIC) -> bool:
    signature = b64encode(KEY.sign(signed or stamp.encode() + b"|" + body)).decode()
    given = request(body=body, telnyx_timestamp=stamp, telnyx_signature_ed25519=signature)
    return signatures.telnyx(given, public)


def test_telnyx_signs_time_and_body() -> None:
    assert telnyx(str(NOW - 10))


@pytest.mark.parametrize("stamp", [str(NOW - 301), str(NOW + 61), "", "now", "-5", "9" * 13])
def test_an_old_or_odd_telnyx_stamp_is_refused(stamp: str) -> None:
    assert not telnyx(stamp)


def test_another_body_or_key_breaks_telnyxs_signature() -> None:
    assert not telnyx(str(NOW), signed=f"{NOW}|x=2".encode())
    assert not telnyx(str(NOW), public=b64encode(bytes(32)).decode())
    assert not telnyx(str(NOW), public="no key")
    bare = request(telnyx_timestamp=str(NOW), telnyx_signature_ed25519="???")
    assert not signatures.telnyx(bare, PUBLIC)


# --- Plivo ---


def plivo(url: str, body: bytes, base: str, nonce: str = "12345", token: str = "secret") -> bool:
    signature = b64encode(hmac.digest(token.encode(), f"{base}.{nonce}".encode(), "sha256")).decode()
    headers = {"x_plivo_signature_v3": f"other,{signature}", "x_plivo_signature_v3_nonce": nonce}
    return signatures.plivo(request(url, body, **headers), "secret")


@pytest.mark.parametrize(
    ("url", "body", "base"),
    [
        ("https://a.example/x", b"", "https://a.example/x"),
        ("https://a.example/x?b=2&a=1", b"", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x?b=2&a=1", b"To=2&From=1", "https://a.example/x?a=1&b=2.From1To2"),
        ("https://a.example/x", b"To=2&From=1", "https://a.example/x?From1To2"),
        ("wss://a.example/x", b"", "wss://a.example/x"),
    ],
)
def test_plivo_signs_address_and_sorted_fields(url: str, body: bytes, base: str) -> None:
    assert plivo(url, body, base)
    assert not plivo(url, body, base + "x")
    assert not plivo(url, body, base, token="other")


def test_plivo_needs_a_nonce() -> None:
    assert not plivo("https://a.example/x", b"", "https://a.example/x", nonce="")


# --- Vonage ---


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def vonage(claims: Any, algorithm: str = "HS256", body: bytes = b"{}", secret: str = "secret") -> bool:
    signed = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}"
    token = f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"
    return signatures.vonage(request(body=body, authorization=f"Bearer {token}"), "secret")


HASH = hashlib.sha256(b"{}").hexdigest()


def test_vonage_signs_a_token_with_the_hash_of_the_body() -> None:
    assert vonage({"iat": NOW, "payload_hash": HASH})
    assert vonage({"iat": NOW}, body=b""), "a GET has no body"


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": NOW},
        {"iat": NOW, "payload_hash": HASH[::-1]},
        {"iat": NOW - 301, "payload_hash": HASH},
        {"payload_hash": HASH},
        {"iat": [], "payload_hash": HASH},
        [],
        7,
        b"\xff",
    ],
)
def test_a_vonage_token_that_says_too_little_is_refused(claims: Any) -> None:
    assert not vonage(claims)


def test_a_vonage_token_of_another_secret_or_algorithm_is_refused() -> None:
    good = {"iat": NOW, "payload_hash": HASH}
    assert not vonage(good, secret="other")
    assert not vonage(good, algorithm="none")
    for authorization in ("", "Bearer", "Bearer a.b.c", "Bearer é.é.é", "Basic x"):
        assert not signatures.vonage(request(authorization=authorization), "secret")


# --- passwords ---


def test_basic_and_bearer() -> None:
    right = "Basic " + b64encode(b"us:pa:ss").decode()
    assert signatures.basic(request(authorization=right), "us", "pa:ss")
    assert not signatures.basic(request(authorization=right), "us", "pass")
    assert not signatures.basic(request(), "", "")
    assert signatures.bearer(request(authorization="Bearer t"), "t")
    assert not signatures.bearer(request(authorization="Bearer "), "t")


@given(st.dictionaries(st.sampled_from(["authorization", "x-twilio-signature", "x-plivo-signature-v3",
    "x-plivo-signature-v3-nonce", "telnyx-timestamp", "telnyx-signature-ed25519"]), st.text(max_size=60)),
    st.binary(max_size=60))  # fmt: skip
def test_whatever_is_shown_is_refused_and_nothing_is_raised(headers: dict[str, str], body: bytes) -> None:
    shown = SignedRequest("POST", "https://a.example/x?a=b", {**FORM, **headers}, body, NOW)
    assert not signatures.twilio(shown, "secret")
    assert not signatures.telnyx(shown, PUBLIC)
    assert not signatures.plivo(shown, "secret")
    assert not signatures.vonage(shown, "secret")
    assert not signatures.basic(shown, "user", "secret")
