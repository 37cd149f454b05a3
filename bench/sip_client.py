"""As much SIP as a caller of `bench sip` needs: INVITE, ACK, BYE, and 200 to whatever is asked.  [core]

A user agent client (RFC 3261) for loopback, where nothing but a busy server loses a datagram; it offers PCMU
and telephone events and takes the first answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

RESEND_MS = 500
"Timer A: doubled each time."
GIVE_UP_MS = 8_000


@dataclass(frozen=True, slots=True)
class Text:
    """A message, as far as anybody here looks at it."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> "Text":
        """From a datagram; anything is taken."""
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = (
            (name.strip().lower(), value.strip()) for name, _, value in (s.partition(":") for s in lines)
        )
        return cls(first, tuple(headers), body)

    def header(self, name: str) -> str:
        """The first of that name; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def answered(self, status: str, more: Mapping[str, str], body: str = "", tag: str = "") -> bytes:
        """A response to this request."""
        copied = [
            (k, v) for k, v in self.headers if k in ("via", "from", "to", "call-id", "cseq", "record-route")
        ]
        to = [(k, f"{v};tag={tag}" if k == "to" and tag and ";tag=" not in v else v) for k, v in copied]
        return written(f"SIP/2.0 {status}", [*to, *more.items()], body)

    def media(self) -> tuple[str, int] | None:
        """Where the session description wants its sound; None without one."""
        lines = self.body.splitlines()
        hosts = [line.split()[-1] for line in lines if line.startswith("c=")]
        ports = [int(line.split()[1]) for line in lines if line.startswith("m=audio")]
        return (hosts[0], ports[0]) if hosts and ports else None


def written(first: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """A message as it travels."""
    lines = [first, *(f"{name.title()}: {value}" for name, value in headers)]
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def description(host: str, port: int) -> str:
    """PCMU and telephone events, both ways, 20 ms."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


@dataclass(slots=True)
class _Dialled:
    number: int
    resend_at_ms: int
    give_up_at_ms: int
    wait_ms: int = RESEND_MS
    media: tuple[str, int] | None = None
    to: str = ""
    target: str = ""
    failed: str = ""


@dataclass(slots=True)
class UserAgentClient:
    """All calls to one server. Datagrams and the time come in, datagrams go out."""

    server: str
    "`host:port`."
    local: str
    "`host:port` that it speaks SIP from."
    media: tuple[str, int]
    "Where it takes the sound of every call."
    _calls: dict[str, _Dialled] = field(default_factory=dict)

    def dial(self, now_ms: int) -> bytes:
        """One call more."""
        number = len(self._calls)
        self._calls[f"call-{number}"] = _Dialled(number, now_ms + RESEND_MS, now_ms + GIVE_UP_MS)
        return self._invite(number)

    @property
    def dialled(self) -> int:
        """How many calls there are, whatever became of them."""
        return len(self._calls)

    @property
    def ringing(self) -> int:
        """How many are neither answered nor given up."""
        return sum(call.media is None and not call.failed for call in self._calls.values())

    @property
    def failures(self) -> list[str]:
        """Why calls did not come about."""
        return [call.failed for call in self._calls.values() if call.failed]

    def receive(self, data: bytes) -> tuple[list[bytes], tuple[int, tuple[str, int]] | None]:
        """What to send now; and if a call was answered, its number and where its sound goes."""
        message = Text.parse(data)
        call = self._calls.get(message.header("call-id"))
        if not message.first.startswith("SIP/2.0"):
            return self._asked(message), None
        method = message.header("cseq").partition(" ")[2]
        status = int(message.first.split()[1])
        if call is None or method != "INVITE" or status < 200:
            return [], None
        call.to = message.header("to")
        if status >= 300:
            call.failed = call.failed or message.first.partition(" ")[2]
            return [self._request("ACK", call, f"sip:echo@{self.server}", f"invite-{call.number}")], None
        call.target = message.header("contact").partition("<")[2].partition(">")[0] or f"sip:{self.server}"
        first = call.media is None
        call.media = message.media()
        ack = [self._request("ACK", call, call.target, f"ack-{call.number}")]
        if not first or call.media is None:
            return ack, None
        return ack, (call.number, call.media)

    def overdue(self, now_ms: int) -> list[bytes]:
        """INVITEs to send again; calls that nobody answers are given up."""
        again = []
        for call in self._calls.values():
            if call.media is not None or call.failed or now_ms < call.resend_at_ms:
                continue
            if now_ms >= call.give_up_at_ms:
                call.failed = "no answer"
                continue
            call.wait_ms *= 2
            call.resend_at_ms = now_ms + call.wait_ms
            again.append(self._invite(call.number))
        return again

    def hang_up(self) -> list[bytes]:
        """A BYE for every call that was answered."""
        up = [call for call in self._calls.values() if call.media is not None]
        return [self._request("BYE", call, call.target, f"bye-{call.number}", cseq=2) for call in up]

    def _asked(self, message: Text) -> list[bytes]:
        """Whatever the server asks is granted; a new offer gets the same answer again."""
        method = message.first.partition(" ")[0]
        if method == "ACK":
            return []
        offered = method in ("INVITE", "UPDATE") and "m=audio" in message.body
        contact = {"contact": f"<sip:caller@{self.local}>"}
        return [message.answered("200 OK", contact, description(*self.media) if offered else "")]

    def _invite(self, number: int) -> bytes:
        call = self._calls[f"call-{number}"]
        target = f"sip:echo@{self.server}"
        return self._request("INVITE", call, target, f"invite-{number}", body=description(*self.media))

    def _request(
        self, method: str, call: _Dialled, target: str, branch: str, cseq: int = 1, body: str = ""
    ) -> bytes:
        headers = [
            ("via", f"SIP/2.0/UDP {self.local};rport;branch=z9hG4bK-{branch}"),
            ("max-forwards", "70"),
            ("from", f"<sip:caller{call.number}@{self.local}>;tag=from-{call.number}"),
            ("to", call.to or f"<sip:echo@{self.server}>"),
            ("call-id", f"call-{call.number}"),
            ("cseq", f"{cseq} {method}"),
            ("contact", f"<sip:caller{call.number}@{self.local}>"),
        ]
        return written(f"{method} {target} SIP/2.0", headers, body)
