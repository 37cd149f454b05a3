"""Our telephone, for `bench sip`: the endpoint as the gateway opens it, with a bot that says what it hears.

python -m bench.sip_ours
"""

import os

import uvloop

from bench.capacity_load import Meter, obey, tell
from gateway import log
from gateway.cli.serve import favour_event_loop
from gateway.config import Logging
from gateway.sip.endpoint import open_endpoint
from gateway.sip.leg import SipLeg
from gateway.trunks import Telephone

CALLS = 1_000
TELEPHONE = {
    "listen": ["udp:127.0.0.1:0"],
    "rtp_ports": "20000-21999",
    "trunks": [{"name": "callers", "networks": ["127.0.0.0/8"], "codecs": ["PCMU"], "calls": CALLS}],
    "numbers": [{"pattern": "*"}],
}


async def echo(leg: SipLeg) -> None:
    """Say every frame that is heard until the caller hangs up."""
    async for frame in leg.frames():
        await leg.play(frame)


async def main() -> None:
    """Answer until standard input ends."""
    log.configure(Logging(level="error"))
    meter = Meter()
    async with open_endpoint(Telephone.model_validate(TELEPHONE), echo) as endpoint:
        tell({"address": endpoint.addresses[0].removeprefix("udp:")})
        await obey(meter)
        os._exit(0)  # nothing of the end is measured


if __name__ == "__main__":
    favour_event_loop()
    uvloop.run(main())
