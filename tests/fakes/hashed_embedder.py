"""An embedder without a model: texts that share words are alike. Remembers what it was asked."""

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from knowledge.embedding import DIMENSIONS, Vectors

_WORD = re.compile(r"[^\W_]+")


class HashedEmbedder:
    """Each word is a fixed random direction; a text is the sum of its words."""

    def __init__(self) -> None:
        self.embedded: list[str] = []
        """Every text that was asked for, in order."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in ["", *_WORD.findall(text.lower())]:  # "" so that no text is without direction
                vectors[row] += _direction(word)
            vectors[row] /= np.linalg.norm(vectors[row])
        return vectors


def _direction(word: str) -> Vectors:
    seed = int.from_bytes(sha256(word.encode()).digest()[:8], "big")
    direction: Vectors = np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
    return direction * np.float32(0.1 if not word else 1)
