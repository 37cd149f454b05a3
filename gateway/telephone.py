"""Opens the telephone: SIP trunks, carriers' media streams, and the switchboard that sees their calls.

What is not configured is not there. What cannot be opened is reported by `/readyz`, and the rest goes on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog

from gateway.call import Calls
from gateway.config import Config
from gateway.health import Health, State
from gateway.live import LiveSessions
from gateway.placed_call import Parts, PlacedCalls
from gateway.sip.endpoint import open_endpoint
from gateway.stream.audiosocket_server import audiosocket_server
from gateway.stream.calls import StreamCalls
from gateway.stream.carrier import Carrier
from gateway.stream.settings import Streams
from gateway.switchboard import Switchboard
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

TELEPHONE = "telephone"
CARRIER_S = 10.0
"A carrier's API may take so long to end a call."


@dataclass(frozen=True, slots=True)
class Telephone:
    """What the routes need of it."""

    switchboard: Switchboard
    streams: StreamCalls | None
    "None: no carrier is enabled."


@asynccontextmanager
async def open_telephone(
    config: Config, sessions: LiveSessions, calls: Calls, parts: Parts, health: Health
) -> AsyncIterator[Telephone]:
    """Take and place telephone calls while the block lasts; at its end they are hung up."""
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        placed = PlacedCalls(calls.conduct, parts)
        switchboard = Switchboard(sessions, calls.conduct, placed.hold, tasks.create_task)
        stack.push_async_callback(switchboard.hang_up_all, "the gateway is about to stop")
        streams = await _open_streams(config.streams, switchboard, stack)
        await _open_trunks(config, switchboard, health, stack)
        yield Telephone(switchboard, streams)


async def _open_trunks(
    config: Config, switchboard: Switchboard, health: Health, stack: AsyncExitStack
) -> None:
    if not config.telephone.listen:
        return
    health.hope_for(TELEPHONE)
    try:
        endpoint = await stack.enter_async_context(open_endpoint(config.telephone, switchboard.answer))
    except Unavailable as error:
        log.error("no telephone", reason=str(error))
        health.report(TELEPHONE, State.DOWN, str(error))
        return
    switchboard.lines = endpoint
    health.report(TELEPHONE, State.UP, ", ".join(endpoint.addresses))


async def _open_streams(
    settings: Streams, switchboard: Switchboard, stack: AsyncExitStack
) -> StreamCalls | None:
    if not settings.any_enabled:
        return None
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=CARRIER_S))
    streams = StreamCalls(settings, switchboard.answer, Carrier(settings, http))
    stack.push_async_callback(streams.hang_up_all, "the gateway is about to stop")
    if settings.audiosocket.enabled:
        port = await stack.enter_async_context(audiosocket_server(settings.audiosocket, streams))
        log.info("audiosocket_listening", host=settings.audiosocket.host, port=port)
    return streams
