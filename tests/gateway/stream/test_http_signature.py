"""Signed handshakes of Genesys AudioHook."""

import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stream.http_signature import verify
from gateway.stream.signatures import SignedRequest

API_KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
SECRET = b64decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=")
CREATED = 1_641_013_200
PARTS = (
    '("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" '
    '"audiohook-correlation-id" "x-api-key")'
)
PARAMETERS = (
    f';keyid="{API_KEY}";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256"'
    f";created={CREATED};expires=3282026430"
)
NONCE = "VGhpc0lzQVVuaXF1ZU5vbmNl"
HEADERS = {
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": API_KEY,
    "signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
    "signature-input": f"sig1={PARTS}{PARAMETERS}",
}
URL = "wss://audiohook.example.com/api/v1/voicebiometrics/ws"


def check(
    changed: dict[str, str] | None = None, *, url: str = URL, now_s: int = CREATED, api_key: str = API_KEY
) -> str | None:
    headers = {**HEADERS, **(changed or {})}
    return verify(SignedRequest("GET", url, headers, b"", now_s), api_key, SECRET)


def signed(signature_input: str) -> str | None:
    """The verdict on another input, with the signature that fits it."""
    lines = [
        '"@request-target": /api/v1/voicebiometrics/ws',
        '"@authority": audiohook.example.com',
        *(f'"{name}": {HEADERS[name]}' for name in list(HEADERS)[:4]),
        f'"@signature-params": {signature_input.partition("=")[2]}',
    ]
    mac = b64encode(hmac.digest(SECRET, "\n".join(lines).encode(), "sha256")).decode()
    return check({"signature-input": signature_input, "signature": f"sig1=:{mac}:"})


def test_the_documented_example_is_good() -> None:
    assert check() == NONCE


@pytest.mark.parametrize("now_s", [CREATED - 4, CREATED + 11, 3_282_026_431])
def test_a_signature_lives_for_seconds(now_s: int) -> None:
    assert check(now_s=now_s) is None


@pytest.mark.parametrize("name", list(HEADERS))
def test_every_part_counts(name: str) -> None:
    other = HEADERS[name].translate(str.maketrans("01S", "97T"))
    assert check({name: other}) is None
    assert check({name: ""}) is None


def test_another_address_or_key_is_refused() -> None:
    assert check(url=URL + "?x=1") is None
    assert check(url=URL.replace("audiohook.", "evil.")) is None
    assert check(api_key="other") is None


def test_a_signature_that_fits_its_input_is_still_refused_when_it_covers_too_little() -> None:
    assert signed(f"sig1={PARTS}{PARAMETERS}") == NONCE
    short = PARAMETERS.replace(NONCE, "short")
    other = PARAMETERS.replace("hmac-sha256", "none")
    for parameters in (short, other, "", f";created={CREATED}", PARAMETERS.replace(f"{CREATED}", '"²"')):
        assert signed(f"sig1={PARTS}{parameters}") is None
    assert check({"signature-input": f'sig1=("@authority"){PARAMETERS}'}) is None


@given(st.text(max_size=200), st.text(max_size=80))
def test_whatever_is_shown_raises_nothing(signature_input: str, signature: str) -> None:
    assert check({"signature-input": signature_input, "signature": signature}) is None


@given(st.integers(0, len(HEADERS["signature-input"]) - 1), st.characters())
def test_one_changed_character_is_refused(at: int, other: str) -> None:
    said = HEADERS["signature-input"]
    mutant = said[:at] + other + said[at + 1 :]
    assert mutant == said or check({"signature-input": mutant}) is None
