"""Addresses, ports and networks as a person writes them into the configuration."""

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.section import Section, split

Transport = Literal["udp", "tcp", "tls"]
Network = IPv4Network | IPv6Network

SIP_PORT = {"udp": 5060, "tcp": 5060, "tls": 5061}
_LISTEN = re.compile(r"(udp|tcp|tls):(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::(\d{1,5}))?", re.ASCII)
_RANGE = re.compile(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", re.ASCII)
_HOST_PORT = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\.?", re.ASCII)


class Listen(Section):
    """One address we listen at; written `udp:0.0.0.0:5060` or `tls:[::]:5061`."""

    transport: Transport
    host: str
    "Address literal, IPv6 without brackets."
    port: Annotated[int, Field(ge=0, le=65535)]
    "0 takes any free port."

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _LISTEN.fullmatch(value.strip())
        if match is None or not is_address(match[2].strip("[]")):
            raise PydanticCustomError(
                "listen_malformed",
                "must be written `udp:ADDRESS:PORT`, such as `udp:0.0.0.0:5060` or `tls:[::]:5061`",
            )
        port = int(match[3] or SIP_PORT[match[1]])
        return {"transport": match[1], "host": match[2].strip("[]"), "port": port}


class PortRange(Section):
    """UDP ports from `first` to `last`, both included; written `20000-29999`."""

    first: Annotated[int, Field(ge=1024, le=65535)]
    last: Annotated[int, Field(ge=1024, le=65535)]

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _RANGE.fullmatch(value)
        if match is None:
            raise PydanticCustomError(
                "range_malformed", "must be written `FIRST-LAST`, such as `20000-29999`"
            )
        return {"first": int(match[1]), "last": int(match[2])}

    @model_validator(mode="after")
    def _holds_a_pair(self) -> Self:
        if self.pairs < 1:
            raise PydanticCustomError(
                "range_too_small", "holds no call: each takes an even port and the one above it"
            )
        return self

    @property
    def pairs(self) -> int:
        """How many calls have room: pairs of an even port and the one above it."""
        return (self.last + 1) // 2 - (self.first + 1) // 2


def _networks(value: object) -> object:
    parts = split(value)
    return [_network(part) for part in parts] if isinstance(parts, list | tuple) else parts


def _network(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise PydanticCustomError(
            "network_malformed",
            "`{text}` is no network: write an address or a range such as `203.0.113.0/28` ({reason})",
            {
                "text": text[:64],
                "reason": "it has bits set below its length" if "bits" in str(error) else "CIDR",
            },
        ) from None


Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]
"Networks in CIDR's notation; a list, or in the environment a text with commas."


def host_port(text: str, default: int) -> tuple[str, int]:
    """`HOST` or `HOST:PORT` taken apart; an IPv6 literal loses its brackets. Raises ValueError."""
    match = _HOST_PORT.fullmatch(text)
    if match is None:
        raise ValueError("this is neither HOST nor HOST:PORT")
    literal, name, port = match[1], match[2], int(match[3] or default)
    if not (is_address(literal) if literal else _NAME.fullmatch(name)) or not 0 < port < 65536:
        raise ValueError("this is neither HOST nor HOST:PORT")
    return literal or name, port


def is_address(text: str) -> bool:
    """Whether it is an address literal, without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
