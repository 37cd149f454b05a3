"""Reads the tool calls a model wrote as text, however badly. [core]

Small models print `{"name": …, "arguments": …}` bare, with doubled braces, in code fences or `<tool_call>`
tags, with single quotes, in lists, with prose around. `parse` finds what can be found and never raises;
what it finds is a wish of an untrusted model, for the toolbox's gate to judge.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 16_000
"Characters that are looked at; a tool call is far shorter."
_DEEPEST = 12
_MOST = 8

_TAGS = re.compile(r"</?tool_calls?>|```[a-z]*|<\|[a-z_]+\|>", re.IGNORECASE)
_BEGINNING = re.compile(r"\{|\[\s*\{|<tool|```", re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tool call that a model wrote: untrusted."""

    tool: str
    arguments: Mapping[str, Any]


def begins(text: str) -> int | None:
    """Where text that may become a tool call begins; None if all of it can be said as it is."""
    found = _BEGINNING.search(text)
    if found:
        return found.start()
    cut = text.rfind("<")
    if cut >= 0 and "<tool".startswith(text[cut:].lower()):
        return cut
    stripped = text.rstrip("`")
    return len(stripped) if stripped != text else None


def parse(text: str) -> tuple[tuple[Wanted, ...], str]:
    """The tool calls in `text`, at most eight, and the prose that remains."""
    text = _TAGS.sub(" ", text[:LONGEST])
    wanted: list[Wanted] = []
    prose: list[str] = []
    position = 0
    for start, end in _braced(text):
        found = list(_calls(_value(text[start:end])))
        if found:
            wanted += found
            prose.append(text[position:start])
            position = end
    prose.append(text[position:])
    rest = " ".join(" ".join(prose).split())
    return tuple(wanted[:_MOST]), rest.strip(" [],{}") if wanted else rest


def _braced(text: str) -> Iterator[tuple[int, int]]:
    """Outermost `{…}` stretches in order; the last one may lack its end."""
    depth, start, quote, escaped = 0, 0, "", False
    for place, char in enumerate(text):
        if escaped:
            escaped = False
        elif depth and char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif depth and (char == '"' or (char == "'" and _opens_string(text, place))):
            quote = char
        elif char == "{":
            start = place if depth == 0 else start
            depth += 1
        elif char == "}" and depth:
            depth -= 1
            if depth == 0:
                yield start, place + 1
    if depth:
        yield start, len(text)


def _opens_string(text: str, place: int) -> bool:
    """An apostrophe opens a string only where a value or key may begin; "don't" does not."""
    while place and text[place - 1].isspace():
        place -= 1
    return place > 0 and text[place - 1] in "{[,:"


def _value(text: str) -> Any:
    """The object that `text` was meant to be; None if nothing helps."""
    if _depth(text) > _DEEPEST:
        return None
    for candidate in _readings(text):
        try:
            return json.loads(candidate)
        except ValueError:
            pass
        try:
            return ast.literal_eval(candidate)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pass
    return None


def _readings(text: str) -> Iterator[str]:
    """`text` as it is, then mended in the ways that models break JSON."""
    closed = _closed(text)
    for version in (text, closed):
        yield version
        single = version.replace("{{", "{").replace("}}", "}")
        if single != version:
            yield _closed(single)
            yield version[1:-1]
        mended = _TRAILING_COMMA.sub(r"\1", version)
        yield mended
        yield _BARE_KEY.sub(r'\1"\2"\3', mended)


def _closed(text: str) -> str:
    """`text` with the braces it lacks, or without those too many."""
    missing = text.count("{") - text.count("}")
    if missing > 0:
        return text + "}" * missing
    return text[: len(text) + missing] if missing and text.endswith("}" * -missing) else text


def _depth(text: str) -> int:
    deepest = depth = 0
    for char in text:
        depth += (char in "{[") - (char in "}]")
        deepest = max(deepest, depth)
    return deepest


def _calls(value: Any) -> Iterator[Wanted]:
    """The calls in a decoded value, in any of the shapes that models are taught."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _calls(item)
    if not isinstance(value, dict):
        return
    if "tool_calls" in value:
        yield from _calls(value["tool_calls"])
    elif isinstance(value.get("function"), dict):
        yield from _calls(value["function"])
    else:
        name = value.get("name") or value.get("tool") or value.get("function")
        arguments = _arguments(value)
        if isinstance(name, str) and name.isidentifier() and arguments is not None:
            yield Wanted(name, arguments)


def _arguments(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments of a call; None for an object that only happens to have a name."""
    for key in ("arguments", "parameters", "args"):
        if key in value:
            given = value[key]
            if isinstance(given, str):
                given = _value(given) if given.strip() else {}
            if given is None:
                return {}
            return {str(name): item for name, item in given.items()} if isinstance(given, dict) else None
    return {} if set(value) == {"name"} else None
