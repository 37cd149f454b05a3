import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.call_events import Digit
from gateway.sip.info import RELAY, digit, relay
from gateway.sip.message import Request
from tests.gateway.sip.requests import request


def info(kind: str, body: bytes, *headers: tuple[str, str]) -> Request:
    made = request("INFO", headers=(("Content-Type", kind), *headers))
    made.body = body
    return made


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (RELAY, b"Signal=5\r\nDuration=160\r\n", Digit("5", 160)),
        ("Application/DTMF-Relay; charset=utf-8", b"Signal= *\nDuration= 250\n", Digit("*", 250)),
        (RELAY, b"signal=11", Digit("#", 160)),
        (RELAY, b"Signal=d\r\nDuration=999999", Digit("D", 10_000)),
        ("application/dtmf", b"7\r\n", Digit("7", 160)),
        ("application/dtmf", b" ", None),
    ],
)
def test_digits_are_read(kind: str, body: bytes, expected: Digit | None) -> None:
    assert digit(info(kind, body)) == expected


@pytest.mark.parametrize(
    ("kind", "body", "headers", "status"),
    [
        (RELAY, b"Duration=160", (), 400),
        (RELAY, b"Signal=\xff", (), 400),
        (RELAY, b"Signal=55", (), 400),
        ("application/dtmf", b"123456", (), 400),
        ("text/plain", b"5", (), 415),
        (RELAY, b"Signal=5", (("Info-Package", "x"),), 469),
    ],
)
def test_what_is_no_digit_is_refused(
    kind: str, body: bytes, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    with pytest.raises(ProtocolError) as refusal:
        digit(info(kind, body, *headers))
    assert refusal.value.status == status


def test_ours_can_be_read() -> None:
    assert digit(info(RELAY, relay("#", 200))) == Digit("#", 200)
