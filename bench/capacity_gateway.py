"""A real gateway with stub models, for `bench capacity`: web server, sessions, SQLite, browser calls.

python -m bench.capacity_gateway FOLDER-OF-SOUNDS FOLDER-OF-MODELS, configured by `WARMLINE_…` variables. The
first line on standard output names its address; after that it obeys as all measured processes do.
"""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bench.capacity_load import Meter, Script, obey, tell
from bench.capacity_parts import StubAgent, StubbedParts
from gateway import config, log
from gateway.app import Assembly, serve
from gateway.cli.serve import favour_event_loop
from gateway.config import Config
from gateway.health import Health
from pipelines.answer import Answerer
from pipelines.voice_call import VoiceParts


async def main(sounds: Path, models: Path) -> None:
    """Serve until standard input ends."""
    settings, script, meter = config.load(), Script.read(sounds), Meter()
    log.configure(settings.logging)
    listening = asyncio.Event()

    @asynccontextmanager
    async def stub_agent(_: Config, __: Health) -> AsyncIterator[Answerer]:
        yield StubAgent()

    @asynccontextmanager
    async def stub_voice(_: Config, __: Answerer) -> AsyncIterator[VoiceParts]:
        parts = StubbedParts(models, script)
        async with parts.turn_workers:
            yield parts

    def announce(address: str) -> None:
        tell({"address": address})
        listening.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(settings, Assembly(stub_agent, stub_voice), Health(), announce))
        tasks.create_task(meter.watch_lag())
        await listening.wait()
        await obey(meter)
        os._exit(0)  # nothing of the end is measured


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    favour_event_loop()
    uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
