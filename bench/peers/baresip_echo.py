"""baresip-python as its echo example has it, answering, for `bench sip`.

Run as `python baresip_echo.py PORT`. Each call is a loop that reads what was heard, writes it back, and
sleeps a frame when there is nothing, as the documentation of `CallAudio.read` says.
"""

import asyncio
import json
import sys

import uvloop
from baresip import Account, AudioNotActive, AudioRestarted, Call, Config, Runtime, UserAgent

HOST = "127.0.0.1"
FRAME_S = 0.02


async def answer(call: Call) -> None:
    await call.answer()
    await call.wait_established()
    while True:
        try:
            if pcm := call.audio.read(4096):
                call.audio.write(pcm)
            else:
                await asyncio.sleep(FRAME_S)
        except AudioRestarted:  # it sends a new offer of its own when the call is up
            continue
        except AudioNotActive:
            return


async def main() -> None:
    address = f"{HOST}:{sys.argv[1]}"
    runtime = Runtime()
    config = Config(
        net_interface=HOST,
        max_concurrent_calls=None,
        native_log_level="error",
        extra_config_text=f"sip_listen {address}\n",
    )
    await runtime.start(config)
    account = Account(user="echo", domain=address, password="", reg_interval=0, audio_codecs=("pcmu",))
    ua = await UserAgent.create(runtime, account)
    async with asyncio.TaskGroup() as tasks:
        ua.on_incoming(lambda call: tasks.create_task(answer(call)))
        print(json.dumps({"address": address}))
        print(json.dumps({"ready": True}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
