"""Which call reads and writes which slot of a llama.cpp server's prompt cache. [core]

A server keeps one prompt a slot. As long as a call stays in its own, each turn adds to what the slot holds,
and only what is new has to be read. With more calls than slots the one that was silent longest gives its slot
up; when it speaks again it takes another's in the same way, and what the server has not kept is read anew.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Lease:
    """A call's slot for one request."""

    slot: int
    how: Literal["kept", "free", "taken_over"]
    "The call's own from before, one that nobody had, or another call's."


class CacheSlots:
    """The slots 0 to `count` - 1 and who has them."""

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"a cache has at least one slot, not {count}")
        self._free = list(range(count))
        self._held: OrderedDict[str, int] = OrderedDict()
        "Session to slot, the one used longest ago first."

    def lease(self, session_id: str) -> Lease:
        """The session's slot, which it now used last of all."""
        if session_id in self._held:
            self._held.move_to_end(session_id)
            return Lease(self._held[session_id], "kept")
        if self._free:
            slot = self._free.pop(0)
            self._held[session_id] = slot
            return Lease(slot, "free")
        _, slot = self._held.popitem(last=False)
        self._held[session_id] = slot
        return Lease(slot, "taken_over")

    def release(self, session_id: str) -> None:
        """The session is over; one without a slot changes nothing."""
        slot = self._held.pop(session_id, None)
        if slot is not None:
            self._free.append(slot)

    def holders(self) -> dict[str, int]:
        """Session to slot, the one used longest ago first."""
        return dict(self._held)
