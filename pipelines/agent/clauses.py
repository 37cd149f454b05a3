"""A model's words as they can be checked and spoken: the first clause of a sentence early, then its rest.

Whoever listens hears the first words after a clause and not after a sentence. Both are checked: the clause by
itself, and the rest together with the clause, for what is false may begin harmlessly.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from knowledge.chunk import sentences
from pipelines.agent.model_answer import Asked

_WORDS = 4
"A clause of fewer words is not worth a breath of its own."
_CLAUSE_END = re.compile(r"[,;:–—](?=\s+\S)")
_DISCLAIMER = re.compile(r"^\s*As an AI\b[\w\s]{0,30},\s+(\w)", re.IGNORECASE)
"Small models begin so. Who we are is said in the greeting, and nobody waits half a second to hear it again."
_MARKS = re.compile(r"[*`#]+")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Part:
    """The first clause of a sentence, the rest of one, or a whole one."""

    text: str
    "What is new; no blanks around it."
    sentence: str
    "The sentence up to here: what has to be true."
    ends: bool
    "Whether the sentence ends here."


async def spoken_parts(stream: AsyncIterator[str | Asked]) -> AsyncGenerator[Part, None]:
    """Plain text: markdown marks are dropped, tool calls too."""
    held = given = ""
    async for piece in stream:
        if isinstance(piece, Asked):
            continue
        # Between sentences stands one blank, also where the model wrote a line break or several.
        held = _BLANKS.sub(" ", held + _MARKS.sub("", piece))
        *complete, held = list(sentences(f"{held}\u0000")) or [""]
        held = held.removesuffix("\u0000")
        for sentence in complete:
            yield _rest(sentence if given else _direct(sentence), given)
            given = ""
        held = held if given else _direct(held)
        if not given and (clause := _first_clause(held)):
            given = clause
            yield Part(clause, clause, ends=False)
    if held.strip():
        yield _rest(held, given)


def _direct(sentence: str) -> str:
    return _DISCLAIMER.sub(lambda match: match[1].upper(), sentence)


def _rest(sentence: str, given: str) -> Part:
    sentence = " ".join(sentence.split())
    return Part(sentence[len(given) :].strip(), sentence, ends=True)


def _first_clause(text: str) -> str:
    """The shortest beginning that ends in a clause and has enough words; empty if there is none yet."""
    text = text.strip()
    ends = (match.end() for match in _CLAUSE_END.finditer(text))
    return next((text[:end] for end in ends if len(text[:end].split()) >= _WORDS), "")
