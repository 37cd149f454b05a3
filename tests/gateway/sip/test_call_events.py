import pytest

from gateway.sip.call_events import Ended, reason_text, refused, retry_after_s
from gateway.sip.message import Response
from tests.gateway.sip.requests import response


@pytest.mark.parametrize(
    ("code", "by"), [(486, "remote"), (603, "remote"), (408, "network"), (503, "network")]
)
def test_a_refusal_says_whose_doing_it_is(code: int, by: str) -> None:
    assert refused(Response(code, "Phrase")) == Ended(by, code, "Phrase")  # type: ignore[arg-type]


def test_a_reason_says_more_than_the_phrase() -> None:
    answer = response(480, ("Reason", 'Q.850;cause=31;text="Normal, unspecified"'), ("Retry-After", "120"))
    assert refused(answer) == Ended("remote", 480, "Normal, unspecified", 120)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("18", 18),
        ("18000;duration=3600", 18_000),
        ("120 (in a meeting)", 120),
        ("soon", None),
        ("", None),
    ],
)
def test_when_to_try_again(value: str, seconds: int | None) -> None:
    assert retry_after_s(response(503, ("Retry-After", value))) == seconds


@pytest.mark.parametrize("value", ["", "SIP;cause=200", 'SIP;text="', 'SIP;text=""'])
def test_no_reason_is_no_text(value: str) -> None:
    assert reason_text(response(200, ("Reason", value))) == ""
