"""Who else may be told of handoffs: only by TLS, and never unsigned."""

import pytest
from pydantic import ValidationError

from gateway.queue.webhook import Webhook

SECRET = "a-secret-of-the-ticket-desk"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://tickets.example/hook"},
        {"url": "https://user:word@tickets.example/hook"},
        {"url": "file:///etc/passwd"},
        {"url": "https://"},
        {"secret": "short"},
        {"key": "Not A Key"},
        {"password": "unknown"},
    ],
)
def test_what_would_be_told_in_the_clear_or_unsigned_is_refused(change: dict[str, str]) -> None:
    given = {"key": "tickets", "url": "https://tickets.example/hook", "secret": SECRET}
    with pytest.raises(ValidationError):
        Webhook.model_validate({**given, **change})


def test_this_machine_may_be_told_without_tls() -> None:
    given = {"key": "tickets", "url": "http://127.0.0.1:9000/hook", "secret": SECRET}
    assert SECRET not in repr(Webhook.model_validate(given))
