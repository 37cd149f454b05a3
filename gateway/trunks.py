"""The telephone's part of the configuration: where we listen, our trunks, our numbers, what may be dialled.

Everything that can be wrong before a call comes is found here, with words for who has to put it right.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.section import Folder, Names, Section, split

Transport = Literal["udp", "tcp", "tls"]
Srtp = Literal["none", "optional", "required"]
Codec = Literal["opus", "G722", "PCMU", "PCMA"]
Network = IPv4Network | IPv6Network

SIP_PORT = {"udp": 5060, "tcp": 5060, "tls": 5061}
PORTS_PER_CALL = 2
"RTP and RTCP."
_LISTEN = re.compile(
    r"(?P<transport>udp|tcp|tls):(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::(?P<port>\d{1,5}))?"
)
_RANGE = re.compile(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*")
_PATTERN = r"^(\+?[0-9A-Za-z._#-]+\*?|\*)$"

Pattern = Annotated[str, Field(pattern=_PATTERN)]
"A number or user name; a `*` at its end stands for anything that follows."


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
        host = match["host"].strip("[]") if match else ""
        if match is None or not _is_address(host):
            raise PydanticCustomError(
                "listen_malformed",
                "must be written `udp:ADDRESS:PORT`, such as `udp:0.0.0.0:5060` or `tls:[::]:5061`",
            )
        transport = match["transport"]
        return {"transport": transport, "host": host, "port": int(match["port"] or SIP_PORT[transport])}


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


class Tls(Section):
    """Certificates; needed to listen with TLS."""

    certificate: Folder | None = None
    "PEM file with ours and those that lead to its authority."
    private_key: Folder | None = None
    "PEM file, without a passphrase."
    authorities: Folder | None = None
    "PEM file with the authorities that sign trunks' certificates; by default those of the system."


class Login(Section):
    """A name and password (digest)."""

    username: Annotated[str, Field(min_length=1, max_length=128)]
    password: SecretStr

    @field_validator("password")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 8:
            raise PydanticCustomError(
                "password_short", "must have at least 8 characters: the telephone is guessed at"
            )
        return value


class Trunk(Section):
    """A line to the telephone network or to a private exchange."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    "Ours for it: small letters, digits, `-`. Numbers and metrics name it."
    address: str | None = None
    "`HOST` or `HOST:PORT` where requests to it go; without it calls only come in."
    transport: Transport = "udp"
    "What we send with. With `tls` nothing else is taken from it either."
    domain: str | None = None
    "The host in the SIP addresses we use with it, where that is not the one of `address`."
    registers: bool = False
    "Tell it where we are (REGISTER), and again whenever that runs out."
    username: str | None = None
    "Ours, when it asks us who we are."
    password: SecretStr | None = None
    networks: tuple[Network, ...] = ()
    """Where its requests come from, such as `203.0.113.0/28`. By default the addresses of `address` when it
    `registers`, else none."""
    login: Login | None = None
    "What it must prove itself with; where `networks` are given too, both must fit."
    codecs: tuple[Codec, ...] = ("opus", "G722", "PCMU", "PCMA")
    "In our order of preference."
    srtp: Srtp = "none"
    "`optional` offers encrypted audio and answers what comes; `required` refuses calls without it."
    verify: bool = True
    "TLS: whether its certificate must be right."
    session_s: Annotated[int, Field(ge=90, le=86_400)] | None = 1800
    "A call nobody refreshes within this time is over (RFC 4028); null asks for no such timer."
    caller_id: Pattern | None = None
    "The number we show; by default `username`."
    trust_identity: bool = True
    "Believe its `P-Asserted-Identity` rather than `From`."
    calls: Annotated[int, Field(ge=1)] = 100
    "At the same time, both directions; more are refused with 503."
    options_s: Annotated[int, Field(ge=5)] | None = None
    "How often we ask whether it is there (OPTIONS); needs `address`."

    @field_validator("networks", "codecs", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return split(value)

    @field_validator("networks", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        parts = value if isinstance(value, list | tuple) else [value]
        return tuple(_network(part) for part in parts)

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if self.registers and (self.username is None or self.password is None):
            raise PydanticCustomError(
                "credentials_missing", "`registers` needs a `username` and a `password`"
            )
        if self.address is None and (self.registers or self.options_s is not None):
            raise PydanticCustomError("address_missing", "`registers` and `options_s` need an `address`")
        if self.address is not None and not _is_host_port(self.address):
            raise PydanticCustomError("address_malformed", "`address` must be written `HOST` or `HOST:PORT`")
        if not self.codecs:
            raise PydanticCustomError("codecs_missing", "`codecs` must name at least one")
        if self.address is None and not self.networks and self.login is None:
            raise PydanticCustomError(
                "trunk_useless",
                "needs an `address` to call out, or `networks` or a `login` for calls to come in",
            )
        return self

    @property
    def host(self) -> str:
        """The host of `address`, an IPv6 literal without brackets."""
        return host_port(self.address or "", 0)[0]

    @property
    def port(self) -> int:
        """The port of `address`, or the transport's usual one."""
        return host_port(self.address or "", SIP_PORT[self.transport])[1]


class Number(Section):
    """A number of ours and how it is answered; of several that fit, the most exact one counts."""

    pattern: Pattern
    "Such as `+4930123456` or `+4930123*`; `*` alone is every number."
    trunk: str | None = None
    "Only when dialled through this trunk."
    ring_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    "How long it rings (180) before we answer."
    early_media: bool = False
    "What is said while it rings is heard already (183); it costs the caller nothing, and not all networks pass it."


class Dial(Section):
    """Calls out: whom we may call, how often. Nobody, unless this says so."""

    allowed: tuple[Pattern, ...] = ()
    "Such as `+49*`. A wish to be transferred must fit too."
    refused: tuple[Pattern, ...] = ()
    "Go before `allowed`, such as `+49900*`."
    per_minute: Annotated[int, Field(ge=1)] = 10
    calls: Annotated[int, Field(ge=1)] = 10
    "At the same time."
    ring_s: Annotated[float, Field(ge=1, le=180)] = 45.0
    "How long we let it ring."

    @field_validator("allowed", "refused", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return split(value)


class Flood(Section):
    """How much a source may send. One that sends more is not listened to for a while."""

    per_second: Annotated[float, Field(gt=0)] = 10.0
    "Messages of somebody we do not know, on average."
    burst: Annotated[int, Field(ge=1)] = 50
    known_per_second: Annotated[float, Field(gt=0)] = 2000.0
    "Messages from a trunk's networks."
    ignore_s: Annotated[float, Field(gt=0)] = 60.0
    connections: Annotated[int, Field(ge=1)] = 1000
    "TCP and TLS, all together."
    connections_per_address: Annotated[int, Field(ge=1)] = 20
    "From somebody we do not know."


class Telephone(Section):
    """SIP trunks and numbers; without `listen` there is no telephone."""

    listen: Annotated[tuple[Listen, ...], BeforeValidator(split)] = ()
    "Such as `udp:0.0.0.0:5060`, `tcp:0.0.0.0:5060`, `tls:[::]:5061`."
    advertised: str | None = None
    "The address others reach us at, where that is not our own (behind NAT)."
    rtp_ports: PortRange = PortRange(first=20_000, last=20_999)
    tls: Tls = Tls()
    strangers: Literal["ignore", "refuse"] = "ignore"
    """Requests of nobody we know: no answer at all, or 403. A trunk with a `login` and without `networks`
    needs an answer for everybody, and then it is 401."""
    realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "warmline"
    "Of our digest challenges."
    headers: Names = ()
    "Further headers, such as `X-Session`, that a call carries in and out beside `User-to-User`."
    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[Number, ...] = ()
    dial: Dial = Dial()
    flood: Flood = Flood()

    @field_validator("headers")
    @classmethod
    def _are_private_headers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [name for name in value if not re.fullmatch(r"[Xx]-[A-Za-z0-9-]{1,60}", name)]:
            raise PydanticCustomError(
                "header_unfit",
                "only headers that begin with `X-` are free for this, not `{name}`",
                {"name": wrong[0]},
            )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._check_names()
        self._check_networks()
        self._check_listening()
        self._check_ports()
        return self

    def _check_names(self) -> None:
        names = [trunk.name for trunk in self.trunks]
        if twice := _twice(names):
            raise PydanticCustomError("trunk_twice", "two trunks have the name `{name}`", {"name": twice})
        if twice := _twice(trunk.login.username for trunk in self.trunks if trunk.login):
            raise PydanticCustomError(
                "login_twice", "two trunks have the login name `{name}`", {"name": twice}
            )
        for number in self.numbers:
            if number.trunk is not None and number.trunk not in names:
                raise PydanticCustomError(
                    "trunk_unknown",
                    "the number `{pattern}` names the trunk `{name}`, which there is not",
                    {"pattern": number.pattern, "name": number.trunk},
                )
        if twice := _twice(
            f"{number.pattern}` of the trunk `{number.trunk or 'any'}" for number in self.numbers
        ):
            raise PydanticCustomError("number_twice", "there are two numbers `{name}`", {"name": twice})

    def _check_networks(self) -> None:
        owners: list[tuple[Network, Trunk]] = []
        for trunk in self.trunks:
            for network in trunk.networks:
                for other, owner in owners:
                    if owner is not trunk and network == other and not (trunk.login and owner.login):
                        raise PydanticCustomError(
                            "network_twice",
                            "the trunks `{one}` and `{two}` both have the network {network}",
                            {"one": owner.name, "two": trunk.name, "network": str(network)},
                        )
                owners.append((network, trunk))

    def _check_listening(self) -> None:
        if self.listen and any(at.transport == "tls" for at in self.listen):
            if self.tls.certificate is None or self.tls.private_key is None:
                raise PydanticCustomError(
                    "certificate_missing",
                    "to listen with TLS, `tls` needs a `certificate` and a `private_key`",
                )
        if self.listen and not self.trunks:
            raise PydanticCustomError(
                "trunks_missing", "`listen` without `trunks` lets nobody in: name at least one"
            )
        if self.trunks and not self.listen:
            raise PydanticCustomError("listen_missing", "`trunks` need at least one address to `listen` at")
        listening = {at.transport for at in self.listen}
        for trunk in self.trunks:
            if trunk.transport not in listening and (trunk.transport == "udp" or trunk.address is None):
                raise PydanticCustomError(
                    "transport_missing",
                    "the trunk `{name}` uses {transport}, and we do not `listen` with it",
                    {"name": trunk.name, "transport": trunk.transport.upper()},
                )

    def _check_ports(self) -> None:
        calls = max((trunk.calls for trunk in self.trunks), default=0)
        if self.listen and self.rtp_ports.pairs < calls:
            raise PydanticCustomError(
                "ports_few",
                "`rtp_ports` hold {pairs} calls, and a trunk may have {calls}; each call takes two ports",
                {"pairs": self.rtp_ports.pairs, "calls": calls},
            )


def host_port(text: str, default: int) -> tuple[str, int]:
    """`HOST` or `HOST:PORT` taken apart; an IPv6 literal in brackets loses them."""
    match = re.fullmatch(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?", text)
    if match is None:
        return text, default
    return match["v6"] or match["host"], int(match["port"] or default)


def _is_host_port(text: str) -> bool:
    host, port = host_port(text, 1)
    name = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\.?", host)
    return bool(name or (text.startswith("[") and _is_address(host))) and 0 < port < 65536


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _network(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise PydanticCustomError(
            "network_malformed",
            "`{text}` is no network: write an address or a range such as `203.0.113.0/28` ({reason})",
            {"text": text[:64], "reason": "host bits are set" if "host bits" in str(error) else "not CIDR"},
        ) from None


def _twice(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
