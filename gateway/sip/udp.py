"""SIP over UDP: one socket, one message a datagram."""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog

from gateway.addresses import Listen
from gateway.sip.hop import Hop
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

LONGEST = 65_535
AT_ONCE = 8
"Datagrams read before others have their turn: about 3 ms of parsing."
BUFFER = 1 << 20
"Bytes the kernel keeps for us while we are busy: a few thousand requests."
UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EINVAL}
"Errors that concern where a message goes; others are as good as loss."


class UdpSocket:
    """Bound when made, which raises `Unavailable`; served between `open` and `close`."""

    def __init__(self, at: Listen, receive: Callable[[bytes, Hop], None]) -> None:
        self._receive = receive
        self._socket = _bound(at)
        self.host, self.port = self._socket.getsockname()[:2]

    @property
    def is_ipv6(self) -> bool:
        """Which hosts it reaches."""
        return self._socket.family == socket.AF_INET6

    def open(self) -> None:
        """Begin to receive."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def close(self) -> None:
        """Receive and send nothing more. Safe to call twice."""
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()

    def send(self, data: bytes, hop: Hop) -> bool:
        """Send one message; False when there is no way there. Loss is nobody's fault (section 17 repeats)."""
        try:
            self._socket.sendto(data, (hop.host, hop.port))
        except (socket.gaierror, OverflowError):  # no address of this family, no port
            return False
        except OSError as error:
            log.debug("sip_not_sent", error=error.strerror)
            return error.errno not in UNREACHABLE
        return True

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, source = self._socket.recvfrom(LONGEST)
            except OSError:  # nothing more, or the network complains about what we sent
                return
            self._receive(data, Hop("udp", source[0], source[1]))


def _bound(at: Listen) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in at.host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((at.host, at.port))
    except OSError as error:
        made.close()
        raise Unavailable(f"cannot listen at udp:{at.host}:{at.port}: {error.strerror}") from error
    return made
