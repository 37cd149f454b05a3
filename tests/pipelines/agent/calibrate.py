"""Fits the classifier's confidence on the held-out sentences and prints the weights for `classifier.py`.

    python -m tests.pipelines.agent.calibrate [FOLDER OF MODELS]

Logistic regression of "the first class is right" on score and lead, by Newton's method with a small ridge.
"""

import sys
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from knowledge.embedding import SentenceEmbedder
from pipelines.agent.classifier import Classifier
from pipelines.agent.definition_file import load_definition

SENTENCES = Path(__file__).with_name("sentences.yaml")
DEFINITION = Path(__file__).parents[3] / "pipelines" / "agent" / "definitions" / "shop.yaml"


def labelled() -> list[tuple[str, str]]:
    """Sentence and class, in the order of the file."""
    classes: dict[str, list[str]] = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    return [(text, name) for name, texts in classes.items() for text in texts]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.home() / ".cache" / "warmline" / "models"
    definition = load_definition(DEFINITION)
    classifier = Classifier(definition, SentenceEmbedder(folder / "minilm"))
    rows, right = [], []
    for (text, name), guesses in zip(
        labelled(), classifier.classify([t for t, _ in labelled()]), strict=True
    ):
        best = guesses[0]
        ok = name != "none" and classifier.kin(best.name) == classifier.kin(name)
        lead = best.score - max(
            g.score for g in guesses if classifier.kin(g.name) != classifier.kin(best.name)
        )
        rows.append([best.score, lead, 1.0])
        right.append(float(ok))
        mark = " " if ok else "X"
        print(f"{mark} {best.confidence:.2f} {best.score:.2f} {lead:+.2f} {best.name:15} {name:15} {text}")  # noqa: T201
    weights = _fitted(np.array(rows), np.array(right))
    print(f"right: {np.mean(right):.1%} of {len(right)}; score, lead, bias: {np.round(weights, 1)}")  # noqa: T201


def _fitted(rows: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros(rows.shape[1])
    ridge = np.diag([0.01, 0.01, 0.0])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (right - likely) - ridge @ weights
        curvature = (rows * (likely * (1 - likely))[:, None]).T @ rows + ridge
        weights += np.linalg.solve(curvature, gradient)
    return weights


if __name__ == "__main__":
    main()
