"""Tells that a question is about something else: the weather, the news, another firm.

Likeness to our articles alone cannot: a question about another shop's return policy is very like one about
ours. Relies on `elsewhere.yaml`, such questions and names of firms, which serve any folder of articles.
"""

import re
from pathlib import Path

import yaml

from knowledge.embedding import Embedder, Vectors
from knowledge.lexical import LexicalIndex

_EXAMPLES = Path(__file__).with_name("elsewhere.yaml")
_WORD = re.compile(r"[a-z0-9]+")


class Elsewhere:
    """What is known of the world outside the articles."""

    def __init__(self, embedder: Embedder) -> None:
        examples = yaml.safe_load(_EXAMPLES.read_text(encoding="utf-8"))
        self._names = frozenset(examples["names"])
        self._questions = embedder.embed(examples["questions"])

    def likeness(self, vector: Vectors) -> float:
        """The cosine of the question's vector with the most similar question about something else."""
        return float((self._questions @ vector).max())

    def names_another(self, question: str, articles: LexicalIndex) -> bool:
        """Whether the question names a firm that the articles never mention."""
        named = self._names.intersection(_WORD.findall(question.lower()))
        return any(not articles.knows(name) for name in named)
