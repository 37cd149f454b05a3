"""Who is calling, through which trunk, and for which of our numbers.  [core]

Asked about every request that belongs to no dialog of ours, before anything else happens. Whoever is not of
a trunk learns nothing: not whether a user or number exists, not even, as configured by default, that
anybody is here.

A source network is worth what the network is: over UDP anybody can write any sender's address, though the
answers do not reach him. Trunks over the open internet should use TLS, or a `login`.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from gateway.addresses import Network
from gateway.sip import numbers
from gateway.sip.address import Address
from gateway.sip.digest import Challenges
from gateway.sip.hop import Hop
from gateway.sip.message import Request
from gateway.trunks import Number, Telephone, Trunk

UNCHALLENGED = frozenset({"ACK", "CANCEL"})
"They cannot be sent again with credentials (RFC 3261, section 22.1)."
SCANNERS = re.compile(r"friendly-?scanner|sipvicious|sipcli|sip-?scan|sundayddr|vaxsipuseragent|iwar", re.I)
"Programs that look for open telephones and still say their name."


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request is of one of our trunks."""

    trunk: Trunk
    number: Number | None
    "Which of our numbers an INVITE is for; None for other methods."
    caller: str
    "Number or user name of who calls, as far as the trunk can be believed; may be empty or `anonymous`."
    called: str
    "What was dialled, without separators."
    logged_in: bool = False
    "It proved itself by password just now."


@dataclass(frozen=True, slots=True)
class Refused:
    """To be answered so, and nothing else is to happen."""

    code: int
    headers: Sequence[tuple[str, str]] = ()
    offence: bool = False
    "Counts against its source as a guess at a password does."


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not to be answered at all."""


Verdict = Admitted | Refused | Ignored


class Callers:
    """The trunks and numbers of one gateway, ready to be asked."""

    def __init__(self, telephone: Telephone, challenges: Challenges) -> None:
        self._telephone = telephone
        self._challenges = challenges
        self._trunks = {trunk.name: trunk for trunk in telephone.trunks}
        self._logins = {trunk.login.username: trunk for trunk in telephone.trunks if trunk.login}
        self._networks = {trunk.name: trunk.networks for trunk in telephone.trunks}
        self._hosts: dict[str, frozenset[str]] = {}
        by_exactness = sorted(telephone.numbers, key=lambda n: (numbers.exactness(n.pattern), bool(n.trunk)))
        self._numbers = by_exactness[::-1]

    def resolved(self, trunk: str, hosts: Iterable[str]) -> None:
        """The addresses that a trunk's own `address` stands for now.

        They are its networks where it registers and names none: calls come from where we registered.
        """
        hosts = tuple(hosts)
        self._hosts[trunk] = frozenset(hosts)
        if self._trunks[trunk].registers and not self._trunks[trunk].networks:
            self._networks[trunk] = tuple(ipaddress.ip_network(host) for host in hosts)

    def knows(self, host: str) -> bool:
        """Whether an address is one of a trunk: in its networks, or where we call it."""
        if any(host in hosts for hosts in self._hosts.values()):
            return True
        address = _address(host)
        return address is not None and any(_within(address, n) for n in self._networks.values())

    def authorise(self, request: Request, hop: Hop, now_ms: int) -> Verdict:
        """What to do with a request that belongs to no dialog. Never raises."""
        near = self._by_network(hop)
        if near and near[0].login is None:
            return self._admit(request, near[0], logged_in=False)
        logins = [trunk for trunk in near or self._anywhere(hop) if trunk.login]
        if not logins or (not near and _is_scanner(request)):
            return self._turn_away()
        return self._ask_for_login(request, logins, now_ms)

    # --- which trunk ---

    def _by_network(self, hop: Hop) -> list[Trunk]:
        """The trunks that a message over this hop may be of, the one with the smallest network first."""
        address = _address(hop.host)
        found = [
            (network.prefixlen, trunk)
            for trunk in self._trunks.values()
            if address is not None and _fits_transport(trunk, hop)
            for network in self._networks[trunk.name]
            if address in network
        ]
        found.sort(key=lambda pair: pair[0], reverse=True)
        return [trunk for _, trunk in found]

    def _anywhere(self, hop: Hop) -> list[Trunk]:
        """The trunks that may come from anywhere because they prove who they are."""
        return [t for t in self._logins.values() if not t.networks and _fits_transport(t, hop)]

    def _turn_away(self) -> Verdict:
        return Refused(403) if self._telephone.strangers == "refuse" else Ignored()

    def _ask_for_login(self, request: Request, trunks: list[Trunk], now_ms: int) -> Verdict:
        if request.method in UNCHALLENGED:
            return Ignored()
        if request.headers.get("Authorization") is None:
            return self._challenge(trunks, now_ms)
        outcome, username = self._challenges.check(request, self._password, now_ms)
        trunk = self._logins.get(username)
        if outcome == "stale":
            return self._challenge(trunks, now_ms, stale=True)
        if outcome == "wrong" or trunk not in trunks:
            return Refused(403, offence=True)
        return self._admit(request, trunk, logged_in=True)

    def _challenge(self, trunks: list[Trunk], now_ms: int, *, stale: bool = False) -> Refused:
        """With every algorithm that one of the trunks takes, whichever it turns out to be."""
        algorithms = dict.fromkeys(a for trunk in trunks if trunk.login for a in trunk.login.algorithms)
        values = self._challenges.challenge(now_ms, stale=stale, algorithms=algorithms)
        return Refused(401, tuple(("WWW-Authenticate", value) for value in values))

    def _password(self, username: str, algorithm: str) -> str | None:
        trunk = self._logins.get(username)
        if trunk is None or trunk.login is None or algorithm not in trunk.login.algorithms:
            return None
        return trunk.login.password.get_secret_value()

    # --- who calls whom ---

    def _admit(self, request: Request, trunk: Trunk, *, logged_in: bool) -> Verdict:
        number, called = self._dialled(request, trunk)
        if request.method != "INVITE":
            return Admitted(trunk, None, _caller(request, trunk), called, logged_in)
        if number is None:
            return Refused(404)
        return Admitted(trunk, number, _caller(request, trunk), called, logged_in)

    def _dialled(self, request: Request, trunk: Trunk) -> tuple[Number | None, str]:
        """Which number of ours, and how it was dialled.

        The request's URI says it; a trunk that we register with may put the Contact we gave it there, then it
        is in To.
        """
        called = numbers.normalised(request.uri.user or "")
        number = self._number(called, trunk)
        if called in ("", trunk.name, trunk.username) and (number is None or number.pattern == "*"):
            called = numbers.normalised(request.to_address.uri.user or "")
            number = self._number(called, trunk)
        return number, called

    def _number(self, called: str, trunk: Trunk) -> Number | None:
        """The most exact one that fits; many trunks leave out the `+`."""
        for number in self._numbers:
            fits = numbers.fits(number.pattern, called) or numbers.fits(number.pattern, f"+{called}")
            if fits and number.trunk in (None, trunk.name):
                return number
        return None


def _caller(request: Request, trunk: Trunk) -> str:
    """P-Asserted-Identity (RFC 3325) where the trunk is believed, else From."""
    if trunk.trust_identity:
        for value in request.headers.getlist("P-Asserted-Identity"):
            try:
                user = Address.parse(value).uri.user
            except ValueError:
                continue
            if user:
                return numbers.normalised(user)
    return numbers.normalised(request.from_address.uri.user or "")


def _is_scanner(request: Request) -> bool:
    return SCANNERS.search(request.headers.get("User-Agent") or "") is not None


def _fits_transport(trunk: Trunk, hop: Hop) -> bool:
    return trunk.transport != "tls" or hop.transport == "tls"


def _within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
