"""One sign-in of a person at the desk, from sign-in to sign-out; a customer's session is something else.

The token is 256 random bits that only the browser has; we keep its SHA-256. Nothing here does I/O except
drawing random bytes.
"""

import hashlib
import secrets
from dataclasses import dataclass

from gateway.accounts.account import Account

TOKEN_BYTES = 32
LONGEST_TOKEN = 64
"Characters; what is longer was not made by us."
IDLE_S = 30 * 60.0
ABSOLUTE_S = 12 * 3600.0
MOST_AT_A_TIME = 8
"Of one person; one more ends the oldest."


@dataclass(frozen=True, slots=True)
class DeskSession:
    """A sign-in as it is stored."""

    token_hash: str
    "SHA-256 in hex."
    agent_id: str
    generation: int
    "The account's, when the password was found right; it counts while the account still has it."
    opened_at: float
    "Unix time, seconds."
    seen_at: float
    "When the person last did something, to about a minute."

    def expired(self, now: float) -> bool:
        """Whether it was idle for too long, or is too old altogether."""
        return now >= min(self.seen_at + IDLE_S, self.opened_at + ABSOLUTE_S)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is behind a request, and by which sign-in."""

    account: Account
    session: DeskSession


def open_desk_session(agent_id: str, generation: int, now: float) -> tuple[DeskSession, str]:
    """A new sign-in and the token for the browser."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return DeskSession(token_hash(token), agent_id, generation, now, now), token


def token_hash(token: str) -> str:
    """What a token is found by."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
