"""Answers questions from the articles, and knows when they do not cover one.

A passage that surely answers is said as it stands: milliseconds, no model. One that probably does is phrased
by the model, whose figures must stand in the passages; where they do not, or the model is down, the passage
is quoted. Below that we do not know, and say so.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from knowledge.chunk import sentences
from knowledge.index import COVERED
from knowledge.passage import Match
from pipelines.agent.definition import Definition
from pipelines.agent.figures import contradicts, unsupported
from pipelines.agent.model import Asked, LanguageModel, Limits, ModelUnavailable
from pipelines.agent.offload import Offload
from pipelines.agent.prompt_texts import ANSWER
from pipelines.agent.wording import render
from pipelines.answer import Basis, Piece, Say
from pipelines.facts import Channel, Cited, Trouble

SURE = 0.72
"From this score on the lead paragraph is the answer."
_BARE_WORDS = 1
"A sentence of no more words is said together with the next one, or not at all."
LIMITS = Limits(first_token_s=6.0, total_s=10.0, tokens=90)
_NEARLY = 0.2
"A direct answer may score so much lower than the best passage and still be the one to quote."
_AS_GOOD = 0.05
"The model reads only what scores nearly as high as the best: from the rest it picks wrong answers."
_SENTENCES = {"voice": 2, "chat": 4}
_PASSAGES = {"voice": 1, "chat": 2}
"What the model reads: a passage costs it about a second on two cores."
_MARKS = re.compile(r"[*`#]+")
_BLANKS = re.compile(r"\s+")


class Knowledge(Protocol):
    """What `knowledge.index.KnowledgeIndex` offers."""

    def search(self, query: str, limit: int = 3) -> list[Match]:
        """The passages that fit best, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What the articles have on a question."""

    question: str
    matches: Sequence[Match]

    @property
    def covered(self) -> bool:
        """Whether the articles answer it at all."""
        return bool(self.matches) and self.matches[0].score >= COVERED

    @property
    def best(self) -> Match:
        """The passage to quote: the best, unless a direct answer is nearly as good. Only if covered."""
        enough = max(COVERED, self.matches[0].score - _NEARLY)
        leads = [match for match in self.matches if match.passage.lead and match.score >= enough]
        return leads[0] if leads else self.matches[0]

    @property
    def certain(self) -> bool:
        """Whether the best passage can be said as it stands."""
        return self.covered and self.best.score >= SURE and self.best.passage.lead


class Grounded:
    """Answers from the articles."""

    def __init__(
        self, definition: Definition, knowledge: Knowledge, offload: Offload, model: LanguageModel | None
    ) -> None:
        self._definition = definition
        self._knowledge = knowledge
        self._offload = offload
        self._model = model

    async def find(self, question: str) -> Finding:
        """What the articles have; raises `EmbeddingUnavailable` or `Unavailable`."""
        return Finding(question, await self._offload(self._knowledge.search, question, 3))

    async def answer(self, finding: Finding, channel: Channel) -> AsyncGenerator[Piece, None]:
        """Say the answer of a finding that is covered, sentence by sentence."""
        if finding.certain or self._model is None:
            async for piece in self._quote(finding, channel, ""):
                yield piece
            return
        enough = max(COVERED, finding.best.score - _AS_GOOD)
        matches = [match for match in finding.matches if match.score >= enough][: _PASSAGES[channel]]
        said = 0
        try:
            async with aclosing(self._phrased(finding.question, matches)) as phrased:
                async for sentence in phrased:
                    if said == 0:
                        yield _basis(matches)
                    said += 1
                    yield Say(sentence)
                    if said >= _SENTENCES[channel]:
                        return
        except ModelUnavailable as error:
            yield Trouble(code=error.code, message="The language model is not available.", retry=True)
        if not said:
            async for piece in self._quote(finding, channel, "quote"):
                yield piece

    async def _quote(self, finding: Finding, channel: Channel, introduce: str) -> AsyncIterator[Piece]:
        best = finding.best
        passage = " ".join(list(sentences(best.passage.text))[: _SENTENCES[channel]])
        yield _basis([best])
        if introduce:
            passage = render(self._definition.phrases.quote, {"passage": passage}, channel)
        yield Say(passage)

    async def _phrased(self, question: str, matches: Sequence[Match]) -> AsyncGenerator[str, None]:
        """The model's sentences as long as their figures stand in the passages."""
        assert self._model is not None
        texts = [match.passage.text for match in matches]
        messages = [
            {"role": "system", "content": ANSWER.format(persona=self._definition.persona)},
            {"role": "user", "content": "\n".join([*texts, f"Question: {question}"])},
        ]
        bare = ""
        async with aclosing(self._model.stream(messages, limits=LIMITS)) as stream:
            async for sentence in whole_sentences(stream):
                # A figure of the question is no evidence: "so I have 90 days?" must not be nodded through.
                if unsupported(sentence, texts) or contradicts(sentence, texts):
                    return
                if "don't know" in sentence.lower():
                    return
                bare = f"{bare} {sentence}".strip()
                if len(bare.split()) > _BARE_WORDS:  # a "Yes." by itself answers nothing
                    yield bare
                    bare = ""


def _basis(matches: Sequence[Match]) -> Basis:
    sources = [(match.passage.id, match.passage.source) for match in matches]
    return Basis(
        "knowledge",
        tuple(
            Cited(passage_id=passage_id, title=source.title, heading=source.heading, article=source.article)
            for passage_id, source in sources
        ),
    )


async def whole_sentences(stream: AsyncIterator[str | Asked]) -> AsyncGenerator[str, None]:
    """A model's words, one plain sentence at a time; markdown marks are dropped, tool calls too."""
    held = ""
    async for piece in stream:
        if isinstance(piece, Asked):
            continue
        # Between sentences stands one blank, also where the model wrote a line break or several.
        held = _BLANKS.sub(" ", held + _MARKS.sub("", piece))
        *complete, held = list(sentences(f"{held}\u0000")) or [""]
        held = held.removesuffix("\u0000")
        for sentence in complete:
            yield " ".join(sentence.split())
    if rest := " ".join(held.split()):
        yield rest
