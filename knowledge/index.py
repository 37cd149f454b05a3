"""Answers "which passage answers this question, and do we know at all?" from words and meaning together.

Relies on `lexical` (BM25) and an `Embedder`. Both likenesses go through one logistic function, so a score is an
estimated probability. Its weights were fitted on labelled questions with `python -m tests.knowledge.calibrate`;
fit them again after changing the embedding model, the stemming or what is embedded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from knowledge.article import Article
from knowledge.chunk import passages
from knowledge.embedding import Embedder, Vectors
from knowledge.lexical import LexicalIndex
from knowledge.passage import Match, Passage

COVERED: Final = 0.5
"""A best score below this means that the articles do not cover the question: say so, and offer a person."""

QUERY_CHARACTERS: Final = 1000
"""What is searched of a longer question: more words than the embedding model can see."""

_SEMANTIC_WEIGHT: Final = 12.0
_LEXICAL_WEIGHT: Final = 4.0
_BIAS: Final = -6.5
_LEAD_BONUS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Edition:
    """The passages of one moment and what is needed to search them. It never changes."""

    passages: tuple[Passage, ...]
    headings: Vectors
    """What each passage is about, its title and headings; shape (passages, dimensions)."""
    bodies: Vectors
    """What each passage says; shape (passages, dimensions)."""
    words: LexicalIndex


def build_edition(articles: Sequence[Article], embedder: Embedder) -> Edition:
    """Cut the articles into passages, embed and index them. Blocks for about 10 ms per passage that is new.

    Raises:
        EmbeddingUnavailable: the model does not run.
    """
    cut = [(article, passage) for article in articles for passage in passages(article)]
    abouts = [_about(passage) for _, passage in cut]
    texts = [passage.text for _, passage in cut]
    vectors = embedder.embed([*abouts, *texts])
    documents = [
        " ".join((about, *article.topics, text))
        for (article, _), about, text in zip(cut, abouts, texts, strict=True)
    ]
    return Edition(
        passages=tuple(passage for _, passage in cut),
        headings=vectors[: len(cut)],
        bodies=vectors[len(cut) :],
        words=LexicalIndex(documents),
    )


class KnowledgeIndex:
    """The one index that everybody searches; empty at first. Any thread may search while another replaces."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._edition = build_edition((), embedder)

    def __len__(self) -> int:
        """The number of passages."""
        return len(self._edition.passages)

    def replace(self, edition: Edition) -> None:
        """Swap in the next edition; searches under way end on the one that they began with."""
        self._edition = edition

    def search(self, query: str, limit: int = 3) -> list[Match]:
        """The passages that fit best, best first; none for an empty query or index.

        Blocks for about 5 ms, so call it from a worker thread. Whether the best is good enough is for the
        caller to see: compare its score with `COVERED`.

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
        evidence = _SEMANTIC_WEIGHT * semantic + _LEXICAL_WEIGHT * lexical + _BIAS
        leads = np.array([passage.lead for passage in edition.passages])
        best = np.argsort(-(evidence + _LEAD_BONUS * leads), kind="stable")[:limit]
        return [
            Match(
                edition.passages[place],
                score=float(1 / (1 + np.exp(-evidence[place]))),
                lexical=float(lexical[place]),
                semantic=float(semantic[place]),
            )
            for place in best
        ]


def _semantic(edition: Edition, vector: Vectors) -> Vectors:
    likeness: Vectors = (edition.headings @ vector + edition.bodies @ vector) / 2
    return likeness


def _about(passage: Passage) -> str:
    return ". ".join(filter(None, (passage.source.title, passage.source.heading)))
