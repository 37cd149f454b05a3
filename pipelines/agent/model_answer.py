"""What a streamed answer in OpenAI's protocol is made of, and how it is put together. [core]

The library does not check what a server sends, so everything is looked at here before it is believed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.agent.tool_calls import Wanted, begins, parse


@dataclass(frozen=True, slots=True)
class Asked:
    """The model wants tools to be called; always the last piece of a stream."""

    calls: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a server did with a prompt."""

    read: int
    "Tokens it had to read."
    cached: int
    "Tokens that it had read for an earlier prompt with the same beginning."

    @classmethod
    def of(cls, chunk: Any) -> "Evaluated | None":
        """From a chunk of the library, if it says: llama.cpp's last one does, in `timings`."""
        timings = getattr(chunk, "timings", None)
        if not isinstance(timings, dict):
            return None
        read, cached = timings.get("prompt_n"), timings.get("cache_n")
        return cls(read, cached) if isinstance(read, int) and isinstance(cached, int) else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a streamed answer."""

    content: str | None
    calls: tuple[tuple[int, str, str], ...]
    "Index, more of the tool's name, more of its arguments."

    @property
    def says_something(self) -> bool:
        """Whether there are words or calls in it."""
        return bool(self.content) or bool(self.calls)

    @classmethod
    def of(cls, choice: Any) -> "Chunk":
        """From a chunk of the library, which does not check what the server sent."""
        delta = getattr(choice, "delta", None)
        calls: list[tuple[int, str, str]] = []
        for call in getattr(delta, "tool_calls", None) or ():
            function = getattr(call, "function", None)
            name, arguments = getattr(function, "name", None), getattr(function, "arguments", None)
            calls.append((getattr(call, "index", 0) or 0, str(name or ""), str(arguments or "")))
        content = getattr(delta, "content", None)
        return cls(content if isinstance(content, str) else None, tuple(calls))


class Reading:
    """Puts a streamed answer together: words go out at once, what may be a tool call is held to the end."""

    def __init__(self) -> None:
        self._held = ""
        self._native: dict[int, list[str]] = {}

    def take(self, chunk: Chunk) -> list[str]:
        """The words that can be said now."""
        for index, name, arguments in chunk.calls:
            call = self._native.setdefault(index, ["", ""])
            call[0] += name
            call[1] += arguments
        self._held += chunk.content or ""
        start = begins(self._held)
        free = self._held if start is None else self._held[:start]
        self._held = self._held[len(free) :]
        return [free] if free else []

    def end(self) -> list[str | Asked]:
        """What was held, told apart."""
        native = [json.dumps({"name": name, "arguments": given}) for name, given in self._native.values()]
        calls = tuple(call for text in native for call in parse(text)[0])
        if not self._held:
            return [Asked(calls)] if calls else []
        written, prose = parse(self._held)
        pieces: list[str | Asked] = [prose if written else self._held] if prose else []
        return [*pieces, Asked(calls + written)] if calls or written else pieces


def json_object(text: str) -> Mapping[str, Any] | None:
    """The JSON object in `text`, if any; a server without schemas may have put a fence or prose around it."""
    start, end = text.find("{"), text.rfind("}")
    try:
        value = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
