"""What is wrong with an article, said so that its author can mend it: file, line, reason."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn


class Severity(StrEnum):
    """What a problem means for its article."""

    ERROR = "error"
    """The article cannot be used."""
    WARNING = "warning"
    """The article is used; its author should look at it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with an article, and where to look."""

    path: str
    """The file, relative to the folder."""
    line: int
    """Counted from 1."""
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.severity}: {self.message}"


class InvalidArticle(ValueError):
    """The author's mistake: the text is no article. Correct the file; there is no use in trying again."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def refuse(path: str, line: int, message: str) -> NoReturn:
    """Raise `InvalidArticle` for that place."""
    raise InvalidArticle(Problem(path, line, message))
