"""Which sessions a telephone number has called in, found by a key that tells nobody the number."""

from typing import Protocol

MOST = 20
"Sessions of one answer."


class CallerIndex(Protocol):
    """Methods raise `Unavailable` when the store cannot do its work."""

    async def note(self, caller_key: str, session_id: str, at: float) -> None:
        """That this caller is in a session; the newest of several times counts.

        `caller_key`: see `gateway.caller_keys`; `at`: Unix time, s. Raises `UnknownContact`.
        """

    async def sessions(self, caller_key: str, *, since: float) -> list[str]:
        """Their sessions from that time on, the newest first, at most `MOST`."""
