"""What an agent says again and again in the same words, so that a voice may know it by heart. [core]

A sentence of the definition is such words up to its first placeholder, so nothing personal can be in them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from pipelines.agent.definition import Definition, Spoken

FEWEST_WORDS = 4
"A beginning of fewer words is spoken together with the value behind it."


def sayings(definition: Definition) -> list[str]:
    """The beginnings of all spoken sentences of a definition, each once, those outside workflows first."""
    parts = (definition.phrases, definition.identity, definition.workflows)
    leads = [_constant(line.voice) for part in parts for line in _lines(part)]
    return list(dict.fromkeys(filter(None, leads)))


def _lines(part: Any) -> Iterator[Spoken]:
    match part:
        case Spoken():
            yield part
        case BaseModel():
            for name in type(part).model_fields:
                yield from _lines(getattr(part, name))
        case Mapping():
            for value in part.values():
                yield from _lines(value)
        case tuple() | list():
            for value in part:
                yield from _lines(value)


def _constant(text: str) -> str:
    lead, brace, _ = text.partition("{")
    ends_sentence = lead.rstrip()[-1:] in (".", "!", "?")
    return lead if not brace or ends_sentence or len(lead.split()) >= FEWEST_WORDS else _whole_sentences(lead)


def _whole_sentences(lead: str) -> str:
    """What stands before the sentence that a value interrupts."""
    end = max(lead.rfind(mark) for mark in (". ", "! ", "? "))
    return lead[: end + 1]
