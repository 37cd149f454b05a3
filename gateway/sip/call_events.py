"""What a call's signalling tells whoever has the call.  [core]

In the order in which things happen. Every call ends with exactly one `Ended`, and nothing follows it.
Session descriptions are bytes here: signalling carries them and does not read them.
"""

import re
from dataclasses import dataclass
from typing import Literal

from gateway.sip.message import Message, Response
from gateway.sip.uri import URI

By = Literal["local", "remote", "network", "limit"]
"As `gateway.leg.Hangup` says it: we, they, nobody (it broke), or a limit that we set."


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call of ours: the other side's phone rings (180), without a description of its own."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """Early media: what can be heard before the call is answered (183, or an answer in a PRACK)."""

    sdp: bytes
    "The other side's description so far; the one in `Established` takes its place."


@dataclass(frozen=True, slots=True)
class Established:
    """The call is answered, from now on it is a dialog. For a call to us: the ACK has come."""

    sdp: bytes | None
    "The other side's description that is in force now; None only of a side that never sent one."


@dataclass(frozen=True, slots=True)
class Offered:
    """The other side proposes a change: `Invitation.answer_offer` or `refuse_offer` with the key, at once.

    Not raised for a refresh that changes nothing: that is answered with our description as it stands.
    """

    sdp: bytes | None
    "Its offer. None: it wants an offer of ours (delayed offer); its answer comes as `Answered`."
    key: str


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """The offer of this key was cancelled before we answered it; nothing changes."""

    key: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an offer of ours in the middle of a call."""

    sdp: bytes


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """An offer of ours was refused; what was agreed before goes on."""

    code: int


@dataclass(frozen=True, slots=True)
class Digit:
    """A keypad digit that came in an INFO."""

    digit: str
    "One of `0-9*#A-D`."
    duration_ms: int


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The other side asks us to call somebody in its place (REFER).

    `Invitation.accept_transfer` and then `report_transfer`, or `refuse_transfer`, with the key. Nothing is
    dialled unless whoever has the call does so: a stranger's wish is no authorisation.
    """

    target: URI
    replaces: str | None
    "The `Replaces` header that the new INVITE must carry (an attended transfer), or None."
    referred_by: str | None
    key: str


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """How the transfer that we asked for goes, in the codes of the new call's responses."""

    code: int
    phrase: str
    final: bool
    "Nothing more comes. Below 300 it worked, and the call may be hung up."


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over."""

    by: By
    code: int
    "What a SIP response would say: of a call that was refused its code, 200 after an ordinary BYE."
    reason: str
    "The response's phrase or the text of a Reason header (RFC 3326); for people."
    retry_after_s: int | None = None
    "A refusal may say when to try again (Retry-After): after 503 nothing is to be sent there before."


CallEvent = (
    Ringing
    | Progressed
    | Established
    | Offered
    | OfferWithdrawn
    | Answered
    | OfferRefused
    | Digit
    | TransferAsked
    | TransferProgress
    | Ended
)


def refused(response: Response) -> Ended:
    """The end that a final response other than 2xx means for the call that it is about."""
    by: By = "network" if response.code in {408, 503} else "remote"
    return Ended(by, response.code, reason_text(response) or response.phrase, retry_after_s(response))


def retry_after_s(response: Response) -> int | None:
    """When to try again (RFC 3261, section 20.33); None when it is not said."""
    seconds = re.match(r"\s*(\d{1,6})", response.headers.get("Retry-After") or "")
    return int(seconds[1]) if seconds else None


def reason_text(message: Message) -> str:
    """What a Reason header says to people (RFC 3326); empty without one."""
    text = re.search(r'text\s*=\s*"([^"]{1,200})"', message.headers.get("Reason") or "")
    return text[1] if text else ""
