"""All trunks of one gateway in operation: looks up their addresses, sends what they are to be asked."""

import asyncio
import socket
from collections.abc import Callable

import structlog

from gateway.addresses import is_address
from gateway.protocol_error import ProtocolError
from gateway.sip.callers import Callers
from gateway.sip.handshake import Spawn
from gateway.sip.hop import Hop
from gateway.sip.line import Line, LineState, Purpose
from gateway.sip.message import Request
from gateway.sip.transaction_events import Responded, TimedOut, Unreachable
from gateway.sip.uri import URI
from gateway.trunks import Trunk
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

LOOK_UP_S = 10.0

Send = Callable[[Request, Hop], str]
"Sends a request outside of any call, and names its transaction."


class Lines:
    """The trunks by name. `look_after` once a second; `heard` for what comes of the requests it sent."""

    def __init__(
        self, trunks: tuple[Trunk, ...], callers: Callers, ids: Callable[[], str], now_ms: int
    ) -> None:
        self._lines = {trunk.name: Line(trunk, ids, now_ms) for trunk in trunks}
        self._callers = callers
        self._asked: dict[str, tuple[Line, Purpose]] = {}

    def __getitem__(self, name: str) -> Line:
        return self._lines[name]

    def states(self) -> list[LineState]:
        """How each is, as configured."""
        return [line.state() for line in self._lines.values()]

    def way_out(self, name: str | None) -> tuple[Line, Hop]:
        """A trunk to call out through, and where it is: the named one, or the first not known to be down.

        Raises `ProtocolError` (`unknown_trunk`, 404) and `Unavailable`.
        """
        if name is not None and (name not in self._lines or self._lines[name].trunk.address is None):
            raise ProtocolError("unknown_trunk", "There is no trunk of that name to call out through.", 404)
        lines = [self._lines[name]] if name is not None else list(self._lines.values())
        for line in sorted(lines, key=lambda line: line.state().state == "down"):
            if line.hop is not None and line.calls < line.trunk.calls:
                return line, line.hop
        raise Unavailable("no trunk can take a call now")

    def identity(self, hop: Hop) -> tuple[str | None, bool]:
        """Whose certificate the other end of a TLS connection must have, and whether that is looked at."""
        for line in self._lines.values():
            if any(hop.host == at.host for at in line.hops):
                host, _ = line.trunk.destination
                return host, line.trunk.verify
        return None, True

    def look_after(
        self, contact: Callable[[Hop, str], URI], reaches: Callable[[Hop], bool], send: Send, spawn: Spawn
    ) -> None:
        """Begin what is due. `reaches`: whether we have a socket that could send to a hop."""
        now_ms = _now_ms()
        for line in self._lines.values():
            if line.wants_look_up(now_ms):
                spawn(self._look_up(line, contact, reaches), f"look up {line.trunk.name}")
            for purpose, request in line.due(now_ms):
                self._ask(line, purpose, request, send)

    def heard(self, event: Responded | TimedOut | Unreachable, send: Send) -> None:
        """What came of a request."""
        asked = self._asked.get(event.key)
        if asked is None:
            return
        line, purpose = asked
        before = line.state()
        if not isinstance(event, Responded) or event.response.code >= 200:
            del self._asked[event.key]
        if isinstance(event, Responded):
            again = line.responded(purpose, event.response, _now_ms())
            if again is not None:
                self._ask(line, purpose, again, send)
        else:
            line.unanswered(purpose, _now_ms())
        if (after := line.state()).state != before.state:
            log.info("trunk_state", trunk=after.name, state=after.state, detail=after.detail)

    def leave(self, send: Send) -> None:
        """Tell the trunks that we go."""
        for line in self._lines.values():
            if (request := line.leave()) is not None:
                self._ask(line, "register", request, send)

    @property
    def asking(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._asked)

    def _ask(self, line: Line, purpose: Purpose, request: Request, send: Send) -> None:
        if line.hop is not None:
            self._asked[send(request, line.hop)] = line, purpose

    async def _look_up(
        self, line: Line, contact: Callable[[Hop, str], URI], reaches: Callable[[Hop], bool]
    ) -> None:
        """Addresses only (A and AAAA): a trunk with SRV records needs its host and port written out."""
        host, port = line.trunk.destination
        found = [host] if is_address(host) else await _addresses(host, port)
        hosts = [host for host in found if reaches(Hop(line.trunk.transport, host, port))]
        if not hosts:
            log.warning("trunk_not_found", trunk=line.trunk.name, addresses=len(found))
        self._callers.resolved(line.trunk.name, hosts or [hop.host for hop in line.hops])
        line.looked_up(hosts, lambda hop: contact(hop, line.trunk.name), _now_ms())


async def _addresses(host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout(LOOK_UP_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
