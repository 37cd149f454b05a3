"""Our telephone joining callers in rooms, two by two, for `bench bridge`: what one says the other hears.

python -m bench.bridge_rooms. Callers are known by the number in their name: 0 is bridged with 1, 2 with 3.
"""

import asyncio
import os
import re
from collections import defaultdict

import uvloop

from bench.capacity_load import Meter, obey, tell
from bench.sip_ours import TELEPHONE
from gateway import log
from gateway.cli.serve import favour_event_loop
from gateway.config import Logging
from gateway.room import Role, Room
from gateway.sip.endpoint import open_endpoint
from gateway.sip.leg import SipLeg
from gateway.trunks import Telephone


class Pairs:
    """Who is bridged with whom."""

    def __init__(self) -> None:
        self._rooms: defaultdict[int, asyncio.Future[Room]] = defaultdict(
            lambda: asyncio.get_running_loop().create_future()
        )

    async def answer(self, leg: SipLeg) -> None:
        """Until the caller hangs up."""
        found = re.search(r"\d+", leg.caller)
        assert found is not None, "callers have numbers"
        place, second = divmod(int(found.group()), 2)
        if second:
            room = await self._rooms[place]
            human = await room.join(Role.HUMAN, leg)
            assert await room.bridge(human)
            await human.gone.wait()
            return
        async with Room(leg) as room:
            self._rooms[place].set_result(room)
            await room.customer_gone.wait()


async def main() -> None:
    """Answer until standard input ends."""
    log.configure(Logging(level="error"))
    meter = Meter()
    async with open_endpoint(Telephone.model_validate(TELEPHONE), Pairs().answer) as endpoint:
        tell({"address": endpoint.addresses[0].removeprefix("udp:")})
        await obey(meter)
        os._exit(0)  # nothing of the end is measured


if __name__ == "__main__":
    favour_event_loop()
    uvloop.run(main())
