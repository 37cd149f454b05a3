"""Telling one trunk where we are, for as long as we are here (RFC 3261, section 10.2).  [core]

    resting ── time ──► asking ── 2xx ──► resting until shortly before it runs out
                          │  401, 407, 423: asked again at once, with what was missing
                          └─ anything else, or nothing: resting, each time longer

Never more than one REGISTER at a time. Refused passwords are repeated as slowly as everything else, since
trunks lock out who guesses.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sipmessage import CSeq

from gateway.sip import digest
from gateway.sip.address import Address
from gateway.sip.client_requests import repeated
from gateway.sip.digest import Credentials
from gateway.sip.message import Request, Response
from gateway.sip.parameters import Parameters
from gateway.sip.uri import URI

EXPIRES_S = 600
"For how long we ask to be registered."
MOST_EXPIRES_S = 86_400
LEAST_WAIT_MS = 10_000
"However short a time a trunk grants."
FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 1_800_000
"Between attempts that failed (RFC 5626, section 4.5)."
AHEAD_S = 30
"A registration is renewed so long before it runs out, or at half its time where that is later."
MOST_TRIES = 4
"Requests in one attempt: a challenge, a stale one, a longer time."
MAX_FORWARDS = 70

State = Literal["unregistered", "registered", "refused", "unreachable"]


@dataclass(frozen=True, slots=True)
class Binding:
    """What is to be registered, and where."""

    registrar: URI
    "The trunk's domain, without a user."
    address: URI
    "Our address of record there."
    contact: URI
    "Where we are to be called."
    credentials: Credentials


class Registration:
    """One trunk's registration. `ids` gives random tokens."""

    def __init__(self, binding: Binding, ids: Callable[[], str], now_ms: int) -> None:
        self._binding = binding
        self._ids = ids
        self._call_id = ids()
        self._sequence = 0
        self._expires_s = EXPIRES_S
        self._asked: Request | None = None
        self._tries = 0
        self._failures = 0
        self._due_ms: int | None = now_ms
        self._leaving = False
        self.state: State = "unregistered"

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` is due; None while an answer is awaited, and at the end."""
        return self._due_ms

    def handle_timers(self, now_ms: int) -> Request | None:
        """The REGISTER to send now, if it is time."""
        if self._due_ms is None or now_ms < self._due_ms:
            return None
        self._tries = 0
        return self._ask(self._request())

    def leave(self) -> Request | None:
        """The REGISTER that ends it, if there is anything to end. Its answer changes nothing."""
        registered, self._leaving, self._due_ms = self.state == "registered", True, None
        self.state = "unregistered"
        if not registered:
            return None
        self._tries = 0
        return self._ask(self._request())

    def receive(self, response: Response, now_ms: int) -> Request | None:
        """A response to our latest REGISTER came; the one to send next, if any."""
        asked = self._asked
        if asked is None or response.code < 200:
            return None
        again = self._again(asked, response)
        if again is not None and self._tries < MOST_TRIES:
            return self._ask(again)
        self._asked = None
        if self._leaving:
            return None
        if 200 <= response.code < 300:
            self._registered(response, now_ms)
        else:
            self._failed("refused", now_ms, _retry_after_ms(response))
        return None

    def unanswered(self, now_ms: int) -> None:
        """Our latest REGISTER got no answer, or could not even be sent."""
        self._asked = None
        if not self._leaving:
            self._failed("unreachable", now_ms, 0)

    # --- what is asked ---

    def _request(self) -> Request:
        binding = self._binding
        request = Request("REGISTER", binding.registrar)
        request.max_forwards = MAX_FORWARDS
        request.from_address = Address(binding.address, parameters=Parameters(tag=self._ids()))
        request.to_address = Address(binding.address)
        request.call_id = self._call_id
        expires = "0" if self._leaving else str(self._expires_s)
        request.contact = [Address(binding.contact, parameters=Parameters(expires=expires))]
        request.headers.set("Expires", expires)
        return request

    def _ask(self, request: Request) -> Request:
        self._sequence += 1
        self._tries += 1
        request.cseq = CSeq(self._sequence, "REGISTER")
        self._asked, self._due_ms = request, None
        return request

    def _again(self, asked: Request, response: Response) -> Request | None:
        """What to ask instead of what was refused; None when that would not help."""
        if response.code in (401, 407):
            again = repeated(asked)
            known = digest.authorise(again, response, self._binding.credentials, self._ids())
            return again if known else None
        least = response.min_expires
        if response.code == 423 and least is not None and self._expires_s < least <= MOST_EXPIRES_S:
            self._expires_s = least
            return self._request()
        return None

    # --- what comes of it ---

    def _registered(self, response: Response, now_ms: int) -> None:
        self.state, self._failures = "registered", 0
        granted_s = min(self._granted_s(response), MOST_EXPIRES_S)
        self._due_ms = now_ms + max((granted_s - AHEAD_S) * 1000, granted_s * 500, LEAST_WAIT_MS)

    def _granted_s(self, response: Response) -> int:
        """For how long: a parameter of our Contact says it, else Expires, else what we asked for."""
        ours = self._binding.contact
        for contact in response.contact:
            same = (contact.uri.user, contact.uri.host, contact.uri.port) == (ours.user, ours.host, ours.port)
            if same and (granted := _seconds(contact.parameters.get("expires"))) is not None:
                return granted
        granted = _seconds(response.headers.get("Expires"))
        return self._expires_s if granted is None else granted

    def _failed(self, state: State, now_ms: int, least_wait_ms: int) -> None:
        self.state = state
        longest = min(FIRST_WAIT_MS << min(self._failures, 10), LONGEST_WAIT_MS)
        self._failures += 1
        wait_ms = longest // 2 + _draw(self._ids(), longest // 2)
        self._due_ms = now_ms + max(wait_ms, min(least_wait_ms, LONGEST_WAIT_MS))


def _draw(token: str, below: int) -> int:
    """A number from a random token, so that many gateways do not come back in the same second."""
    return int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], "big") % below


def _seconds(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _retry_after_ms(response: Response) -> int:
    """Retry-After may have a comment and parameters after its seconds (RFC 3261, section 20.33)."""
    match = re.match(r"\s*([0-9]{1,9})", response.headers.get("Retry-After") or "")
    return int(match[1]) * 1000 if match else 0
