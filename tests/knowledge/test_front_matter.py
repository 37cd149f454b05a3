from datetime import date

import pytest

from knowledge.front_matter import FRONT_MATTER_LINES, FrontMatter, front_matter_end
from knowledge.problem import InvalidArticle

WHOLE = "title: Returns\ntopics: [returns, send back]\nupdated: 2026-03-01"


def test_gives_each_field_as_its_type() -> None:
    front = FrontMatter("a.md", WHOLE)
    assert (front.title(), front.topics(), front.updated()) == (
        "Returns",
        ("returns", "send back"),
        date(2026, 3, 1),
    )
    assert list(front.unknown_fields()) == []


def test_values_are_text_whatever_yaml_would_make_of_them() -> None:
    front = FrontMatter("a.md", "title: 2026\ntopics: [no, 12, null]\nupdated: 2026-03-01")
    assert front.title() == "2026"
    assert front.topics() == ("no", "12", "null")


def test_yaml_cannot_build_objects() -> None:
    front = FrontMatter("a.md", "title: !!python/object/apply:os.getcwd []")
    with pytest.raises(InvalidArticle, match=r"a\.md:2: error: `title` must be one line"):
        front.title()


def test_unknown_fields_are_named_in_order() -> None:
    problems = FrontMatter("a.md", f"zeal: 1\n{WHOLE}\nauthor: me").unknown_fields()
    assert [(problem.line, problem.message.split()[0]) for problem in problems] == [
        (6, "`author`"),
        (2, "`zeal`"),
    ]


def test_the_end_may_stand_on_the_last_line_allowed() -> None:
    lines = ["---", *["a: b"] * FRONT_MATTER_LINES, "---"]
    assert front_matter_end("a.md", lines) == FRONT_MATTER_LINES + 1


@pytest.mark.parametrize("lines", [["text"], [""], ["---", *["a: b"] * (FRONT_MATTER_LINES + 1), "---"]])
def test_a_missing_edge_is_refused(lines: list[str]) -> None:
    with pytest.raises(InvalidArticle, match="---"):
        front_matter_end("a.md", lines)
