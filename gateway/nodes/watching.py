"""The events of a session that lives on another node, for a desk at this one.

The stored ones come from the store, which nodes share; new ones are sent from node to node while somebody
watches. Who watches says so every few seconds and hears which event was sent last: where one was lost, or
nothing is heard of the other node, the watching ends, and is begun again from the last event that came.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gateway.desk.conductor import Watching
from gateway.events import FACT, Event, Message
from gateway.nodes.mesh import Mesh
from gateway.store.store import Store
from gateway.subscription import BOUND, Subscription

KEEP_S = 5.0
"Who watches says so often that they still do."
FORGET_S = 60.0
"Who has not said so for this long is sent nothing more."
DEAD_S = 15.0
"A node that is not heard of for this long has nothing more to send."
PAGE = 200

Begin = Callable[[str], Coroutine[Any, Any, Watching]]
"Listens to a session of this node; raises `ProtocolError` when there is none."


class RemoteWatchings:
    """What this node watches elsewhere, and what others watch here."""

    def __init__(self, mesh: Mesh, store: Store, begin: Begin) -> None:
        self._mesh = mesh
        self._store = store
        self._begin = begin
        self._here: dict[str, RemoteWatching] = {}
        self._early: dict[str, deque[Message]] = {}
        self._kept: dict[str, asyncio.Event] = {}
        "For others: set whenever they say that they still watch."
        self._ended: set[str] = set()
        self._tasks: asyncio.TaskGroup | None = None
        mesh.serve("watched", self._watched)
        mesh.serve("watch.keep", self._keep)
        mesh.serve("watch.end", self._end)

    async def run(self) -> None:
        """Send to others what they watch here, until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    @contextmanager
    def expected(self, watch_id: str) -> Iterator[None]:
        """While it is asked for: what is sent before the answer is here is kept."""
        self._early[watch_id] = deque(maxlen=BOUND)
        try:
            yield
        finally:
            self._early.pop(watch_id, None)

    def open(self, session_id: str, node: str, seq: int, watch_id: str) -> "RemoteWatching":
        """What another node agreed to send."""
        watching = RemoteWatching(self, session_id, node, seq, watch_id)
        self._here[watch_id] = watching
        for news in self._early.get(watch_id, ()):
            watching.take(news)
        return watching

    async def serve(self, session_id: str, watch_id: str, to: str) -> Message:
        """Another node wants to watch a session here."""
        watching = await self._begin(session_id)
        if self._tasks is None:
            watching.close()
            return {"error": "not_running"}
        self._kept[watch_id] = asyncio.Event()
        self._tasks.create_task(self._send(watching, watch_id, to), name=f"watched by {to}")
        return {"seq": watching.seq, "node": self._mesh.node}

    def forget(self, watching: "RemoteWatching") -> None:
        """Somebody here watches no longer."""
        if self._here.pop(watching.watch_id, None) is not None:
            self._mesh.tell("watch.end", {"watch": watching.watch_id}, watching.node)

    def keep(self, watching: "RemoteWatching") -> None:
        """Somebody here still watches."""
        self._mesh.tell("watch.keep", {"watch": watching.watch_id}, watching.node)

    async def pages(self, session_id: str, after: int, until: int) -> AsyncIterator[Event]:
        """Stored events, as `SessionLog.history`."""
        while after < until:
            page = await self._store.events(session_id, after=after, limit=PAGE)
            for event in page:
                if event.seq > until:
                    return
                yield event
            if not page:
                return
            after = page[-1].seq

    async def _send(self, watching: Watching, watch_id: str, to: str) -> None:
        kept, sent = self._kept[watch_id], _Sent(watching.seq)
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(
                    self._send_events(watching, watch_id, to, sent), name="send events"
                )
                while not sending.done():
                    kept.clear()
                    waiting = tasks.create_task(kept.wait(), name="still watched")
                    await asyncio.wait(
                        {sending, waiting}, timeout=FORGET_S, return_when=asyncio.FIRST_COMPLETED
                    )
                    waiting.cancel()
                    if not kept.is_set() or watch_id in self._ended:
                        sending.cancel()
                        break
                    self._mesh.tell("watched", {"watch": watch_id, "sent": sent.seq}, to)
        finally:
            watching.close()
            self._ended.discard(watch_id)
            del self._kept[watch_id]

    async def _send_events(self, watching: Watching, watch_id: str, to: str, sent: "_Sent") -> None:
        async for event in watching:
            self._mesh.tell("watched", {"watch": watch_id, "event": message_of(event)}, to)
            sent.seq = max(sent.seq, event.seq)
        self._mesh.tell("watched", {"watch": watch_id, "end": True}, to)

    async def _watched(self, news: Message) -> None:
        watch_id = str(news.get("watch"))
        if (watching := self._here.get(watch_id)) is not None:
            watching.take(news)
        elif (early := self._early.get(watch_id)) is not None:
            early.append(news)

    async def _keep(self, news: Message) -> None:
        if (kept := self._kept.get(str(news.get("watch")))) is not None:
            kept.set()

    async def _end(self, news: Message) -> None:
        watch_id = str(news.get("watch"))
        if (kept := self._kept.get(watch_id)) is not None:
            self._ended.add(watch_id)
            kept.set()


@dataclass(slots=True)
class _Sent:
    seq: int
    "Of the newest stored event that was sent."


class RemoteWatching:
    """One session, for one listener; see `Watching`."""

    def __init__(self, all_: RemoteWatchings, session_id: str, node: str, seq: int, watch_id: str) -> None:
        self.watch_id = watch_id
        self.node = node
        self._all = all_
        self._session_id = session_id
        self._events = Subscription(seq, None)
        self._came = seq
        "The newest stored event that came."
        self._heard_at = asyncio.get_running_loop().time()

    @property
    def seq(self) -> int:
        """The newest stored event when this began."""
        return self._events.seq

    @property
    def behind(self) -> bool:
        """Whether the listener was too slow."""
        return self._events.behind

    def history(self, after: int) -> AsyncIterator[Event]:
        """Stored events with `after` < seq <= `self.seq`. Raises `Unavailable`."""
        return self._all.pages(self._session_id, after, self.seq)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Everything after `self.seq`, until the other node has no more or is gone."""
        clock = asyncio.get_running_loop().time
        keep_at = clock() + KEEP_S
        while True:
            try:
                async with asyncio.timeout_at(keep_at):
                    event = await anext(self._events)
            except TimeoutError:
                if clock() - self._heard_at >= DEAD_S:
                    return
                self._all.keep(self)
                keep_at = clock() + KEEP_S
                continue
            except StopAsyncIteration:
                return
            yield event

    def take(self, news: Message) -> None:
        """The other node sent this."""
        self._heard_at = asyncio.get_running_loop().time()
        event = event_of(news["event"]) if "event" in news else None
        if event is not None and event.seq <= self._came + 1:
            self._came = max(self._came, event.seq)
            self._events.put(event)
        elif event is not None or news.get("end") or int(news["sent"]) > self._came:
            self._events.close()  # there is no more, or something was lost on the way

    def close(self) -> None:
        """Listen no more. Safe to call twice."""
        self._events.close()
        self._all.forget(self)


def message_of(event: Event) -> Message:
    """The whole event; `Event.message`, which is for clients, leaves out what is None."""
    return {"seq": event.seq, "at": event.at, **event.fact.model_dump(mode="json")}


def event_of(message: Message) -> Event:
    """What `message_of` made."""
    fact = {key: value for key, value in message.items() if key not in ("seq", "at")}
    return Event(int(message["seq"]), float(message["at"]), FACT.validate_python(fact))


def new_watch() -> str:
    """An id of a watching."""
    return secrets.token_hex(8)
