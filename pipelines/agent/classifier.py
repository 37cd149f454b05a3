"""Which of the definition's examples a sentence is nearest to, in meaning, and how much that says.

A class is a workflow or one of `ask`, `chat`, `hand_off`. Its score is the mean cosine of its two nearest
examples; a logistic function of score and lead over the next class gives the confidence. Workflows of one
`kin` do not count against each other: either will do. The weights were fitted with
`python -m tests.pipelines.agent.calibrate`. Blocking: about 3 ms a sentence.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.agent.definition import Definition
from pipelines.agent.values import wish

SURE = 0.75
"From this confidence on we act without asking anybody."
_NEAREST = 2
_SCORE_WEIGHT, _LEAD_WEIGHT, _BIAS = 10.3, 7.7, -4.1


class Embedder(Protocol):
    """What `knowledge.embedding.SentenceEmbedder` offers."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 per text."""
        ...


@dataclass(frozen=True, slots=True)
class Guess:
    """A class and the estimated probability that it is right."""

    name: str
    confidence: float
    score: float
    "Likeness to the nearest examples, cosine."


class Classifier:
    """Nearest examples. Building it embeds them all: about a second."""

    def __init__(self, definition: Definition, embedder: Embedder) -> None:
        classes: dict[str, Sequence[str]] = {
            name: workflow.examples for name, workflow in definition.workflows.items()
        }
        self._kin = [workflow.kin or name for name, workflow in definition.workflows.items()]
        for name in ("ask", "chat", "hand_off"):
            classes[name] = getattr(definition.examples, name)
            self._kin.append(name)
        self._embedder = embedder
        self._names = list(classes)
        texts = [(place, text) for place, texts in enumerate(classes.values()) for text in texts]
        self._owners = np.array([place for place, _ in texts])
        self._examples = embedder.embed([wish(text) or text for _, text in texts])

    def classify(self, texts: Sequence[str]) -> list[list[Guess]]:
        """The classes for each text, best first."""
        vectors = self._embedder.embed([wish(text) or text for text in texts])
        return [self._ranked(self._examples @ vector) for vector in vectors]

    def kin(self, name: str) -> str:
        """What a class counts as when another is held against it."""
        return self._kin[self._names.index(name)]

    def _ranked(self, likeness: NDArray[Any]) -> list[Guess]:
        places = range(len(self._names))
        scores = [float(np.sort(likeness[self._owners == place])[-_NEAREST:].mean()) for place in places]
        return [
            Guess(self._names[place], _confidence(scores[place], self._lead(scores, place)), scores[place])
            for place in sorted(places, key=lambda place: -scores[place])
        ]

    def _lead(self, scores: Sequence[float], place: int) -> float:
        """How far a class is ahead of the best one that is not its kin; negative if behind."""
        others = [score for other, score in enumerate(scores) if self._kin[other] != self._kin[place]]
        return scores[place] - max(others)


def _confidence(score: float, lead: float) -> float:
    return 1 / (1 + math.exp(-(_SCORE_WEIGHT * score + _LEAD_WEIGHT * lead + _BIAS)))
