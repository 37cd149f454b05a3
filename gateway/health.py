"""What this process is made of, and which of it works right now: the answer of `/readyz`.

Parts report themselves; parts that are asked (a database) hand in a probe. A part that is not required may
be down and the gateway still be ready: it then says which of its abilities are missing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from pipelines.facts import Unavailable

PROBE_S = 2.0

Probe = Callable[[], Awaitable[None]]
"Returns when the part works; raises `Unavailable`."


class State(StrEnum):
    """Whether a part can do its work."""

    STARTING = "starting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing the gateway needs or can do without."""

    state: State
    detail: str = ""
    "Why it is not up, and what to do; no secrets, no personal data."
    required: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The state of everything at one moment."""

    ready: bool
    parts: dict[str, Part]

    @property
    def missing(self) -> list[str]:
        """Names of parts that do not work."""
        return [name for name, part in self.parts.items() if part.state is not State.UP]


class Health:
    """The parts, by name, in the order they were announced; `changed` is told of every new state."""

    def __init__(self, changed: Callable[[str, Part], None] | None = None) -> None:
        self._changed = changed or (lambda name, part: None)
        self._parts: dict[str, Part] = {}
        self._probes: dict[str, Probe] = {}
        self.draining = False
        self.full = False
        "A new call would have to wait, or be turned away."

    def expect(self, name: str) -> None:
        """A part that the gateway is not ready without."""
        self._parts[name] = Part(State.STARTING)

    def hope_for(self, name: str) -> None:
        """A part that the gateway can do without, and says so."""
        self._parts[name] = Part(State.STARTING, required=False)

    def report(self, name: str, state: State, detail: str = "") -> None:
        """A part's new state."""
        before = self._parts[name]
        self._parts[name] = now = Part(state, detail, before.required)
        if now != before:
            self._changed(name, now)

    def ask(self, name: str, probe: Probe) -> None:
        """From now on, find out by asking."""
        self._probes[name] = probe

    async def look(self) -> Report:
        """Ask whom to ask, and report."""
        for name, probe in self._probes.items():
            try:
                async with asyncio.timeout(PROBE_S):
                    await probe()
            except (Unavailable, TimeoutError) as error:
                self.report(name, State.DOWN, str(error) or "it does not answer")
            else:
                self.report(name, State.UP)
        working = all(part.state is State.UP for part in self._parts.values() if part.required)
        return Report(working and not self.draining, dict(self._parts))
