"""What calls are given from outside: the user agent's surroundings and a trunk's terms.  [core]"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.sip.digest import Credentials
from gateway.sip.hop import Hop
from gateway.sip.transaction import Transactions
from gateway.sip.uri import URI


@dataclass(frozen=True, slots=True)
class Station:
    """What all calls of one user agent share."""

    transactions: Transactions
    contact: Callable[[Hop], URI]
    "Our Contact for somebody who is reached through this hop (the advertised address of its socket)."
    ids: Callable[[], str]
    "A random token that nobody can guess, new each time: for tags, Call-IDs, cnonces, and to draw delays."
    resolve: Callable[[URI, Hop], Hop]
    "Where a request for a URI goes; the hop is where the dialog's messages came from, for names unknown."
    product: str = "Warmline"
    "User-Agent and Server."

    def draw(self, least: int, most: int) -> int:
        """A number that nobody can foresee, from `least` to `most`."""
        drawn = int.from_bytes(hashlib.sha256(self.ids().encode()).digest()[:8])
        return least + drawn % (most - least + 1)


def nowhere(target: URI) -> Hop | None:
    """The rule for redirections of a trunk that allows none."""
    return None


@dataclass(frozen=True, slots=True)
class CallTerms:
    """What a trunk's configuration says of its calls."""

    trunk: str = ""
    "Its name. Only calls of the same trunk may replace each other."
    credentials: Credentials | None = field(default=None, repr=False)
    "For when the other side answers 401 or 407."
    session_expires_s: int = 1800
    "What we ask for (RFC 4028); 0: no session timer of our own, theirs is honoured."
    min_session_expires_s: int = 90
    reliable: bool = True
    "Send early media reliably to whoever can (RFC 3262)."
    symmetric: bool = False
    "Send to where its messages really come from, whatever its Contact says (it is behind a NAT)."
    context_headers: tuple[str, ...] = ()
    "Names of headers, beside User-to-User, that are taken from its messages."
    redirect: Callable[[URI], Hop | None] = nowhere
    "Where to follow a 3xx to; None for a target that is not allowed."
