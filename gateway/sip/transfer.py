"""Transfers by REFER, as the end that asks and as the end that is asked.  [core]

RFC 3515, 3891 (Replaces), 4488 (REFER without a subscription), 5589 (how it is all used).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, unquote

from gateway.protocol_error import ProtocolError
from gateway.sip.address import Address
from gateway.sip.call_events import TransferAsked, TransferProgress
from gateway.sip.client_requests import unheard
from gateway.sip.dialog import Dialog
from gateway.sip.message import Request, Response
from gateway.sip.reasons import phrase as usual_phrase
from gateway.sip.timers import TRANSACTION_MS
from gateway.sip.transaction_events import Requested
from gateway.sip.uri import URI
from gateway.sip.usage import Usage

SIPFRAG = "message/sipfrag"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
LIFETIME_S = 180
"Of the subscription that a REFER makes; who is asked says so in each NOTIFY."
LONGEST_S = 3600
MOST_ASKED = 4
"REFERs of one call that wait for our word or run."
_STATUS = re.compile(rb"SIP/2\.0 (\d{3})(?: ([^\r\n]{0,100}))?")
_EXPIRES = re.compile(r";\s*expires\s*=\s*(\d{1,7})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Replaces:
    """Which dialog an INVITE is to take the place of (RFC 3891), as the end that gets the INVITE sees it."""

    call_id: str
    to_tag: str
    "The local tag of that end."
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, value: str) -> "Replaces":
        """Raises `ProtocolError` (400)."""
        call_id, *parameters = (part.strip() for part in value.split(";"))
        named = dict(part.partition("=")[::2] for part in parameters)
        if not call_id or not named.get("to-tag") or not named.get("from-tag"):
            raise ProtocolError("bad_replaces", "the Replaces header names no dialog", 400)
        return cls(call_id, named["to-tag"], named["from-tag"], "early-only" in named)

    @classmethod
    def of(cls, dialog: Dialog) -> "Replaces":
        """For the other end of a dialog of ours."""
        return cls(dialog.call_id, to_tag=dialog.remote_tag, from_tag=dialog.local_tag)

    @property
    def far_end(self) -> tuple[str, str]:
        """Call-ID and tag of the other end of that dialog."""
        return self.call_id, self.from_tag

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def refer_to(target: URI, replaces: Replaces | None, headers: Mapping[str, str] = NO_HEADERS) -> str:
    """The Refer-To header of ours; `headers` are for the call that is to be made (RFC 3261, 19.1.1)."""
    wanted = dict(headers) if replaces is None else {"Replaces": str(replaces), **headers}
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in wanted.items())
    return f"<{target}?{asked}>" if asked else f"<{target}>"


def parse_refer_to(value: str) -> tuple[URI, str | None]:
    """Whom to call, and the Replaces header it wants.

    Raises `ProtocolError` (400) unless it is one SIP or tel URI. Other headers of the URI are left
    out: what our INVITEs say is for us to decide.
    """
    try:
        uri = Address.parse(value).uri
    except ValueError:
        raise ProtocolError("bad_refer_to", "the Refer-To header is malformed", 400) from None
    calls = uri.parameters.get("method", "INVITE") == "INVITE"
    if uri.scheme not in {"sip", "sips", "tel"} or not calls:
        raise ProtocolError("bad_refer_to", "the Refer-To header names nobody who can be called", 400)
    headers = (part.partition("=") for part in uri.headers.split("&"))
    replaces = {name.lower(): unquote(text) for name, _, text in headers}.get("replaces")
    return URI(uri.scheme, uri.host, uri.user, uri.password, uri.port, uri.parameters), replaces


@dataclass(slots=True)
class _Sent:
    """A transfer that we asked for."""

    request: Request
    deadline_ms: int

    @property
    def event_id(self) -> str:
        """What a NOTIFY may name it by: the CSeq number of the REFER (RFC 3515, section 2.4.6)."""
        return str(self.request.cseq.sequence)


@dataclass(slots=True)
class _Asked:
    """A transfer that we were asked for."""

    request: Request
    event: str
    subscribed: bool
    accepted: bool = False


class Transfers:
    """The REFERs of one call and the NOTIFYs that say how they go."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._sent: _Sent | None = None
        self._asked: dict[str, _Asked] = {}
        self._any_asked = False

    # --- we ask ---

    def refer(
        self,
        target: URI,
        replaces: Replaces | None,
        now_ms: int,
        carried: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """REFER, with headers for the new call; a transfer still under way is forgotten."""
        dialog = self._usage.dialog
        if dialog is None:
            return
        refer = refer_to(target, replaces, carried)
        headers = [("Refer-To", refer), ("Referred-By", f"<{dialog.local.uri}>")]
        request = self._usage.request("REFER", self._answered, now_ms, headers=headers)
        self._sent = _Sent(request, now_ms + 2 * TRANSACTION_MS)

    def _answered(self, request: Request, response: Response, now_ms: int) -> None:
        if self._sent is None or response.code < 200:
            return
        if response.code >= 300:
            self._over(response.code, response.phrase)
            return
        self._sent.request = request
        self._sent.deadline_ms = now_ms + TRANSACTION_MS
        if (response.headers.get("Refer-Sub") or "").strip().lower() == "false":
            self._over(response.code, response.phrase)

    def notified(self, requested: Requested, now_ms: int) -> None:
        """A NOTIFY came. Raises `ProtocolError`: 489 for another event, 481 when we wait for none, 400."""
        request = requested.request
        package, *parameters = (part.strip() for part in (request.headers.get("Event") or "").split(";"))
        if package.lower() != "refer":
            raise ProtocolError("bad_event", "no such event is known here", 489)
        ids = [part[3:] for part in parameters if part.lower().startswith("id=")]
        if self._sent is None or ids not in ([], [self._sent.event_id]):
            raise ProtocolError("no_subscription", "nothing was asked that this would answer", 481)
        status = _STATUS.match(request.body.lstrip())
        state = (request.headers.get("Subscription-State") or "").lower()
        self._usage.respond(requested.key, request, 200, now_ms)
        code = int(status[1]) if status else 0
        if code >= 200 or state.startswith("terminated"):
            self._over(code or 500, _phrase(status) if status else "the transfer's outcome is not known")
        elif status:
            expires = _EXPIRES.search(state)
            lifetime_s = min(int(expires[1]), LONGEST_S) if expires else LIFETIME_S
            self._sent.deadline_ms = now_ms + 1000 * lifetime_s
            self._usage.emit(TransferProgress(code, _phrase(status), final=False))

    def _over(self, code: int, phrase: str) -> None:
        self._sent = None
        self._usage.emit(TransferProgress(code, phrase, final=True))

    # --- we are asked ---

    def asked(self, requested: Requested) -> None:
        """A REFER came. Raises `ProtocolError`: 400, or 500 when too many wait."""
        request = requested.request
        values = request.headers.getlist("Refer-To")
        if len(values) != 1:
            raise ProtocolError("bad_refer_to", "there must be one Refer-To header", 400)
        target, replaces = parse_refer_to(values[0])
        if len(self._asked) >= MOST_ASKED:
            raise ProtocolError("too_many_refers", "other transfers are still under way", 500)
        event = f"refer;id={request.cseq.sequence}" if self._any_asked else "refer"
        subscribed = (request.headers.get("Refer-Sub") or "").strip().lower() != "false"
        self._any_asked = True
        self._asked[requested.key] = _Asked(request, event, subscribed)
        by = request.headers.get("Referred-By")
        self._usage.emit(TransferAsked(target, replaces, by, requested.key))

    def accept(self, key: str, now_ms: int) -> None:
        """202 and the first NOTIFY, which must come at once (RFC 3515, section 2.4.4)."""
        asked = self._asked.get(key)
        if asked is None or asked.accepted:
            return
        asked.accepted = True
        headers = () if asked.subscribed else [("Refer-Sub", "false")]
        self._usage.respond(key, asked.request, 202, now_ms, headers)
        self.report(key, 100, usual_phrase(100), now_ms)

    def refuse(self, key: str, code: int, now_ms: int) -> None:
        """No."""
        asked = self._asked.get(key)
        if asked is not None and not asked.accepted:
            del self._asked[key]
            self._usage.respond(key, asked.request, code, now_ms)

    def report(self, key: str, code: int, phrase: str, now_ms: int) -> None:
        """How the new call goes."""
        asked = self._asked.get(key)
        if asked is None or not asked.accepted:
            return
        if code >= 200:
            del self._asked[key]
        if asked.subscribed and not self._usage.ended:
            state = "terminated;reason=noresource" if code >= 200 else f"active;expires={LIFETIME_S}"
            self._usage.request(
                "NOTIFY",
                unheard,
                now_ms,
                body=f"SIP/2.0 {code} {phrase}\r\n".encode(),
                content_type=f"{SIPFRAG};version=2.0",
                headers=[("Event", asked.event), ("Subscription-State", state)],
            )

    # --- time ---

    def next_timer_ms(self) -> int | None:
        """When `handle_timers` has something to do, or None."""
        return self._sent.deadline_ms if self._sent else None

    def handle_timers(self, now_ms: int) -> None:
        """A transfer of which nothing more is heard has failed as far as we know."""
        if self._sent is not None and now_ms >= self._sent.deadline_ms:
            self._over(408, "nothing more was heard of the transfer")

    def stop(self, now_ms: int) -> None:
        """The call is over: whoever waits for our word gets it."""
        self._sent = None
        for key, asked in self._asked.items():
            if not asked.accepted:
                self._usage.respond(key, asked.request, 487, now_ms)
        self._asked.clear()


def _phrase(status: re.Match[bytes]) -> str:
    return (status[2] or b"").decode("utf-8", "replace").strip()
