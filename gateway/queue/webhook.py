"""The part of the queues' configuration that says who else is told of customers who want a person."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from gateway.section import Section, split
from gateway.trunks import Label
from gateway.web.origins import is_loopback


def _address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    plain = parts.scheme == "http" and is_loopback(host)
    if not host or not (parts.scheme == "https" or plain) or parts.username is not None:
        text = "is no `https` address (`http` is for this machine only), or has a password in it"
        raise PydanticCustomError("webhook_address", "{text}", {"text": text})
    return url


class Webhook(Section):
    """Another system, such as a ticket desk or a contact center, that is told of handoffs as they go."""

    key: Label
    "Its name in logs and metrics."
    url: Annotated[str, AfterValidator(_address)]
    secret: Annotated[SecretStr, Field(min_length=16)]
    "Signs what is sent: HMAC-SHA256; see docs/wire.md."
    queues: Annotated[tuple[Label, ...], BeforeValidator(split)] = ()
    "Of these only; by default of all."
