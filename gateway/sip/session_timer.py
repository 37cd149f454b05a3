"""A call whose other end is gone is noticed by the refresh that does not come (RFC 4028).  [core]"""

import re
from typing import Literal

from gateway.protocol_error import ProtocolError
from gateway.sip.message import Request, Response

OPTION = "timer"
LEAST_S = 90
"No interval below this may be asked for (section 5)."
_SESSION_EXPIRES = re.compile(r"\s*(\d{1,9})\s*(;.*)?")
_REFRESHER = re.compile(r";\s*refresher\s*=\s*(uac|uas)\b", re.IGNORECASE)

Task = Literal["refresh", "expire"]


class SessionTimer:
    """The interval of one call's session and who refreshes it.

    Each INVITE and UPDATE agrees on both anew.
    """

    def __init__(self, interval_s: int, least_s: int = LEAST_S) -> None:
        """`interval_s`: what we ask for, 0 for nothing. `least_s`: what we put up with."""
        self._least_s = max(least_s, LEAST_S)
        self._wanted_s = max(interval_s, self._least_s) if interval_s else 0
        self._interval_s = 0
        self._ours = False
        self._agreed_ms = 0
        self._refreshing = False

    @property
    def interval_s(self) -> int:
        """The interval that is in force; 0 for none."""
        return self._interval_s

    @property
    def refreshes(self) -> bool:
        """Whether it is we who refresh."""
        return self._ours

    # --- our requests ---

    def ask(self, request: Request) -> None:
        """Add what we want to an INVITE or UPDATE of ours. The refresher stays who it is (section 7.4)."""
        wanted = self._interval_s or self._wanted_s
        if not wanted:
            return
        role = "" if not self._interval_s else ";refresher=uac" if self._ours else ";refresher=uas"
        request.headers.set("Session-Expires", f"{wanted}{role}")
        if self._least_s > LEAST_S:
            request.headers.set("Min-SE", str(self._least_s))

    def agreed(self, response: Response, now_ms: int) -> None:
        """A 2xx to our INVITE or UPDATE came. Without Session-Expires there is no interval (section 7.2)."""
        interval_s, role = _session_expires(response)
        if interval_s is None:
            self._interval_s = 0
            return
        self._start(max(interval_s, LEAST_S), ours=role != "uas", now_ms=now_ms)

    def too_brief(self, response: Response) -> bool:
        """A 422 came: ask for more (section 7.4). Whether it is worth trying again."""
        least = _number(response.headers.get("Min-SE"))
        if least is None or least <= max(self._wanted_s, self._interval_s):
            return False
        self._least_s = max(self._least_s, least)
        self._wanted_s = least
        self._interval_s = least if self._interval_s else 0
        return True

    # --- their requests ---

    def check(self, request: Request) -> None:
        """Raises `ProtocolError` (422) when the interval that a request wants is too brief for us."""
        interval_s, _ = _session_expires(request)
        if interval_s is not None and interval_s < self._least_s and OPTION in request.supported:
            raise ProtocolError("session_too_brief", "the session interval is too small", 422)

    def answer(self, request: Request, response: Response, now_ms: int) -> None:
        """Add to our 2xx to an INVITE or UPDATE what we agree to (section 9, table 2).

        Whoever cannot do session timers is refreshed by us.
        """
        interval_s, role = _session_expires(request)
        able = OPTION in request.supported
        offered = interval_s if interval_s is not None else self._wanted_s
        if not offered:
            self._interval_s = 0
            return
        least = max(self._least_s, _number(request.headers.get("Min-SE")) or 0)
        agreed = max(min(offered, self._wanted_s or offered), least)
        ours = not able or (role == "uas" if role else False)
        response.headers.set("Session-Expires", f"{agreed};refresher={'uas' if ours else 'uac'}")
        if able and not ours:
            response.require = [*response.require, OPTION]
        self._start(agreed, ours=ours, now_ms=now_ms)

    # --- time ---

    def next_timer_ms(self) -> int | None:
        """When `due` has something, or None."""
        if not self._interval_s:
            return None
        return self._refresh_ms if self._ours and not self._refreshing else self._expire_ms

    def due(self, now_ms: int) -> Task | None:
        """`refresh`: send a refresh (said once an interval). `expire`: nobody did in time; hang up."""
        if not self._interval_s:
            return None
        if now_ms >= self._expire_ms:
            return "expire"
        if self._ours and not self._refreshing and now_ms >= self._refresh_ms:
            self._refreshing = True
            return "refresh"
        return None

    def stop(self) -> None:
        """The call is over."""
        self._interval_s = 0

    @property
    def _refresh_ms(self) -> int:
        return self._agreed_ms + self._interval_s * 500

    @property
    def _expire_ms(self) -> int:
        """32 s, or a third of the interval, before it is over: so that the BYE still arrives (section 10)."""
        return self._agreed_ms + self._interval_s * 1000 - min(32_000, self._interval_s * 1000 // 3)

    def _start(self, interval_s: int, *, ours: bool, now_ms: int) -> None:
        self._interval_s = interval_s
        self._ours = ours
        self._agreed_ms = now_ms
        self._refreshing = False


def _session_expires(message: Request | Response) -> tuple[int | None, str]:
    """Interval in seconds, None when it is missing or unreadable, and the refresher's role or nothing."""
    match = _SESSION_EXPIRES.fullmatch(message.headers.get("Session-Expires") or "")
    if match is None:
        return None, ""
    role = _REFRESHER.search(match[2] or "")
    return int(match[1]), role[1].lower() if role else ""


def _number(text: str | None) -> int | None:
    head = (text or "").split(";")[0].strip()
    return int(head) if head.isdecimal() and len(head) <= 9 else None
