"""The queue in Redis: its records, and the log of changes that every node follows.

Two keys in one hash slot: a hash with a field for each record, and a stream whose entries are changes. The
newest entry's id is the version of the whole. A commit names the version that it was worked out on and does
nothing when that is not the newest any more, so commits of several nodes cannot mix. Each entry names the one
it follows: a node that reads an entry which does not follow what it has knows that something is missing (the
stream was trimmed, Redis lost its newest seconds, or all) and reads the records as a whole.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.queue import wire
from gateway.queue.records import Change, Key, Record
from gateway.queue.wire import Unreadable

log = structlog.get_logger()

FAILURES = (RedisError, OSError, TimeoutError)
"What a Redis that cannot be reached, is starting, is full or reads only raises."
KEPT = 2_000
"Entries of the log; a node that was away for longer reads the records."
ANSWER_S = 3.0
FOLLOW_MS = 1_000
NOTHING = "0-0"
"The version of an empty queue."

COMMIT = """
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local version = newest[1] and newest[1][1] or '0-0'
if version ~= ARGV[1] then return false end
local at = 5
for _ = 1, tonumber(ARGV[4]) do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for each = at, #ARGV do redis.call('HDEL', KEYS[1], ARGV[each]) end
return redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'change', ARGV[3])
"""
"Records (put, dropped) and the entry that tells of it, if the version is still the one it is meant for."


@dataclass(frozen=True, slots=True)
class Logged:
    """A change that was committed."""

    version: str
    after: str
    change: Change


@dataclass(frozen=True, slots=True)
class Whole:
    """All records at one version, and Redis' time (unix s)."""

    version: str
    records: dict[Key, Record]
    now: float


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat learns."""

    now: float
    "Redis' time, unix s."
    version: str
    missing: frozenset[str]
    "Nodes that were not heard of lately."


class SharedLog:
    """One node's connection to the log. Every method raises one of `FAILURES`."""

    def __init__(self, url: str, name: str = "warmline") -> None:
        # A command that was repeated silently could hide that Redis was restarted in between. Deadlines are
        # ours: with its own the client writes by `asyncio.wait_for`, which loses cancellations before 3.12.
        self._redis: Redis = Redis.from_url(
            url, decode_responses=True, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=None
        )
        self._name = name
        self._records = f"{name}:{{queue}}:records"
        self._log = f"{name}:{{queue}}:log"
        self._commit = self._redis.register_script(COMMIT)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    async def whole(self) -> Whole:
        """Everything, at one version."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(self._records)
            pipe.xrevrange(self._log, count=1)
            pipe.time()
            fields, newest, time = await _answer(pipe.execute())
        records: dict[Key, Record] = {}
        for field, text in fields.items():
            try:
                key, record = wire.record(field, text)
            except Unreadable as error:
                log.error("unreadable record of the queue", reason=str(error))
            else:
                records[key] = record
        return Whole(_version(newest), records, _seconds(time))

    async def commit(self, after: str, change: Change) -> str | None:
        """Store a change that was worked out on a version; the new one, or None: another was first."""
        fields = list(wire.fields(change.records))
        put = [part for name, text in fields if text is not None for part in (name, text)]
        dropped = [name for name, text in fields if text is None]
        arguments = [after, str(KEPT), wire.written(after, change), str(len(put) // 2), *put, *dropped]
        version: str | None = await _answer(self._commit(keys=[self._records, self._log], args=arguments))
        return version

    async def since(self, version: str) -> tuple[str, Sequence[Logged]]:
        """The newest version, and the changes after one, as far as they are kept."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xrevrange(self._log, count=1)
            pipe.xrange(self._log, min=f"({version}", max="+")
            newest, entries = await _answer(pipe.execute())
        return _version(newest), _logged(entries)

    async def follow(self, version: str) -> Sequence[Logged]:
        """Changes after a version, as soon as there are any; empty after a while without."""
        entries = self._redis.xread({self._log: version}, count=500, block=FOLLOW_MS)
        found = await _answer(entries, FOLLOW_MS / 1000 + ANSWER_S)
        return _logged(found[0][1]) if found else []

    async def beat(self, node: str, others: Iterable[str], lasts_ms: int) -> Beat:
        """Say that this node lives, and ask about others."""
        asked = sorted(others)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self._node(node), "1", px=lasts_ms)
            pipe.time()
            pipe.xrevrange(self._log, count=1)
            if asked:
                pipe.mget([self._node(each) for each in asked])
            _, time, newest, *heard = await _answer(pipe.execute())
        found = zip(asked, heard[0] if heard else [], strict=True)
        missing = frozenset(each for each, mark in found if mark is None)
        return Beat(_seconds(time), _version(newest), missing)

    async def silence(self, node: str) -> None:
        """This node is not there any more."""
        await _answer(self._redis.delete(self._node(node)))

    def _node(self, node: str) -> str:
        return f"{self._name}:{{queue}}:node:{node}"


async def _answer(command: Awaitable[Any], within_s: float = ANSWER_S) -> Any:
    async with asyncio.timeout(within_s):
        return await command


def order(version: str) -> tuple[int, int]:
    """A version as numbers that can be compared."""
    ms, _, number = version.partition("-")
    return int(ms), int(number)


def _version(newest: Any) -> str:
    return str(newest[0][0]) if newest else NOTHING


def _logged(entries: Any) -> list[Logged]:
    """Entries up to the first that cannot be read: what follows it will be seen not to follow."""
    found: list[Logged] = []
    for version, fields in entries:
        try:
            written = wire.read(fields["change"])
        except (Unreadable, KeyError) as error:
            log.error("unreadable entry of the queue's log", version=version, reason=str(error))
            continue
        found.append(Logged(version, written.after, written.change))
    return found


def _seconds(time: Any) -> float:
    seconds, micros = time
    return float(seconds) + float(micros) / 1e6
