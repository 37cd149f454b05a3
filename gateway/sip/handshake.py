"""TLS connections to us before their handshake is over.

asyncio shows a connection to its protocol only once the handshake is done. Until then it would count in no
limit, and who never shakes hands could take every file descriptor that we have: so we accept ourselves.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

HANDSHAKE_S = 8.0
AT_ONCE = 16
"Connections accepted before others have their turn."
PAUSE_S = 1.0
"After the system gave us no more file descriptors."

Spawn = Callable[[Coroutine[Any, Any, None], str], object]
"Runs a coroutine under a name in the endpoint's task group."


class Door(Protocol):
    """Whoever keeps count."""

    def has_room(self, host: str) -> bool:
        """Whether one more connection from this address may begin."""

    def shaking(self, host: str, change: int) -> None:
        """A handshake with this address begins (1) or is over (-1)."""


class TlsListener:
    """Accepts at a listening socket, shakes hands, and hands over to a protocol that `made` makes."""

    def __init__(
        self,
        listening: socket.socket,
        context: ssl.SSLContext,
        door: Door,
        made: Callable[[], asyncio.Protocol],
        spawn: Spawn,
    ) -> None:
        self._listening = listening
        self._context = context
        self._door = door
        self._made = made
        self._spawn = spawn

    def open(self) -> None:
        """Begin to accept."""
        if self._listening.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._listening.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more. Safe to call twice."""
        if self._listening.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listening.fileno())
            self._listening.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                accepted, address = self._listening.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:
                log.warning("sip_connection_not_accepted", error=error.strerror)
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listening.fileno())
                loop.call_later(PAUSE_S, self.open)
                return
            if not self._door.has_room(address[0]):
                accepted.close()
                continue
            self._door.shaking(address[0], 1)
            self._spawn(self._shake(accepted, address[0]), "TLS handshake")

    async def _shake(self, accepted: socket.socket, host: str) -> None:
        accepted.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._made, accepted, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_S
            )
        except OSError as error:  # of the network, of TLS, or the time is over
            log.debug("tls_handshake_failed", error=type(error).__name__)
        finally:
            self._door.shaking(host, -1)
