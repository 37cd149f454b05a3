"""Nodes of one process that talk in memory; passes the same contract tests as the mesh over Redis."""

import asyncio
import json
from collections.abc import Sequence

from gateway.events import Message
from gateway.nodes.mesh import ANSWER_S, GATHER_S, Serve
from pipelines.facts import Unavailable


class Net:
    """What connects them; `cut` it, and nothing passes."""

    def __init__(self) -> None:
        self.nodes: list[MemoryMesh] = []
        self.cut = False


class MemoryMesh:
    def __init__(self, net: Net) -> None:
        self.node = f"n{len(net.nodes)}"
        self._net = net
        self._served: dict[str, Serve] = {}
        self._news: asyncio.Queue[tuple[MemoryMesh, str, Message]] = asyncio.Queue(10_000)
        net.nodes.append(self)

    def serve(self, topic: str, serve: Serve) -> None:
        self._served[topic] = serve

    async def ask(
        self, topic: str, question: Message, node: str | None = None, within_s: float = ANSWER_S
    ) -> Message | None:
        for answer in await self._all(topic, question, node):
            return answer
        await asyncio.sleep(within_s)
        return None

    async def ask_all(self, topic: str, question: Message) -> Sequence[Message]:
        answers = await self._all(topic, question, None)
        await asyncio.sleep(GATHER_S)
        return answers

    def tell(self, topic: str, news: Message, node: str | None = None) -> None:
        for other in self._others(node):
            self._news.put_nowait((other, topic, _passed(news)))

    async def run(self) -> None:
        while True:
            other, topic, news = await self._news.get()
            if not self._net.cut and (serve := other._served.get(topic)):
                await serve(news)

    async def _all(self, topic: str, question: Message, node: str | None) -> list[Message]:
        if self._net.cut:
            raise Unavailable("the other nodes cannot be reached")
        served = [other._served[topic] for other in self._others(node) if topic in other._served]
        found = [await serve(_passed(question)) for serve in served]
        return [_passed(answer) for answer in found if answer is not None]

    def _others(self, node: str | None) -> list["MemoryMesh"]:
        return [other for other in self._net.nodes if other is not self and node in (None, other.node)]


def _passed(message: Message) -> Message:
    """As it arrives elsewhere: what is not JSON fails here, as on a wire."""
    passed: Message = json.loads(json.dumps(message))
    return passed
