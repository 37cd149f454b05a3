"""What the routes know of the rest of the gateway, and who may come in at all."""

import asyncio
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from gateway.accounts.audit import Audit
from gateway.accounts.sign_ins import SignIns
from gateway.call import Calls
from gateway.config import Limits
from gateway.desk.desk import Desk
from gateway.files.customers import CustomerFiles
from gateway.files.files import Files
from gateway.health import Health
from gateway.live import LiveSessions
from gateway.store.desk_records import DeskRecords
from gateway.stream.calls import StreamCalls
from gateway.switchboard import Switchboard
from gateway.web.origins import Origins
from gateway.web.rates import Visitors
from gateway.webrtc.signalling import Signalling


@dataclass(slots=True)
class Edge:
    """Filled in by the composition root as parts come up (they are None before); read by every route."""

    health: Health
    origins: Origins
    limits: Limits
    visitors: Visitors
    live: LiveSessions | None = None
    calls: Calls | None = None
    signalling: Signalling | None = None
    switchboard: Switchboard | None = None
    streams: StreamCalls | None = None
    sign_ins: SignIns | None = None
    audit: Audit | None = None
    records: DeskRecords | None = None
    desk: Desk | None = None
    files: Files | None = None
    customer_files: CustomerFiles | None = None

    def admits(self, connection: HTTPConnection) -> bool:
        """Whether the page that makes this request may."""
        return self.origins.admit(connection.headers.get("origin"), connection.headers.get("host"))

    def enter(self, connection: HTTPConnection) -> bool:
        """Whether this address may open one more connection; if so, `leave` must follow."""
        return self.visitors.enter(_address(connection), asyncio.get_running_loop().time())

    def leave(self, connection: HTTPConnection) -> None:
        """A connection that was let in has ended."""
        self.visitors.leave(_address(connection))


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else "unknown"
