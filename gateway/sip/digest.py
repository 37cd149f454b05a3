"""Digest authentication, both sides: RFC 3261 section 22, RFC 7616, RFC 8760.  [core]

SHA-256, which is preferred, and MD5, which everybody can; `qop=auth`. As a server we keep no nonce that
nobody used: a nonce carries its time and our signature. One that was used is remembered until it expires, so
that no credentials are taken twice.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.sip.message import Request, Response

Outcome = Literal["right", "stale", "wrong"]

ALGORITHMS = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"Strongest first. `-sess` and SHA-512-256 nobody was seen to need."
LONGEST = 2048
"Characters of credentials that are read."
MOST_CHALLENGES = 8
"Of one response that are looked at."
USED_NONCES = 4096
"Remembered at most; when more are in use, who used the oldest is challenged anew."
WINDOW = 64
"By how much a request may be overtaken by others with the same nonce."
_PARAMETER = re.compile(
    r"""\s*([\w.!%*+`'~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)""", re.ASCII
)
HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password."""

    username: str
    password: str = field(repr=False)


def response(credentials: Credentials, method: str, parameters: Mapping[str, str]) -> str:
    """The `response` that credentials with these parameters must carry (RFC 7616, section 3.4).

    `parameters` has at least `realm`, `nonce` and `uri`. Without `qop` it is RFC 2069's, which some exchanges
    still ask for.
    """
    algorithm = ALGORITHMS[parameters.get("algorithm", "MD5").upper()]

    def hashed(*parts: str) -> str:
        return algorithm(":".join(parts).encode()).hexdigest()

    user = hashed(credentials.username, parameters["realm"], credentials.password)
    request = hashed(method, parameters["uri"])
    if "qop" not in parameters:
        return hashed(user, parameters["nonce"], request)
    count, cnonce = parameters["nc"], parameters["cnonce"]
    return hashed(user, parameters["nonce"], count, cnonce, parameters["qop"], request)


# --- as a client ---


def authorise(request: Request, challenged: Response, credentials: Credentials, cnonce: str) -> bool:
    """Answer a 401 or 407: put `Authorization` or `Proxy-Authorization` into `request`, one for each realm.

    `request` is the one to be sent again (with its new CSeq) and still carries what it carried when it was
    refused. Of a realm's challenges the first with an algorithm that we know is answered (RFC 8760, section
    2.4). False when sending it again will not help: there is nothing that we can answer, or our answer was
    refused, and not for being stale. `cnonce` is random, at least 8 characters.
    """
    asked, answers = HEADERS.get(challenged.code, ("", ""))
    challenges = _by_realm(challenged.headers.getlist(asked)[:MOST_CHALLENGES])
    if not challenges:
        return False
    kept: list[str] = []
    for value in request.headers.getlist(answers):
        realm = (_parameters(value) or {}).get("realm", "")
        if realm not in challenges:
            kept.append(value)
        elif challenges[realm].get("stale", "").lower() != "true":
            return False
    for challenge in challenges.values():
        kept.append(_answer(request, challenge, credentials, cnonce))
    request.headers.setlist(answers, kept)
    return True


def _by_realm(values: Iterable[str]) -> dict[str, dict[str, str]]:
    """For each realm the first challenge that we can answer."""
    found: dict[str, dict[str, str]] = {}
    for value in values:
        parameters = _parameters(value) or {}
        known = parameters.get("algorithm", "MD5").upper() in ALGORITHMS
        qops = [qop.strip() for qop in parameters.get("qop", "auth").lower().split(",")]
        if known and "auth" in qops and "nonce" in parameters:
            found.setdefault(parameters.get("realm", ""), parameters)
    return found


def _answer(request: Request, challenge: Mapping[str, str], credentials: Credentials, cnonce: str) -> str:
    given = {
        "username": credentials.username,
        "realm": challenge.get("realm", ""),
        "nonce": challenge["nonce"],
    }
    given["uri"] = str(request.uri)
    given |= {name: challenge[name] for name in ("algorithm", "opaque") if name in challenge}
    if "qop" in challenge:
        given |= {"qop": "auth", "nc": "00000001", "cnonce": cnonce}
    given["response"] = response(credentials, request.method, given)
    return "Digest " + ", ".join(_written(given))


def _written(parameters: dict[str, str]) -> Iterator[str]:
    """As RFC 7616 quotes them: `algorithm`, `qop` and `nc` bare, everything else not (section 3.4)."""
    for name, value in parameters.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        yield f"{name}={value}" if name in ("algorithm", "qop", "nc") else f'{name}="{escaped}"'


# --- as a server ---


class Challenges:
    """We as a server: hand out challenges, check what comes back."""

    def __init__(self, realm: str, secret: bytes, lifetime_ms: int = 300_000) -> None:
        self._realm = realm
        self._secret = secret
        self._lifetime_ms = lifetime_ms
        self._issued = 0
        self._used: OrderedDict[int, _Used] = OrderedDict()
        self._forgotten = 0
        "Nonces up to this one are not known to be unused."

    def challenge(
        self, now_ms: int, *, stale: bool = False, algorithms: Iterable[str] = tuple(ALGORITHMS)
    ) -> list[str]:
        """Values of `WWW-Authenticate`, one a line, the preferred algorithm first."""
        self._issued += 1
        bare = f"{now_ms:012x}{self._issued:08x}"
        nonce = bare + self._signature(bare)
        again = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self._realm}", nonce="{nonce}", qop="auth", algorithm={algorithm}{again}'
            for algorithm in algorithms
        ]

    def check(
        self, request: Request, password: Callable[[str, str], str | None], now_ms: int
    ) -> tuple[Outcome, str]:
        """What the `Authorization` of a request is worth, and the user it names ("" unless `right`).

        `password` gives a user's, None for an unknown one or an algorithm that is not for it, which takes as
        long as a wrong password. `stale`: all was right but the nonce is old or was used, so a new challenge
        will do. That `uri` is the request's is not asked: exchanges rewrite it on the way, and a used answer
        is of no use anyway.
        """
        parameters = _parameters(request.headers.get("Authorization", "") or "")
        if parameters is None or not self._is_complete(parameters):
            return "wrong", ""
        username = parameters["username"]
        known = password(username, parameters.get("algorithm", "MD5").upper())
        expected = response(Credentials(username, known or ""), request.method, parameters)
        matches = hmac.compare_digest(expected.encode(), parameters["response"].lower().encode())
        if not matches or known is None:
            return "wrong", ""
        if not self._is_fresh(parameters, now_ms):
            return "stale", ""
        return "right", username

    def _is_complete(self, given: Mapping[str, str]) -> bool:
        """Whether the credentials have all their parts, and the nonce is one of ours."""
        names = ("username", "realm", "nonce", "uri", "response", "cnonce", "nc")
        if any(name not in given for name in names) or given.get("qop") != "auth":
            return False
        nonce, count = given["nonce"], given["nc"]
        numbers = (nonce[:20], count) if len(nonce) == 52 and len(count) == 8 else ("",)
        if not all(_is_hexadecimal(number) for number in numbers):
            return False
        known = given["realm"] == self._realm and given.get("algorithm", "MD5").upper() in ALGORITHMS
        return known and hmac.compare_digest(self._signature(nonce[:20]).encode(), nonce[20:].encode())

    def _is_fresh(self, given: Mapping[str, str], now_ms: int) -> bool:
        issued_ms, number = int(given["nonce"][:12], 16), int(given["nonce"][12:20], 16)
        if not issued_ms <= now_ms < issued_ms + self._lifetime_ms:
            return False
        if number not in self._used:
            if number <= self._forgotten:
                return False
            self._used[number] = _Used()
            self._forget(now_ms)
        return self._used[number].take(int(given["nc"], 16))

    def _forget(self, now_ms: int) -> None:
        """Keep within the bound. A nonce below one that was forgotten counts as used up."""
        while len(self._used) > USED_NONCES:
            number, _ = self._used.popitem(last=False)
            self._forgotten = max(self._forgotten, number)

    def _signature(self, bare: str) -> str:
        return hmac.new(self._secret, bare.encode(), hashlib.sha256).hexdigest()[:32]


class _Used:
    """The counts that came with one nonce: a window like IPsec's (RFC 4303, section 3.4.3)."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = 0
        self._seen = 0
        "Bit n: the count `_highest` - n came."

    def take(self, count: int) -> bool:
        """Whether a count comes for the first time."""
        behind = self._highest - count
        if count < 1 or behind >= WINDOW:
            return False
        if behind < 0:
            self._seen = (self._seen << min(-behind, WINDOW) | 1) & (1 << WINDOW) - 1
            self._highest = count
            return True
        fresh = not self._seen >> behind & 1
        self._seen |= 1 << behind
        return fresh


def _parameters(value: str) -> dict[str, str] | None:
    """The parameters of a digest challenge or credentials, by name in small letters; None when it is neither.

    sipmessage's own parser takes the comma of `qop="auth,auth-int"` for the end of the parameter.
    """
    scheme, rest = [*value[: LONGEST + 1].split(None, 1), "", ""][:2]
    if len(value) > LONGEST or scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None or match[1].lower() in found:
            return None
        quoted = match[2]
        found[match[1].lower()] = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = match.end()
    return found


def _is_hexadecimal(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdefABCDEF" for character in text)
