"""Stock pipecat taking browser calls over SmallWebRTCTransport, as its development runner does.

Run as `python capacity_pipecat_webrtc.py FOLDER-OF-SOUNDS`.
"""

import asyncio
import os
import socket
import sys
from pathlib import Path

import uvicorn
import uvloop
from capacity_pipecat_bot import bot
from fastapi import FastAPI
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.request_handler import SmallWebRTCRequest, SmallWebRTCRequestHandler
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

from bench.capacity_load import Meter, Script, obey, tell


async def main() -> None:
    script, meter = Script.read(Path(sys.argv[1])), Meter()
    app, handler, runner = FastAPI(), SmallWebRTCRequestHandler(), WorkerRunner(handle_sigint=False)

    async def answer(connection) -> None:
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        await runner.add_workers(bot(SmallWebRTCTransport(connection, params), script))

    @app.post("/api/offer")
    async def offer(request: dict) -> dict:
        return await handler.handle_web_request(SmallWebRTCRequest.from_dict(request), answer)

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    works = (runner.run(auto_end=False), server.serve([listener]), meter.watch_lag())
    async with asyncio.TaskGroup() as tasks:
        for work in works:
            tasks.create_task(work)
        tell({"address": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        await obey(meter)
        os._exit(0)  # ending hundreds of pipelines is not what is measured


if __name__ == "__main__":
    uvloop.run(main())
