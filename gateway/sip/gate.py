"""Who gets in: floods are dropped unread, strangers unanswered, trunks that are full told to come later."""

import re
from collections.abc import Callable

from prometheus_client import Counter

from gateway.sip.callers import Admitted, Callers, Ignored, Refused, Verdict
from gateway.sip.flood import Allowance, Flood
from gateway.sip.hop import Hop
from gateway.sip.message import BadRequest, Request, parse
from gateway.trunks import Telephone

RETRY_AFTER_S = 30
METHODS = {
    *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY"),
    *("SUBSCRIBE", "MESSAGE", "PUBLISH"),
}
MESSAGES = Counter(
    "warmline_sip_messages_total", "SIP messages by method, or class of response", ["direction", "kind"]
)
DROPPED = Counter("warmline_sip_dropped_total", "SIP messages that got no answer", ["reason"])
ADMISSIONS = Counter(
    "warmline_sip_admissions_total", "SIP requests outside of calls, by verdict", ["verdict"]
)
_RESPONSE = re.compile(rb"SIP/2\.0 ([1-6])\d\d ")


class Gate:
    """Asked of every message, before it costs anything, and of every request that begins something."""

    def __init__(self, telephone: Telephone, callers: Callers, full: Callable[[str], bool]) -> None:
        self._callers = callers
        self._full = full
        "Whether a trunk has all the calls that it may have."
        self._answers_strangers = telephone.strangers == "refuse" or any(
            trunk.login and not trunk.networks for trunk in telephone.trunks
        )
        limits = telephone.flood
        self._flood = Flood(
            Allowance(limits.per_second, limits.burst),
            Allowance(limits.known_per_second, int(limits.known_per_second)),
            int(limits.ignore_s * 1000),
            callers.knows,
        )

    def admits(self, hop: Hop, now_ms: int) -> bool:
        """Whether to listen to one more message."""
        if self._flood.admits(hop.host, now_ms):
            return True
        DROPPED.labels("flood").inc()
        return False

    def is_silent_to(self, hop: Hop, now_ms: int) -> bool:
        """Whether somebody must not even learn that anybody is here."""
        known = self._callers.knows(hop.host) or self._flood.trusts(hop.host, now_ms)
        return not (known or self._answers_strangers)

    def passes(self, data: bytes, hop: Hop, now_ms: int) -> bool:
        """Whether the transactions may see a message: they answer what is malformed, or cancels nothing.

        A stranger who is to hear nothing must not hear that either.
        """
        if not self.is_silent_to(hop, now_ms):
            return True
        try:
            message = parse(data)
        except BadRequest:
            DROPPED.labels("malformed").inc()
            return False
        if isinstance(message, Request) and message.method == "CANCEL":
            DROPPED.labels("stranger").inc()
            return False
        return True

    def authorise(self, request: Request, hop: Hop, now_ms: int) -> Verdict:
        """What to do with a request that belongs to no call."""
        verdict = self._callers.authorise(request, hop, now_ms)
        ADMISSIONS.labels(type(verdict).__name__.lower()).inc()
        if isinstance(verdict, Refused) and verdict.offence:
            self._flood.offended(hop.host, now_ms)
        if isinstance(verdict, Ignored):
            DROPPED.labels("stranger").inc()
        if isinstance(verdict, Admitted):
            if verdict.logged_in:
                self._flood.trust(hop.host, now_ms)
            if request.method == "INVITE" and self._full(verdict.trunk.name):
                return Refused(503, [("Retry-After", str(RETRY_AFTER_S))])
        return verdict


def count(direction: str, data: bytes) -> None:
    """Count a message by its first word, without reading the rest."""
    if response := _RESPONSE.match(data):
        MESSAGES.labels(direction, f"{response[1].decode()}xx").inc()
        return
    method = data[:16].partition(b" ")[0].decode("ascii", "replace")
    MESSAGES.labels(direction, method if method in METHODS else "other").inc()
