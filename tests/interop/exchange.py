"""Our own telephone in the test's process: a real endpoint on loopback, and somebody simple who answers.

For what needs no models: signalling, media, floods. Whoever answers says a steady tone and keeps what is
heard and pressed. Calls are answered as long as the block lasts; its end hangs them up.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gateway.sip.endpoint import Endpoint, open_endpoint
from gateway.sip.leg import SipLeg
from gateway.trunks import Telephone
from pipelines.audio import FRAME_MS, Frame
from tests.interop import certificates, ports
from tests.interop.sounds import Sound, tone

OUR_HERTZ = 1_000
"What our side says."
RTP_PORTS = 15
"As many as `ports.free` finds in a row: seven calls."


@dataclass
class Line:
    """One call at our side."""

    leg: SipLeg
    frames: list[Frame] = field(default_factory=list)
    keys: str = ""

    def heard(self) -> Sound:
        """All that came so far, gaps filled."""
        pcm = b"".join(frame.pcm for frame in self.frames)
        return Sound(np.frombuffer(pcm, "<i2"), self.leg.sample_rate)

    async def serve(self) -> None:
        """Listen and talk until the call is over."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._press())
            talking = tasks.create_task(self._talk())
            async for frame in self.leg.frames():
                self.frames.append(frame)
            talking.cancel()

    async def until(self, condition: Callable[["Line"], bool], seconds: float = 10.0) -> None:
        """Wait for something to be true of it."""
        async with asyncio.timeout(seconds):
            while not condition(self):  # noqa: ASYNC110 - another program brings it about
                await asyncio.sleep(FRAME_MS / 1_000)

    async def _talk(self) -> None:
        rate = self.leg.sample_rate
        second = tone(OUR_HERTZ, 1, rate).samples.astype("<i2").tobytes()
        size = rate // 50 * 2
        while True:
            for at in range(0, len(second), size):
                await self.leg.play(Frame(second[at : at + size], rate))
            await asyncio.sleep(0)  # once the leg has ended playing waits for nothing

    async def _press(self) -> None:
        async for key in self.leg.digits():
            self.keys += key


@dataclass
class Exchange:
    """The running endpoint, and the calls that came to it."""

    endpoint: Endpoint
    port: int
    "Of SIP over UDP and TCP; TLS has the next one."
    rtp: range
    "Its media ports."
    lines: "asyncio.Queue[Line]" = field(default_factory=asyncio.Queue)
    "Calls, as they come."
    answered: int = 0
    running: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def uri(self, transport: str = "udp", number: str = "100") -> str:
        """Where a telephone calls."""
        return f"sip:{number}@127.0.0.1:{self.port + 1 if transport == 'tls' else self.port}"

    async def line(self, seconds: float = 10.0) -> Line:
        """The next call."""
        async with asyncio.timeout(seconds):
            return await self.lines.get()

    async def answer(self, leg: SipLeg) -> None:
        """Serve a call that came."""
        line = Line(leg)
        self.lines.put_nowait(line)
        self.answered += 1
        self.running += 1
        try:
            await line.serve()
        finally:
            self.running -= 1

    @asynccontextmanager
    async def call(self, number: str, **how: Any) -> AsyncIterator[Line]:
        """A call that we place, answered and talking."""
        while self.endpoint._signalling.lines["line"].hop is None:  # noqa: ASYNC110 - until it is looked up
            await asyncio.sleep(0.05)
        async with self.endpoint.call(number, **how) as leg, asyncio.TaskGroup() as tasks:
            line = Line(leg)
            tasks.create_task(line.serve())
            yield line
            await leg.hang_up("the test is over")


@asynccontextmanager
async def exchange(
    folder: Path, trunk: dict[str, Any] | None = None, rtp: int = RTP_PORTS, **telephone: Any
) -> AsyncIterator[Exchange]:
    """Our telephone with one trunk, whose settings may be given; more `telephone` settings too."""
    port, media = ports.free(2), ports.free(rtp)
    own = str(certificates.make(folder / "exchange.pem"))
    settings: dict[str, Any] = {
        "listen": [f"udp:127.0.0.1:{port}", f"tcp:127.0.0.1:{port}", f"tls:127.0.0.1:{port + 1}"],
        "rtp_ports": f"{media}-{media + rtp - 1}",
        "tls": {"certificate": own, "private_key": own},
        "trunks": [{"name": "line", "networks": ["127.0.0.0/8"], "calls": rtp // 2, **(trunk or {})}],
        "numbers": [{"pattern": "*"}],
        "flood": {"known_per_second": 5_000},
        **telephone,
    }
    lines: list[Exchange] = []

    async def answer(leg: SipLeg) -> None:
        await lines[0].answer(leg)

    async with open_endpoint(Telephone.model_validate(settings), answer) as endpoint:
        lines.append(Exchange(endpoint, port, range(media, media + rtp)))
        yield lines[0]
