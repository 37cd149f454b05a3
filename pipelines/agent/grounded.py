"""Answers questions from the articles, and knows when they do not cover one.

A passage that surely answers is said as it stands: milliseconds, no model. One that probably does is phrased
by the model, if it is one that can: its figures must stand in the passages, and where they do not, or the
model is down, the passage is quoted as what we found. Below that we do not know, and say so.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from prometheus_client import Counter

from knowledge.chunk import sentences
from knowledge.index import COVERED
from knowledge.passage import Match, Passage
from pipelines.agent.answer_cache import AnswerCache, cache_key
from pipelines.agent.clauses import Part, spoken_parts
from pipelines.agent.definition import Definition
from pipelines.agent.figures import contradicts, unsupported
from pipelines.agent.language_model import LanguageModel, Limits, Message, ModelUnavailable
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
_ANSWERS = Counter(
    "warmline_answer_cache_total",
    "Answers that the model had to phrase (miss) or had before (hit).",
    ["outcome"],
)
_SENTENCES = {"voice": 2, "chat": 4}
_PASSAGES = {"voice": 1, "chat": 2}
"What the model reads: a passage costs it about a second on two cores."


class Knowledge(Protocol):
    """What `knowledge.index.KnowledgeIndex` offers."""

    def search(self, query: str, limit: int = 3) -> list[Match]:
        """The passages that fit best, best first."""
        ...

    def leads(self) -> Sequence[Passage]:
        """The passages that may be said as they stand."""
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
    """Answers from the articles. Without a `model` every answer is a quotation."""

    def __init__(
        self, definition: Definition, knowledge: Knowledge, offload: Offload, model: LanguageModel | None
    ) -> None:
        self._definition = definition
        self._knowledge = knowledge
        self._offload = offload
        self._model = model
        self._answers = AnswerCache()

    async def find(self, question: str) -> Finding:
        """What the articles have; raises `EmbeddingUnavailable` or `Unavailable`."""
        return Finding(question, await self._offload(self._knowledge.search, question, 3))

    def quotes(self, channel: Channel) -> list[str]:
        """What is said as it stands of the passages that surely answer something."""
        return [_quoted(passage, channel) for passage in self._knowledge.leads()]

    async def answer(
        self, finding: Finding, channel: Channel, session_id: str = ""
    ) -> AsyncGenerator[Piece, None]:
        """Say the answer of a finding that is covered, as it comes."""
        said: list[Part] = []
        if self.phrases(finding):
            try:
                async with aclosing(self._in_own_words(finding, channel, session_id, said)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ModelUnavailable as error:
                yield Trouble(code=error.code, message="The language model is not available.", retry=True)
        if not said or not said[-1].ends:
            for piece in self._quote(finding, channel):
                yield piece

    async def _in_own_words(
        self, finding: Finding, channel: Channel, session_id: str, said: list[Part]
    ) -> AsyncGenerator[Piece, None]:
        """The model's answer, or what it said before, as far as it may be said; adds that to `said`."""
        matches = _readable(finding, channel)
        key = cache_key(finding.question, [match.passage.text for match in matches], channel)
        known = self._answers.get(key)
        _ANSWERS.labels("hit" if known else "miss").inc()
        if known:
            yield _basis(matches)
            for part in known:
                said.append(part)
                yield Say(part.text)
            return
        async with aclosing(self._phrased(finding, matches, session_id)) as phrased:
            async for part in phrased:
                if not said:
                    yield _basis(matches)
                said.append(part)
                yield Say(part.text)
                if sum(each.ends for each in said) >= _SENTENCES[channel]:
                    break
        if said and said[-1].ends:
            self._answers.put(key, said)

    async def read_ahead(self, finding: Finding, channel: Channel, session_id: str) -> None:
        """Have the model read what an answer to the finding would begin with."""
        if self.phrases(finding):
            assert self._model is not None
            messages = self._messages(finding.question, _readable(finding, channel))
            await self._model.read_ahead(messages, session_id=session_id)

    def phrases(self, finding: Finding) -> bool:
        """Whether the model has a say in the answer."""
        return self._model is not None and finding.covered and not finding.certain

    def _quote(self, finding: Finding, channel: Channel) -> Iterator[Piece]:
        best = finding.best
        passage = _quoted(best.passage, channel)
        yield _basis([best])
        if not finding.certain:
            passage = render(self._definition.phrases.quote, {"passage": passage}, channel)
        yield Say(passage)

    def _messages(self, question: str, matches: Sequence[Match]) -> list[Message]:
        texts = [match.passage.text for match in matches]
        return [
            {"role": "system", "content": ANSWER.format(persona=self._definition.persona)},
            {"role": "user", "content": "\n".join([*texts, f"Question: {question}"])},
        ]

    async def _phrased(
        self, finding: Finding, matches: Sequence[Match], session_id: str
    ) -> AsyncGenerator[Part, None]:
        """The model's words as long as their figures stand in the passages."""
        assert self._model is not None
        texts = [match.passage.text for match in matches]
        messages = self._messages(finding.question, matches)
        bare = ""
        words = self._model.stream(messages, limits=LIMITS, session_id=session_id)
        async with aclosing(words) as stream, aclosing(spoken_parts(stream)) as parts:
            async for part in parts:
                # A figure of the question is no evidence: "so I have 90 days?" must not be nodded through.
                if unsupported(part.sentence, texts) or contradicts(part.sentence, texts):
                    return
                if "don't know" in part.sentence.lower():
                    return
                if part.ends and len(part.sentence.split()) <= _BARE_WORDS:
                    bare = f"{bare} {part.text}".strip()  # a "Yes." by itself answers nothing
                    continue
                yield replace(part, text=f"{bare} {part.text}".strip())
                bare = ""


def _readable(finding: Finding, channel: Channel) -> Sequence[Match]:
    """What the model is given to read."""
    enough = max(COVERED, finding.best.score - _AS_GOOD)
    return [match for match in finding.matches if match.score >= enough][: _PASSAGES[channel]]


def _quoted(passage: Passage, channel: Channel) -> str:
    return " ".join(list(sentences(passage.text))[: _SENTENCES[channel]])


def _basis(matches: Sequence[Match]) -> Basis:
    sources = [(match.passage.id, match.passage.source) for match in matches]
    return Basis(
        "knowledge",
        tuple(
            Cited(passage_id=passage_id, title=source.title, heading=source.heading, article=source.article)
            for passage_id, source in sources
        ),
    )
