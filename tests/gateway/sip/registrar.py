"""A trunk's registrar, played by a test: asks who it is, and remembers who registered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.addresses import Listen
from gateway.sip.digest import Challenges
from gateway.sip.hop import Hop
from gateway.sip.message import Request, encode, parse, response
from gateway.sip.udp import UdpSocket
from tests.interop import ports


@dataclass
class Registrar:
    """Answers REGISTER, and OPTIONS as long as it is `there`."""

    password: str = "secret"
    expires_s: int = 600
    there: bool = True
    registered: list[int] = field(default_factory=list)
    "What each REGISTER that was right asked for, in seconds."
    asked: int = 0
    "How many OPTIONS came."

    def __post_init__(self) -> None:
        self._challenges = Challenges("carrier", b"secret")
        self._udp = UdpSocket(Listen(transport="udp", host="127.0.0.1", port=ports.free()), self._receive)

    @property
    def port(self) -> int:
        return int(self._udp.port)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Registrar"]:
        self._udp.open()
        try:
            yield self
        finally:
            self._udp.close()

    def _receive(self, data: bytes, hop: Hop) -> None:
        message = parse(data)
        if not self.there or not isinstance(message, Request):
            return
        if message.method == "OPTIONS":
            self.asked += 1
            self._udp.send(encode(response(message, 200)), hop)
        elif message.method == "REGISTER":
            self._register(message, hop)

    def _register(self, request: Request, hop: Hop) -> None:
        now_ms = int(asyncio.get_running_loop().time() * 1000)
        outcome, _ = self._challenges.check(request, lambda *_: self.password, now_ms)
        if outcome == "right":
            answer = response(request, 200, to_tag="r")
            self.registered.append(int(request.headers["Expires"]))
            answer.headers.set("Expires", str(min(self.registered[-1], self.expires_s)))
        else:
            answer = response(request, 401, to_tag="r")
            for value in self._challenges.challenge(now_ms):
                answer.headers.add("WWW-Authenticate", value)
        self._udp.send(encode(answer), hop)
