"""Fits the weights of `knowledge/index.py`: `python -m tests.knowledge.calibrate MODEL_FOLDER`.

Logistic regression on the tuning questions, covered and not covered counting alike. The articles' `asked`
lines are left out of it: many were written after a tuning question was missed, and would make the weights too
sure. Prints the weights to copy, and the figures on both question sets with the whole articles; only those of
the held-out set say how good the result is.
"""

import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import knowledge
from knowledge.article import Article
from knowledge.elsewhere import Elsewhere
from knowledge.embedding import Embedder, SentenceEmbedder
from knowledge.index import FITTED, Edition, KnowledgeIndex, Weights, build_edition
from knowledge.ingest import read_folder
from tests.knowledge.question_set import Question, load, measure

ARTICLES = Path(knowledge.__file__).parent / "articles"
ROUNDS = 4  # the ranking depends on the weights, so the best matches change once or twice
RIDGE = 1e-3


def main(model: Path) -> None:
    embedder = SentenceEmbedder(model)
    articles = tuple(read_folder(ARTICLES).articles.values())
    bare = build_edition([_without_asked(article) for article in articles], embedder)
    weights = FITTED
    for _ in range(ROUNDS):
        weights = fit(load("tuning"), _index(bare, embedder, weights), embedder)
    index = _index(build_edition(articles, embedder), embedder, weights)
    lines = [str(weights)]
    for name in ("tuning", "held_out"):
        figures = measure(load(name), index.search)
        lines += [f"{name}: {figures}", *(f"    {miss}" for miss in figures.misses)]
    sys.stdout.write("\n".join(lines) + "\n")


def _without_asked(article: Article) -> Article:
    return replace(article, sections=tuple(replace(section, asked=()) for section in article.sections))


def _index(edition: Edition, embedder: Embedder, weights: Weights) -> KnowledgeIndex:
    index = KnowledgeIndex(embedder, weights)
    index.replace(edition)
    return index


def fit(questions: list[Question], index: KnowledgeIndex, embedder: Embedder) -> Weights:
    elsewhere = Elsewhere(embedder)
    evidence = []
    for question in questions:
        best = index.search(question.text, 1)[0]
        likeness = elsewhere.likeness(embedder.embed([question.text])[0])
        other_firm = elsewhere.names_another(question.text, index.edition.words)
        evidence.append((best.semantic, best.lexical, likeness, float(other_firm), 1.0))
    covered = np.array([bool(question.articles) for question in questions])
    found = _logistic_regression(np.array(evidence), covered)
    names = [field.name for field in fields(Weights)]
    return Weights(**{name: round(float(weight), 1) for name, weight in zip(names, found, strict=True)})


def _logistic_regression(evidence: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Newton's method; the last column is the constant, which no ridge holds down."""
    importance = np.where(truth, 0.5 / truth.mean(), 0.5 / (~truth).mean())
    scale = np.append(evidence[:, :-1].std(axis=0), 1.0)
    scaled = evidence / scale
    ridge = np.diag(np.append(np.full(scaled.shape[1] - 1, RIDGE * len(truth)), 0.0))
    weights = np.zeros(scaled.shape[1])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-scaled @ weights))
        curvature = scaled.T @ (scaled * (importance * guess * (1 - guess))[:, None]) + ridge
        weights -= np.linalg.solve(curvature, scaled.T @ (importance * (guess - truth)) + ridge @ weights)
    fitted: NDArray[np.float64] = weights / scale
    return fitted


if __name__ == "__main__":
    main(Path(sys.argv[1]))
