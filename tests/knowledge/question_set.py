"""Labelled questions to the demo articles, and the figures that say how well an index answers them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.index import COVERED
from knowledge.passage import Match

FOLDER = Path(__file__).parent / "question_sets"


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    articles: frozenset[str]
    """The slugs of the articles that answer it; none where it is not covered."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a search makes of a question set."""

    top_1: float
    """The share of the covered questions whose best match is from a right article."""
    answered: float
    """The share of the covered questions whose best match is right *and* accepted: recall."""
    precision: float
    """Of all accepted questions the share that is covered and matched rightly."""
    falsely_accepted: float
    """The share of the questions not covered whose best match is accepted."""
    misses: tuple[str, ...]
    """A line for each question that went wrong."""

    def __str__(self) -> str:
        return (
            f"top-1 {self.top_1:.1%}, answered {self.answered:.1%}, precision {self.precision:.1%}, "
            f"falsely accepted {self.falsely_accepted:.1%}"
        )


def load(name: str) -> list[Question]:
    content = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    covered = [
        Question(text, frozenset(slugs.split(" or ")))
        for slugs, texts in content["covered"].items()
        for text in texts
    ]
    return covered + [Question(text, frozenset()) for text in content["not_covered"]]


def measure(questions: list[Question], search: Callable[[str], list[Match]]) -> Figures:
    covered, accepted, right, answered, false = 0, 0, 0, 0, 0
    misses = []
    for question in questions:
        best = search(question.text)[0]
        is_right = best.passage.source.article in question.articles
        is_accepted = best.score >= COVERED
        covered += bool(question.articles)
        accepted += is_accepted
        right += is_right
        answered += is_right and is_accepted
        false += is_accepted and not question.articles
        if (is_accepted and not is_right) or (question.articles and not (is_right and is_accepted)):
            wanted = " or ".join(sorted(question.articles)) or "nothing"
            misses.append(f"{best.score:.2f} {question.text!r}: {best.passage.id}, wanted {wanted}")
    return Figures(
        top_1=right / covered,
        answered=answered / covered,
        precision=answered / accepted,
        falsely_accepted=false / (len(questions) - covered),
        misses=tuple(misses),
    )
