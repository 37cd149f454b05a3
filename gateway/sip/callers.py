"""Who is calling, through which trunk, and for which of our numbers.  [core]

Asked about every request that belongs to no dialog of ours, before anything else happens. Whoever is not of
a trunk learns nothing: not whether a user or number exists, not even, as configured by default, that
anybody is here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sipmessage import Request

from gateway.sip.digest import Challenges
from gateway.sip.hop import Hop
from gateway.trunks import Number, Telephone, Trunk


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request is of one of our trunks."""

    trunk: Trunk
    number: Number | None
    "Which of our numbers an INVITE is for; None for other methods."
    caller: str
    "Number or user name of who calls, as far as the trunk can be believed; may be empty or `anonymous`."
    called: str
    "What was dialled, normalised (`+4930123456`)."


@dataclass(frozen=True, slots=True)
class Refused:
    """To be answered so, and nothing else is to happen."""

    code: int
    headers: Sequence[tuple[str, str]] = ()
    offence: bool = False
    "Counts against its source as a guess at a password would."


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not to be answered at all."""


Verdict = Admitted | Refused | Ignored


class Callers:
    """The trunks and numbers of one gateway, ready to be asked."""

    def __init__(self, telephone: Telephone, challenges: Challenges) -> None:
        raise NotImplementedError

    def resolved(self, trunk: str, hosts: Iterable[str]) -> None:
        """The addresses that a trunk's own `address` stands for now; they count when it names no networks."""
        raise NotImplementedError

    def knows(self, host: str) -> bool:
        """Whether an address is in one of the trunks' networks."""
        raise NotImplementedError

    def authorise(self, request: Request, hop: Hop, now_ms: int) -> Verdict:
        """What to do with a request that belongs to no dialog. Never raises."""
        raise NotImplementedError
