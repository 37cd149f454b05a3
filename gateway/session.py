"""The record of one contact: who may reach it, when it began, how it ended.

A `Session` outlives the process; what was said in it is a list of events beside it. Nothing here does
I/O except drawing random bytes.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from pipelines.facts import Channel

TOKEN_BYTES = 32
NOBODY = hashlib.sha256(b"").hexdigest()
"Compared with when there is no session, so that an unknown id takes as long as a wrong token."


@dataclass(frozen=True, slots=True)
class Disposition:
    """How and why a contact ended, and through whom."""

    outcome: str
    "`resolved`, `abandoned`, `handed_off`, `failed`, `expired`."
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Session:
    """One contact of one customer, from hello to disposition."""

    session_id: str
    token_hash: str
    "SHA-256 in hex; the token itself is known to the client only."
    channel: Channel
    "The one it began on."
    started_at: float
    "Unix time, seconds."
    ended_at: float | None = None
    disposition: Disposition | None = None
    customer_id: str | None = None
    "Once identity was verified."


def begin(channel: Channel, now: float) -> tuple[Session, str]:
    """A new session and the token that opens it."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return Session(f"s_{secrets.token_urlsafe(12)}", _hash(token), channel, now), token


def opens(session: Session | None, token: str) -> bool:
    """Whether the token is that of the session; takes the same time whichever is wrong."""
    expected = session.token_hash if session is not None else NOBODY
    return hmac.compare_digest(expected, _hash(token)) and session is not None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
