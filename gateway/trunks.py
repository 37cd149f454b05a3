"""The telephone's part of the configuration: where we listen, our trunks, our numbers, what may be dialled.

Everything that can be wrong before a call comes is found here, in words for who has to put it right.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.addresses import SIP_PORT, Listen, Network, Networks, PortRange, Transport, host_port, is_address
from gateway.section import Folder, Names, Section, split

Srtp = Literal["none", "optional", "required"]
Codec = Literal["opus", "G722", "PCMU", "PCMA"]
Algorithm = Literal["SHA-256", "MD5"]


def _shaped(shape: str, message: str) -> Callable[[str], str]:
    """A check of a text's form, for `AfterValidator`."""
    pattern = re.compile(shape, re.ASCII)

    def check(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise PydanticCustomError("text_malformed", "{message}", {"message": message})
        return text

    return check


Label = Annotated[
    str,
    AfterValidator(
        _shaped(r"[a-z0-9][a-z0-9-]{0,31}", "must be small letters, digits and `-`, at most 32 of them")
    ),
]
Pattern = Annotated[
    str,
    AfterValidator(
        _shaped(
            r"\+?[0-9A-Za-z._#-]{1,64}\*?|\+?\*",
            "must be a number or a user name, such as `+4930123456`; a `*` at its end stands for anything",
        )
    ),
]
"A number or user name; a `*` at its end stands for anything that follows."
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(split)]
Realm = Annotated[
    str, AfterValidator(_shaped(r"[A-Za-z0-9._-]{1,64}", "must be letters, digits, `.`, `_` and `-`"))
]


class Tls(Section):
    """Certificates; needed to listen with TLS."""

    certificate: Folder | None = None
    "PEM file with ours and those that lead to its authority."
    private_key: Folder | None = None
    "PEM file, without a passphrase."
    authorities: Folder | None = None
    "PEM file with the authorities that sign trunks' certificates; by default those of the system."


class Login(Section):
    """A name and password that the other side proves itself with (digest)."""

    username: Annotated[str, Field(min_length=1, max_length=128)]
    password: SecretStr
    algorithms: Annotated[tuple[Algorithm, ...], BeforeValidator(split), Field(min_length=1)] = (
        "SHA-256",
        "MD5",
    )
    "Offered in this order; old exchanges look at the first one only, and then it must be `MD5`."

    @field_validator("password")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 8:
            raise PydanticCustomError("password_short", "must have at least 8 characters; scanners guess")
        return value


class Trunk(Section):
    """A line to the telephone network or to a private exchange."""

    name: Label
    "Ours for it; numbers and metrics name it."
    address: str | None = None
    "`HOST` or `HOST:PORT` where requests to it go; without it calls only come in."
    transport: Transport = "udp"
    "What we send with. With `tls` nothing else is taken from it either."
    domain: str | None = None
    "The host in the SIP addresses that we use with it, where that is not the one of `address`."
    registers: bool = False
    "Tell it where we are (REGISTER), and again before that runs out."
    username: str | None = None
    "Ours, when it asks us who we are."
    password: SecretStr | None = None
    networks: Networks = ()
    """Where its requests come from, such as `203.0.113.0/28`. By default the addresses of `address` when it
    `registers`, else none."""
    login: Login | None = None
    "What it must prove itself with; where `networks` are given too, both must fit."
    codecs: Annotated[tuple[Codec, ...], BeforeValidator(split)] = ("opus", "G722", "PCMU", "PCMA")
    "In our order of preference."
    srtp: Srtp = "none"
    "`optional` offers encrypted audio and answers what comes; `required` refuses calls without it."
    verify: bool = True
    "TLS: whether its certificate must be right."
    session_s: Annotated[int, Field(ge=90, le=86_400)] | None = 1800
    "A call that nobody refreshes within this time is over (RFC 4028); null: we ask for no such timer."
    caller_id: Pattern | None = None
    "The number we show; by default `username`."
    symmetric: bool = False
    "Send to where its messages come from, whatever its Contact says: it is behind a NAT."
    trust_identity: bool = True
    "Believe its `P-Asserted-Identity` rather than `From`."
    calls: Annotated[int, Field(ge=1)] = 100
    "At the same time, both directions; more are refused with 503."
    options_s: Annotated[int, Field(ge=5)] | None = None
    "How often we ask whether it is there (OPTIONS); needs `address`."

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if self.registers and (self.username is None or self.password is None):
            raise PydanticCustomError(
                "credentials_missing", "`registers` needs a `username` and a `password`"
            )
        if self.address is None and (self.registers or self.options_s is not None):
            raise PydanticCustomError("address_missing", "`registers` and `options_s` need an `address`")
        if self.address is None and not self.networks and self.login is None:
            raise PydanticCustomError(
                "trunk_useless",
                "needs an `address` to call out, or `networks` or a `login` for calls to come in",
            )
        if not self.codecs:
            raise PydanticCustomError("codecs_missing", "`codecs` must name at least one")
        return self

    @field_validator("address", "domain")
    @classmethod
    def _is_host_port(cls, value: str | None) -> str | None:
        try:
            host_port(value or "a", 1)
        except ValueError:
            raise PydanticCustomError("address_malformed", "must be written `HOST` or `HOST:PORT`") from None
        return value

    @property
    def destination(self) -> tuple[str, int]:
        """Host (a name, or a literal without brackets) and port of `address`, which must be given."""
        assert self.address is not None
        return host_port(self.address, SIP_PORT[self.transport])

    @property
    def takes_calls(self) -> bool:
        """Whether calls can come in through it."""
        return bool(self.networks or self.login or self.registers)


class Number(Section):
    """A number of ours and how it is answered; of several that fit, the most exact one counts."""

    pattern: Pattern
    "Such as `+4930123456` or `+4930123*`; `*` alone is every number."
    trunk: str | None = None
    "Only when dialled through this trunk."
    ring_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    "How long it rings (180) before we answer."
    early_media: bool = False
    "What is said while it rings can be heard (183): free for the caller, and not passed by all networks."


class Dial(Section):
    """Calls out: whom we may call, how often. Nobody, unless this says so."""

    allowed: Patterns = ()
    "Such as `+49*`. A wish to be transferred must fit too."
    refused: Patterns = ()
    "Go before `allowed`, such as `+49900*`."
    per_minute: Annotated[int, Field(ge=1)] = 10
    calls: Annotated[int, Field(ge=1)] = 10
    "At the same time."
    ring_s: Annotated[float, Field(ge=1, le=180)] = 45.0
    "How long we let it ring."


class Flood(Section):
    """How much a source may send. One that sends more is not listened to for a while."""

    per_second: Annotated[float, Field(gt=0)] = 10.0
    "Messages of somebody we do not know, on average."
    burst: Annotated[int, Field(ge=1)] = 50
    known_per_second: Annotated[float, Field(gt=0)] = 2000.0
    "Messages from a trunk's networks, on average."
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
    "The address (no name) that others reach us at, where that is not our own: behind NAT."
    rtp_ports: PortRange = PortRange(first=20_000, last=20_999)
    tls: Tls = Tls()
    strangers: Literal["ignore", "refuse"] = "ignore"
    """Requests of nobody we know: no answer at all, or 403. A trunk with a `login` and without `networks`
    makes us answer everybody, with 401."""
    realm: Realm = "warmline"
    "Of our digest challenges."
    headers: Names = ()
    "Further headers, such as `X-Session`, that a call carries in and out beside `User-to-User`."
    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[Number, ...] = ()
    dial: Dial = Dial()
    flood: Flood = Flood()

    @field_validator("advertised")
    @classmethod
    def _is_literal(cls, value: str | None) -> str | None:
        if value is not None and not is_address(value):
            raise _problem("address_malformed", "must be an address, such as `203.0.113.1`, and no name")
        return value

    @field_validator("headers")
    @classmethod
    def _are_private(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"[Xx]-[A-Za-z0-9-]{1,60}", name, re.ASCII):
                raise _problem("header_unfit", "only headers that begin with `X-` are free for this", name)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _check_names(self)
        _check_networks(self.trunks)
        _check_listening(self)
        _check_use(self)
        return self


def _check_names(telephone: Telephone) -> None:
    names = [trunk.name for trunk in telephone.trunks]
    if twice := _twice(names):
        raise _problem("trunk_twice", "two trunks have the same `name`", twice)
    if twice := _twice(trunk.login.username for trunk in telephone.trunks if trunk.login):
        raise _problem("login_twice", "two trunks have a `login` of the same `username`", twice)
    for number in telephone.numbers:
        if number.trunk not in (None, *names):
            raise _problem("trunk_unknown", f"the number {number.pattern} is of no trunk here", number.trunk)
    if twice := _twice(f"{n.pattern} ({n.trunk or 'any trunk'})" for n in telephone.numbers):
        raise _problem("number_twice", "two numbers overlap, and neither is more exact", twice)


def _check_networks(trunks: Iterable[Trunk]) -> None:
    owners: dict[Network, Trunk] = {}
    for trunk in trunks:
        for network in trunk.networks:
            if network.prefixlen == 0 and not trunk.login:
                raise _problem("network_everybody", f"{trunk.name} would let everybody in", str(network))
            other = owners.setdefault(network, trunk)
            if other is not trunk and not (trunk.login and other.login):
                raise _problem(
                    "network_twice", f"{other.name} and {trunk.name} cannot be told apart", str(network)
                )


def _check_listening(telephone: Telephone) -> None:
    listening = {at.transport for at in telephone.listen}
    if twice := _twice(f"udp for {_family(at)}" for at in telephone.listen if at.transport == "udp"):
        raise _problem("listen_twice", "`listen` at one address for each; 0.0.0.0 is all of them", twice)
    if telephone.trunks and not listening:
        raise _problem("listen_missing", "`trunks` need at least one address to `listen` at")
    if listening and not telephone.trunks:
        raise _problem("trunks_missing", "`listen` without `trunks` lets nobody in; name at least one")
    if "tls" in listening and None in (telephone.tls.certificate, telephone.tls.private_key):
        raise _problem(
            "certificate_missing", "to listen with TLS, `tls` needs `certificate` and `private_key`"
        )
    for trunk in telephone.trunks:
        if trunk.transport not in listening and (trunk.transport == "udp" or trunk.address is None):
            message = f"the trunk uses {trunk.transport.upper()}, and we do not `listen` with it"
            raise _problem("transport_missing", message, trunk.name)


def _check_use(telephone: Telephone) -> None:
    if telephone.trunks and not telephone.numbers and not telephone.dial.allowed:
        raise _problem("numbers_missing", "no number is answered and none may be dialled; `*` answers all")
    if telephone.dial.allowed and not any(trunk.address for trunk in telephone.trunks):
        raise _problem("address_missing", "`dial` needs a trunk with an `address`")
    calls = max((trunk.calls for trunk in telephone.trunks), default=0)
    if telephone.rtp_ports.pairs < calls:
        message = (
            f"`rtp_ports` hold fewer calls ({telephone.rtp_ports.pairs}) than a trunk may have ({calls})"
        )
        raise _problem("ports_few", message)


def _family(at: Listen) -> str:
    return "IPv6" if ":" in at.host else "IPv4"


def _problem(code: str, message: str, about: str | None = None) -> PydanticCustomError:
    text = f"{message}: `{about}`" if about is not None else message
    return PydanticCustomError(code, "{text}", {"text": text})


def _twice(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
