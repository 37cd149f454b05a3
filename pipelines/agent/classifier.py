"""Which of the definition's examples a sentence is nearest to, in meaning, and how much that says.

A class is a workflow or one of `ask`, `chat`, `hand_off`. Its score is the mean cosine of its two nearest
examples; a logistic function of score and lead over the next class gives the confidence. The weights were
fitted on the held-out sentences of `tests/pipelines/agent/sentences.yaml` with
`python -m tests.pipelines.agent.calibrate`. Blocking: about 3 ms a sentence.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.agent.definition import Definition

SURE = 0.7
"From this confidence on we act without asking anybody."
_NEAREST = 2
_SCORE_WEIGHT, _LEAD_WEIGHT, _BIAS = 9.0, 14.0, -5.6
_NUMBER = re.compile(r"\S*\d\S*")


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
        classes |= {
            "ask": definition.examples.ask,
            "chat": definition.examples.chat,
            "hand_off": definition.examples.hand_off,
        }
        self._embedder = embedder
        self._names = list(classes)
        texts = [(place, text) for place, texts in enumerate(classes.values()) for text in texts]
        self._owners = np.array([place for place, _ in texts])
        self._examples = embedder.embed([_masked(text) for _, text in texts])

    def classify(self, texts: Sequence[str]) -> list[list[Guess]]:
        """The classes for each text, best first."""
        vectors = self._embedder.embed([_masked(text) for text in texts])
        return [self._ranked(self._examples @ vector) for vector in vectors]

    def _ranked(self, likeness: NDArray[Any]) -> list[Guess]:
        scores = []
        for place in range(len(self._names)):
            own = np.sort(likeness[self._owners == place])[-_NEAREST:]
            scores.append(float(own.mean()))
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [
            Guess(self._names[place], _confidence(scores[place], _lead(scores, place)), scores[place])
            for place in order
        ]


def _lead(scores: Sequence[float], place: int) -> float:
    """How far a class is ahead of the best other one; negative for all but the first."""
    return scores[place] - max(score for other, score in enumerate(scores) if other != place)


def _confidence(score: float, lead: float) -> float:
    return 1 / (1 + math.exp(-(_SCORE_WEIGHT * score + _LEAD_WEIGHT * lead + _BIAS)))


def _masked(text: str) -> str:
    """Numbers and addresses say nothing about what is wanted."""
    return " ".join(_NUMBER.sub("", text.lower()).replace("#", " ").split()) or text
