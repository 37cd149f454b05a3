"""Nodes that talk over Redis' publish and subscribe: a channel for all, and one for each node.

While Redis is away nothing is asked and nothing told; it is tried again for ever.
"""

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.events import Message
from gateway.nodes.mesh import ANSWER_S, GATHER_S, Serve
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

FAILURES = (RedisError, OSError, TimeoutError)
TO_SEND = 2_000
"News that wait to be sent; the oldest go first."
AT_ONCE = 64
"Questions and news of others that are worked on at the same time; more wait in Redis' connection."
PAUSE_S = 0.5
SEND_S = 2.0
SILENT_S = 5.0
"Nothing is heard for so long: Redis is asked whether it is there, and has as long again to answer."

LOST = Counter("warmline_mesh_lost_total", "News for other nodes that were not sent", ["why"])
ASKED = Counter(
    "warmline_mesh_questions_total", "Questions to other nodes, by what came of them", ["outcome"]
)


class RedisMesh:
    """A `Mesh`; made by `open_mesh`."""

    def __init__(self, redis: Redis, name: str = "warmline") -> None:
        self.node = secrets.token_hex(6)
        self._redis = redis
        self._all = f"{name}:nodes"
        self._name = name
        self._served: dict[str, Serve] = {}
        self._answers: dict[str, asyncio.Queue[Message]] = {}
        self._to_send: deque[tuple[str, str]] = deque(maxlen=TO_SEND)
        self._waiting = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._down = False
        "It was logged that Redis is away."

    def serve(self, topic: str, serve: Serve) -> None:
        """See `Mesh`."""
        self._served[topic] = serve

    async def ask(
        self, topic: str, question: Message, node: str | None = None, within_s: float = ANSWER_S
    ) -> Message | None:
        """See `Mesh`."""
        with self._awaited() as (ask_id, answers):
            await self._send(self._channel(node), self._envelope(topic, question, ask_id))
            try:
                async with asyncio.timeout(within_s):
                    answer = await answers.get()
            except TimeoutError:
                ASKED.labels("unanswered").inc()
                return None
        ASKED.labels("answered").inc()
        return answer

    async def ask_all(self, topic: str, question: Message) -> Sequence[Message]:
        """See `Mesh`."""
        with self._awaited() as (ask_id, answers):
            await self._send(self._all, self._envelope(topic, question, ask_id))
            await asyncio.sleep(GATHER_S)
            return [answers.get_nowait() for _ in range(answers.qsize())]

    def tell(self, topic: str, news: Message, node: str | None = None) -> None:
        """See `Mesh`."""
        if len(self._to_send) == TO_SEND:
            LOST.labels("too_much").inc()
        self._to_send.append((self._channel(node), self._envelope(topic, news)))
        self._waiting.set()

    async def run(self) -> None:
        """See `Mesh`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_all(), name="mesh out")
            while True:
                try:
                    await self._receive(tasks)
                except FAILURES as error:
                    if not self._down:
                        log.warning("other nodes cannot be reached", reason=str(error))
                    self._down = True
                await asyncio.sleep(PAUSE_S)

    # --- out ----------------------------------------------------------------------------------------------

    def _channel(self, node: str | None) -> str:
        return self._all if node is None else f"{self._name}:node:{node}"

    def _envelope(self, topic: str, body: Message, ask_id: str = "") -> str:
        return json.dumps({"from": self.node, "topic": topic, "ask": ask_id, "body": body})

    async def _send(self, channel: str, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self._redis.publish(channel, text)
        except FAILURES as error:
            raise Unavailable("the other nodes cannot be reached") from error

    async def _send_all(self) -> None:
        while True:
            self._waiting.clear()
            while self._to_send:
                channel, text = self._to_send.popleft()
                try:
                    await self._send(channel, text)
                except Unavailable:
                    LOST.labels("unreachable").inc()
            await self._waiting.wait()

    @contextlib.contextmanager
    def _awaited(self) -> Iterator[tuple[str, asyncio.Queue[Message]]]:
        ask_id = secrets.token_hex(8)
        answers: asyncio.Queue[Message] = asyncio.Queue(256)
        self._answers[ask_id] = answers
        try:
            yield ask_id, answers
        finally:
            del self._answers[ask_id]

    # --- in -----------------------------------------------------------------------------------------------

    async def _receive(self, tasks: asyncio.TaskGroup) -> None:
        """Take what comes until the connection is lost."""
        async with self._redis.pubsub() as heard:
            await heard.subscribe(self._all, self._channel(self.node))
            if self._down:
                log.info("other nodes are reached")
            self._down = False
            asked = False
            while True:
                message = await _next(heard)
                if message is None and asked:
                    raise TimeoutError("the connection is dead")  # TCP would notice in a quarter of an hour
                asked = message is None
                if message is None:
                    await heard.ping()
                elif message["type"] == "message":
                    await self._take(message["data"], tasks)

    async def _take(self, text: str, tasks: asyncio.TaskGroup) -> None:
        try:
            envelope = json.loads(text)
            sender, topic = str(envelope["from"]), str(envelope["topic"])
            ask_id, body = str(envelope["ask"]), envelope["body"]
        except (ValueError, TypeError, KeyError):
            log.warning("unreadable message of another node", characters=len(text))
            return
        if sender == self.node or not isinstance(body, dict):
            return
        if topic == "answer":
            if (answers := self._answers.get(ask_id)) is not None and not answers.full():
                answers.put_nowait(body)
        elif (serve := self._served.get(topic)) is not None:
            await self._room.acquire()
            tasks.create_task(self._serve(serve, sender, ask_id, body), name=f"for node {sender}")

    async def _serve(self, serve: Serve, sender: str, ask_id: str, body: Message) -> None:
        try:
            answer = await serve(body)
            if answer is not None and ask_id:
                await self._send(self._channel(sender), self._envelope("answer", answer, ask_id))
        except Unavailable as error:
            log.warning("node not answered", reason=str(error))
        except Exception:
            # The outermost loop of a question: our bug must not cut this node off.
            log.exception("question of another node failed")
        finally:
            self._room.release()


async def _next(heard: PubSub) -> Message | None:
    """The next message of any kind; None when nothing came for a while."""
    message: Message | None = await heard.get_message(timeout=SILENT_S)
    return message


@asynccontextmanager
async def open_mesh(url: str, name: str = "warmline") -> AsyncIterator[RedisMesh]:
    """Connect; Redis need not be there yet. `run` is the caller's to start."""
    redis: Redis = Redis.from_url(
        url, decode_responses=True, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=None
    )
    try:
        yield RedisMesh(redis, name)
    finally:
        await redis.aclose()
