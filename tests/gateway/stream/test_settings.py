"""The configuration of media streams."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.stream.settings import Streams

PUBLIC = {"public_url": "https://voice.example.com"}


def test_everything_is_off_by_default() -> None:
    streams = Streams()
    names = ["twilio", "telnyx", "plivo", "vonage", "exotel", "genesys", "asterisk", "audiosocket"]
    assert not any(getattr(streams, name).enabled for name in names)
    assert str(streams.audiosocket.networks[0]) == "127.0.0.0/8"


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"twilio": {"enabled": True}}, "auth_token"),
        ({"telnyx": {"enabled": True}}, "public_key"),
        ({"plivo": {"enabled": True}}, "auth_token"),
        ({"vonage": {"enabled": True}}, "signature_secret"),
        ({"exotel": {"enabled": True, "user": "u"}}, "password"),
        ({"genesys": {"enabled": True, "api_key": "k"}}, "client_secret"),
        ({"asterisk": {"enabled": True}}, "user"),
    ],
)
def test_an_enabled_provider_needs_what_proves_that_it_is_it(settings: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        Streams.model_validate({**PUBLIC, **settings})


def test_providers_need_an_address_to_reach_us_at() -> None:
    enabled = {"twilio": {"enabled": True, "auth_token": "secret"}}
    with pytest.raises(ValidationError, match="public_url"):
        Streams.model_validate(enabled)
    assert Streams.model_validate({**PUBLIC, **enabled}).twilio.enabled


@pytest.mark.parametrize("address", ["voice.example.com", "wss://voice.example.com", "https://"])
def test_the_address_is_one_of_http(address: str) -> None:
    with pytest.raises(ValidationError):
        Streams.model_validate({"public_url": address})


def test_a_secret_is_not_shown() -> None:
    streams = Streams.model_validate({"twilio": {"auth_token": "hush"}, "ticket_secret": "hush"})
    assert "hush" not in repr(streams)


def test_a_client_secret_is_base64() -> None:
    with pytest.raises(ValidationError, match="base64") as error:
        Streams.model_validate({"genesys": {"client_secret": "hush!"}})
    assert [detail["type"] for detail in error.value.errors()] == ["not_base64"]
