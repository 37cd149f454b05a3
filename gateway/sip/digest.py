"""Digest authentication, both sides: RFC 3261 section 22, RFC 7616, RFC 8760.  [core]

MD5, which everybody can, and SHA-256, which is preferred; `qop=auth`. As a server we keep no nonce that
nobody used: a nonce carries its time and our signature. What was used is remembered until it expires, so that
no request with credentials is taken twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sipmessage import Request, Response

Outcome = Literal["right", "stale", "wrong"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password."""

    username: str
    password: str = field(repr=False)


def authorise(request: Request, challenged: Response, credentials: Credentials, cnonce: str) -> bool:
    """Answer a 401 or 407: put `Authorization` or `Proxy-Authorization` into `request`, once for each realm.

    `request` is the one to be sent again (with its new CSeq) and still carries what it carried when it was
    refused. Of a realm's challenges the first with an algorithm that we know is answered (RFC 8760, section
    2.4). False when that will not help: nothing that we can answer, or an answer was refused already and not
    for being stale. `cnonce` is random, at least 8 characters.
    """
    raise NotImplementedError


class Challenges:
    """We as a server: hand out challenges, check what comes back."""

    def __init__(self, realm: str, secret: bytes, lifetime_ms: int = 300_000) -> None:
        raise NotImplementedError

    def challenge(self, now_ms: int, *, stale: bool = False) -> list[str]:
        """Values of `WWW-Authenticate`, one a line, the preferred algorithm first."""
        raise NotImplementedError

    def check(
        self, request: Request, password: Callable[[str], str | None], now_ms: int
    ) -> tuple[Outcome, str]:
        """What the `Authorization` of a request is worth, and the user it names ("" unless `right`).

        `password` gives a user's, None for an unknown one, which takes exactly as long as a wrong password.
        `stale`: all was right but the nonce is old or was used, so a new challenge will do.
        """
        raise NotImplementedError
