"""aiosipua and aiortp as their echo example sets them up, for `bench sip`.

Run as `python -O aiosipua_echo.py arrival|clocked PORT`: echoed as packets arrive, as in the example, or from
aiortp's adaptive playout, which has a clock for each call. -O because aiosipua asserts that transports are
asyncio's own, which uvloop's are not.
"""

import asyncio
import json
import logging
import sys

import uvloop
from aiortp import PortAllocator
from aiosipua import IncomingCall, SipUAS
from aiosipua.rtp_bridge import CallSession
from aiosipua.transport import UdpSipTransport

HOST = "127.0.0.1"


class Echo:
    def __init__(self, clocked: bool):
        self._clocked = clocked
        self._ports = PortAllocator((10_000, 20_000))
        self._sessions = {}

    async def answer(self, call: IncomingCall) -> None:
        port, _ = await self._ports.allocate()
        session = CallSession(HOST, port, call.sdp_offer, playout=self._clocked)
        call.ringing()
        call.accept(session.sdp_answer)
        await session.start()
        session.on_audio = session.send_audio_pcm
        self._sessions[call.call_id] = session

    async def end(self, call: IncomingCall) -> None:
        if session := self._sessions.pop(call.call_id, None):
            await session.close()


async def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    transport = UdpSipTransport(local_addr=(HOST, int(sys.argv[2])))
    uas, echo = SipUAS(transport), Echo(clocked=sys.argv[1] == "clocked")
    async with asyncio.TaskGroup() as tasks:
        uas.on_invite = lambda call: tasks.create_task(echo.answer(call))
        uas.on_bye = lambda call, _: tasks.create_task(echo.end(call))
        await uas.start()
        print(json.dumps({"address": f"{HOST}:{sys.argv[2]}"}))
        print(json.dumps({"ready": True}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
