"""Takes Asterisk's AudioSocket connections: a TCP server in front of `StreamCalls`."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from gateway.live import Busy
from gateway.stream.audiosocket import HEADER_BYTES, AudioSocketWire, payload_bytes
from gateway.stream.calls import Line, StreamCalls
from gateway.stream.connection import Gone
from gateway.stream.counts import REFUSED
from gateway.stream.settings import AudioSocket
from gateway.stream.wire import Message
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

NAME = "audiosocket"

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


class PacketConnection:
    """A TCP connection as packets; see `Connection`. There are no close codes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> Message:
        """The next packet with its header. Raises `Gone`, or `ProtocolError` for one that is too long."""
        try:
            header = await self._reader.readexactly(HEADER_BYTES)
            return header + await self._reader.readexactly(payload_bytes(header))
        except asyncio.IncompleteReadError as error:
            raise Gone(clean=not error.partial) from None
        except OSError:
            raise Gone(clean=False) from None

    async def send(self, message: Message) -> None:
        """See `Connection`."""
        assert isinstance(message, bytes)
        try:
            self._writer.write(message)
            await self._writer.drain()
        except OSError:
            raise Gone(clean=False) from None

    async def close(self, code: int, reason: str) -> None:
        """See `Connection`."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@asynccontextmanager
async def audiosocket_server(settings: AudioSocket, calls: StreamCalls) -> AsyncIterator[int]:
    """Take calls while the block lasts; gives the port. Raises `Unavailable` when it is taken."""

    served: set[asyncio.Task[None]] = set()
    tasks = asyncio.TaskGroup()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = tasks.create_task(_connected(settings, calls, reader, writer), name="audiosocket")
        served.add(task)
        task.add_done_callback(served.discard)

    server = await _listen(settings, connected)
    async with tasks:
        await server.start_serving()
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in served:
                task.cancel()


async def _listen(settings: AudioSocket, connected: Connected) -> asyncio.Server:
    try:
        return await asyncio.start_server(connected, settings.host, settings.port, start_serving=False)
    except OSError as error:
        where = f"{settings.host} port {settings.port}"
        raise Unavailable(f"cannot listen on {where}: {error.strerror}") from error


async def _connected(
    settings: AudioSocket, calls: StreamCalls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    connection = PacketConnection(reader, writer)
    try:
        if not _may(settings, writer.get_extra_info("peername")):
            REFUSED.labels(NAME, "stranger").inc()
            return
        with calls.line(NAME):
            await calls.serve(Line(NAME, AudioSocketWire(), connection))
    except Busy:
        log.warning("stream_refused", provider=NAME, reason="busy")
    finally:
        await connection.close(0, "")


def _may(settings: AudioSocket, peer: tuple[str, int] | None) -> bool:
    """Whether this address may connect; IPv4 addresses in IPv6 ones count as what they are."""
    if peer is None:  # it has left again
        return False
    address = ipaddress.ip_address(peer[0].partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in settings.networks)
