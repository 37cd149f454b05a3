"""The events of a session that lives on another node, for a desk at this one.

The stored ones come from the store, which nodes share; new ones are sent from node to node while somebody
watches. The sender stops when nobody has said for a minute that they still watch.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from gateway.desk.conductor import Watching
from gateway.events import FACT, Event, Message
from gateway.nodes.mesh import Mesh
from gateway.store.store import Store
from gateway.subscription import Subscription

KEEP_S = 20.0
FORGET_S = 60.0
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

    async def open(self, session_id: str, node: str, seq: int, watch_id: str) -> "RemoteWatching":
        """What another node agreed to send."""
        watching = RemoteWatching(self, session_id, node, seq, watch_id)
        self._here[watch_id] = watching
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
        kept = self._kept[watch_id]
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send_events(watching, watch_id, to), name="send events")
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
        finally:
            watching.close()
            self._ended.discard(watch_id)
            del self._kept[watch_id]

    async def _send_events(self, watching: Watching, watch_id: str, to: str) -> None:
        async for event in watching:
            self._mesh.tell("watched", {"watch": watch_id, "event": message_of(event)}, to)
        self._mesh.tell("watched", {"watch": watch_id, "end": True}, to)

    async def _watched(self, news: Message) -> None:
        watching = self._here.get(str(news.get("watch")))
        if watching is not None:
            watching.take(news)

    async def _keep(self, news: Message) -> None:
        if (kept := self._kept.get(str(news.get("watch")))) is not None:
            kept.set()

    async def _end(self, news: Message) -> None:
        watch_id = str(news.get("watch"))
        if (kept := self._kept.get(watch_id)) is not None:
            self._ended.add(watch_id)
            kept.set()


class RemoteWatching:
    """One session, for one listener; see `Watching`."""

    def __init__(self, all_: RemoteWatchings, session_id: str, node: str, seq: int, watch_id: str) -> None:
        self.watch_id = watch_id
        self.node = node
        self._all = all_
        self._session_id = session_id
        self._events = Subscription(seq, None)

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
                self._all.keep(self)
                keep_at = clock() + KEEP_S
                continue
            except StopAsyncIteration:
                return
            yield event

    def take(self, news: Message) -> None:
        """The other node sent this."""
        if news.get("end"):
            self._events.close()
        else:
            self._events.put(event_of(news["event"]))

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
