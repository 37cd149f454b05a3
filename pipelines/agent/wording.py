"""Fills the definition's sentences with values, for the eye or for the ear. [core]

A sentence with a placeholder that has no value is left out rather than said with a hole in it.
"""

import string
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from knowledge.chunk import sentences
from pipelines.agent.definition import Spoken, placeholders
from pipelines.facts import Channel


def render(line: Spoken, values: Mapping[str, Any], channel: Channel) -> str:
    """The line in the channel's form with its values; empty if nothing can be said without them."""
    text = line.voice if channel == "voice" else line.chat
    return " ".join(_filled(text, values, channel))


def _filled(text: str, values: Mapping[str, Any], channel: Channel) -> Iterator[str]:
    for sentence in sentences(text):
        if all(values.get(name) not in (None, "", [], ()) for name, _ in placeholders(sentence)):
            yield _Form(channel).vformat(sentence, (), values)


class _Form(string.Formatter):
    """Formats `{name:id}`, `{name:money}`, `{name:date}` for a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, list | tuple):
            *most, last = map(str, value)
            return f"{', '.join(most)} and {last}" if most else last
        match format_spec:
            case "id" if self._channel == "voice":
                return " ".join(str(value))
            case "money":
                return _money(value, self._channel)
            case "date":
                return _date(str(value))
        return str(value)


def _money(amount: Any, channel: Channel) -> str:
    """`84.5` as `$84.50`; what is no number as it is."""
    try:
        text = f"${float(amount):,.2f}"
    except (TypeError, ValueError, OverflowError):
        return str(amount)
    return text.removesuffix(".00") if channel == "voice" else text


def _date(text: str) -> str:
    """`2026-11-17` as `November 17`; anything else as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%B} {day.day}"
