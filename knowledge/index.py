"""Answers "which passage answers this question, and do we know at all?" from words and meaning together.

Relies on `lexical` (BM25), an `Embedder`, and `elsewhere` for what no article is about. All evidence goes
through one logistic function, so a score is an estimated probability. Its weights were fitted on labelled
questions by `python -m tests.knowledge.calibrate`; fit them again after changing the embedding model, the
stemming or what is embedded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge.article import Article
from knowledge.chunk import of_section
from knowledge.elsewhere import Elsewhere
from knowledge.embedding import Embedder, Vectors
from knowledge.lexical import LexicalIndex
from knowledge.passage import Match, Passage

COVERED: Final = 0.5
"""A best score below this means that the articles do not cover the question: say so, and offer a person."""

QUERY_CHARACTERS: Final = 1000
"""What is searched of a longer question; the embedding model would not see more either."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each piece of evidence counts, in log-odds."""

    semantic: float
    lexical: float
    elsewhere: float
    other_firm: float
    bias: float


FITTED: Final = Weights(semantic=15.5, lexical=4.7, elsewhere=-13.5, other_firm=-8.6, bias=-3.1)

_LEAD_BONUS: Final = 0.05  # between two passages that fit alike, the direct answer


@dataclass(frozen=True, slots=True)
class Edition:
    """The passages of one moment and what is needed to search them. It never changes."""

    passages: tuple[Passage, ...]
    asked: Vectors
    """The ways to ask for each passage (title and heading, heading, others); shape (ways, dimensions)."""
    first_asked: NDArray[np.intp]
    """For each passage the first of its rows in `asked`; the next passage's first row ends them."""
    bodies: Vectors
    """What each passage says below its title and heading; shape (passages, dimensions)."""
    lead_bonus: Vectors
    """What each passage gains in the ranking; shape (passages,)."""
    words: LexicalIndex


def build_edition(articles: Sequence[Article], embedder: Embedder) -> Edition:
    """Cut the articles into passages, embed and index them. Blocks for about 10 ms a passage that is new.

    Raises:
        EmbeddingUnavailable: the model does not run.
    """
    cut: list[Passage] = []
    ways: list[tuple[str, ...]] = []
    bodies: list[str] = []
    documents: list[str] = []
    for article in articles:
        for section in article.sections:
            about = ". ".join((article.title, *section.headings))
            for passage in of_section(article, section):
                cut.append(passage)
                ways.append((about, *section.headings[-1:], *section.asked))
                bodies.append(f"{about} {passage.text}")
                documents.append(" ".join((about, *article.topics, *section.asked, passage.text)))
    ends = list(accumulate(map(len, ways), initial=0))
    vectors = embedder.embed([*(way for of_passage in ways for way in of_passage), *bodies])
    return Edition(
        passages=tuple(cut),
        asked=vectors[: ends[-1]],
        first_asked=np.array(ends[:-1], dtype=np.intp),
        bodies=vectors[ends[-1] :],
        lead_bonus=np.array([_LEAD_BONUS * passage.lead for passage in cut], dtype=np.float32),
        words=LexicalIndex(documents),
    )


class KnowledgeIndex:
    """The one index that everybody searches; empty at first. Any thread may search while another replaces."""

    def __init__(self, embedder: Embedder, weights: Weights = FITTED) -> None:
        self._embedder = embedder
        self._weights = weights
        self._elsewhere = Elsewhere(embedder)
        self._edition = build_edition((), embedder)

    def __len__(self) -> int:
        """The number of passages."""
        return len(self._edition.passages)

    @property
    def edition(self) -> Edition:
        """What is searched at present."""
        return self._edition

    def replace(self, edition: Edition) -> None:
        """Swap in the next edition; searches under way end on the one that they began with."""
        self._edition = edition

    def leads(self) -> list[Passage]:
        """The direct answers, first paragraphs of their sections, in the order of the articles."""
        return [passage for passage in self._edition.passages if passage.lead]

    def search(self, query: str, limit: int = 3) -> list[Match]:
        """The passages that fit best, best first; none for an empty query or index.

        Blocks for about 6 ms, 40 ms for the longest question, so call it from a worker thread. Whether the
        best is good enough is for the caller to see: compare its score with `COVERED`.

        Raises:
            EmbeddingUnavailable: the model does not run.
        """
        edition = self._edition  # read once: another thread may replace it at any moment
        question = " ".join(query[:QUERY_CHARACTERS].split())
        if not question or not edition.passages or limit < 1:
            return []
        vector = self._embedder.embed([question])[0]
        semantic = _semantic(edition, vector)
        lexical = edition.words.shares(question)
        evidence = self._weights.semantic * semantic + self._weights.lexical * lexical
        doubt = self._doubt(edition, question, vector)
        best = np.argsort(-(evidence + edition.lead_bonus), kind="stable")[:limit]
        return [
            Match(
                edition.passages[place],
                score=float(1 / (1 + np.exp(-evidence[place] - doubt))),
                lexical=float(lexical[place]),
                semantic=float(semantic[place]),
            )
            for place in best
        ]

    def _doubt(self, edition: Edition, question: str, vector: Vectors) -> float:
        """The evidence that is the same for every passage; negative where it speaks against all of them."""
        weights = self._weights
        elsewhere = weights.elsewhere * self._elsewhere.likeness(vector)
        other_firm = weights.other_firm * self._elsewhere.names_another(question, edition.words)
        return elsewhere + other_firm + weights.bias


def _semantic(edition: Edition, vector: Vectors) -> Vectors:
    """For each passage the mean of how alike its best way of asking and its text are to the question."""
    asked = np.maximum.reduceat(edition.asked @ vector, edition.first_asked)
    likeness: Vectors = (asked + edition.bodies @ vector) / np.float32(2)
    return likeness
