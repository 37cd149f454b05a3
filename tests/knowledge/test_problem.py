import pytest

from knowledge.problem import InvalidArticle, Problem, Severity, refuse


def test_a_problem_reads_as_file_line_severity_message() -> None:
    assert str(Problem("a.md", 3, "is wrong")) == "a.md:3: error: is wrong"
    assert str(Problem("a.md", 3, "is odd", Severity.WARNING)) == "a.md:3: warning: is odd"


def test_a_refusal_carries_its_problem() -> None:
    with pytest.raises(InvalidArticle, match=r"a\.md:3: error: is wrong") as refused:
        refuse("a.md", 3, "is wrong")
    assert refused.value.problem == Problem("a.md", 3, "is wrong")
