from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.article import BlockKind, Section, parse_article, slugify
from knowledge.problem import InvalidArticle, Problem, Severity
from tests.knowledge.shelf import article


def refusal(text: str, path: str = "returns.md") -> Problem:
    with pytest.raises(InvalidArticle) as refused:
        parse_article(path, text)
    return refused.value.problem


def sections(body: str) -> tuple[Section, ...]:
    return parse_article("returns.md", article(body)).sections


def texts(body: str) -> list[str]:
    return [block.text for section in sections(body) for block in section.blocks]


def test_reads_the_front_matter() -> None:
    text = "---\ntitle: Return policy\ntopics: [returns, send back]\nupdated: 2026-03-01\n---\nYes."
    read = parse_article("shop/Return Policy.md", text)
    assert read.slug == "return-policy"
    assert read.path == "shop/Return Policy.md"
    assert read.title == "Return policy"
    assert read.topics == ("returns", "send back")
    assert read.updated == date(2026, 3, 1)
    assert read.warnings == ()


@pytest.mark.parametrize(
    ("front", "line", "says"),
    [
        ("topics: [a]\nupdated: 2026-03-01", 1, "lacks `title`"),
        ("title: A\nupdated: 2026-03-01", 1, "lacks `topics`"),
        ("title: A\ntopics: [a]", 1, "lacks `updated`"),
        ("title: A\ntopics: a, b\nupdated: 2026-03-01", 3, "must be a list"),
        ("title: A\ntopics: []\nupdated: 2026-03-01", 3, "must be a list"),
        ("title: A\ntopics: [[a]]\nupdated: 2026-03-01", 3, "must be a list"),
        ("title: A\ntopics: [a]\nupdated: yesterday", 4, "must be a date"),
        ("title: A\ntopics: [a]\nupdated: 2026-02-30", 4, "must be a date"),
        ("title:\ntopics: [a]\nupdated: 2026-03-01", 2, "one line of text"),
        ("title: {a: b}\ntopics: [a]\nupdated: 2026-03-01", 2, "one line of text"),
        ("title: A\ntitle: B\ntopics: [a]\nupdated: 2026-03-01", 3, "given twice"),
        ("title: A\ntopics: [a\nupdated: 2026-03-01", 4, "not YAML"),
        ("title: A: B\ntopics: [a]", 2, "not YAML"),
        ("title: @\ntopics: [a]", 2, "not YAML"),
        ("just words", 1, "must give title, topics, updated"),
        ("", 1, "must give title, topics, updated"),
        ("[" * 5000, 1, "not YAML"),
        ("title: *nowhere", 2, "not YAML"),
    ],
)
def test_names_the_line_of_a_mistake_in_the_front_matter(front: str, line: int, says: str) -> None:
    problem = refusal(f"---\n{front}\n---\nText.")
    assert (problem.path, problem.line) == ("returns.md", line)
    assert says in problem.message
    assert problem.severity is Severity.ERROR


def test_refuses_text_without_front_matter() -> None:
    assert "must come first" in refusal("# Returns\n\nText.").message


def test_refuses_front_matter_without_an_end() -> None:
    problem = refusal("---\ntitle: Returns\n" + "word\n" * 500)
    assert problem.line == 1
    assert "no closing" in problem.message


def test_refuses_an_article_without_text() -> None:
    assert "no text" in refusal(article("\n## Heading\n\n")).message


def test_refuses_control_characters_and_names_their_line() -> None:
    problem = refusal(article("Fine.\nBell \x07 here."))
    assert problem.line == 7
    assert "control characters" in problem.message


def test_refuses_a_file_name_without_letters() -> None:
    assert "slug" in refusal(article("Text."), path="---.md").message


def test_an_unknown_field_is_a_warning_on_its_line() -> None:
    text = "---\ntitle: A\nauthor: me\ntopics: [a]\nupdated: 2026-03-01\n---\nText."
    (warning,) = parse_article("a.md", text).warnings
    assert (warning.line, warning.severity) == (3, Severity.WARNING)
    assert "`author`" in warning.message


def test_sections_know_the_headings_above_them() -> None:
    found = sections("Intro.\n# Refunds\nA.\n## Large ones\nB.\n### Abroad\nC.\n## Small ones\nD.\n")
    assert [section.headings for section in found] == [
        (),
        ("Refunds",),
        ("Refunds", "Large ones"),
        ("Refunds", "Large ones", "Abroad"),
        ("Refunds", "Small ones"),
    ]


def test_sections_know_their_line() -> None:
    assert [section.line for section in sections("## A\n\nText.\n\n## B\n\nText.")] == [6, 10]


def test_equal_headings_get_different_anchors() -> None:
    anchors = [section.anchor for section in sections("## How?\nA.\n## How?\nB.\n## ???\nC.\n")]
    assert anchors == ["how", "how-2", "section"]


@pytest.mark.parametrize(("line", "heading"), [("## A ##", "A"), ("# C#", "C#"), ("### *B*", "B")])
def test_a_heading_is_its_text_alone(line: str, heading: str) -> None:
    assert sections(f"{line}\nText.")[0].headings == (heading,)


def test_lines_of_one_paragraph_are_joined() -> None:
    assert texts("One line\nand another.\n\nA second paragraph.") == [
        "One line and another.",
        "A second paragraph.",
    ]


def test_every_list_item_is_a_block() -> None:
    (section,) = sections("You need:\n- a box\n  with a lid\n- tape\n1. patience\n")
    assert [(block.kind, block.text) for block in section.blocks] == [
        (BlockKind.PARAGRAPH, "You need:"),
        (BlockKind.LIST, "a box with a lid"),
        (BlockKind.LIST, "tape"),
        (BlockKind.LIST, "patience"),
    ]


def test_every_table_row_names_its_columns() -> None:
    table = "| Method | Cost |\n|:---|---:|\n| Standard | free |\n| Express | $15 |\n| Drone | |\n"
    assert texts(table) == [
        "Method: Standard; Cost: free",
        "Method: Express; Cost: $15",
        "Method: Drone",
    ]


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("**Thirty** *days* __from__ _delivery_", "Thirty days from delivery"),
        ("See [our page](https://x.example/y) now", "See our page now"),
        ("![a boot](boot.png) fits", "a boot fits"),
        ("Use `CODE10` today", "Use CODE10 today"),
        ("Visit <https://x.example>", "Visit https://x.example"),
        ("One<br>two<!-- hidden -->", "One two"),
        (r"5 \* 3", "5 * 3"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("> quoted text", "quoted text"),
    ],
)
def test_inline_markup_is_taken_off(source: str, plain: str) -> None:
    assert texts(source) == [plain]


def test_a_heading_in_a_fence_is_text() -> None:
    (section,) = sections("Run this:\n```\n# comment\n```\nDone.")
    assert [block.text for block in section.blocks] == ["Run this:", "# comment", "Done."]


def test_other_ways_to_ask_are_read_and_not_shown() -> None:
    (section,) = sections("## How?\n<!-- asked: what is the way; tell me how;; -->\nSo.")
    assert section.asked == ("what is the way", "tell me how")
    assert [block.text for block in section.blocks] == ["So."]


def test_windows_line_ends_do_not_matter() -> None:
    text = article("## A\n\nText.\n")
    assert parse_article("a.md", text.replace("\n", "\r\n")) == parse_article("a.md", text)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("## A\n\n" + "word " * 46, "46 words are over 45"),
        ("## A\n\nThis is **bold**.", "no markup"),
        ("## A\n\n- item", "opens with a list"),
        ("## A\n\n| a | b |\n|---|---|\n| 1 | 2 |", "opens with a table"),
    ],
)
def test_warns_of_a_first_paragraph_that_cannot_be_read_out(body: str, says: str) -> None:
    (warning,) = parse_article("a.md", article(body)).warnings
    assert says in warning.message
    assert warning.severity is Severity.WARNING


def test_forty_five_words_can_be_read_out() -> None:
    assert parse_article("a.md", article("## A\n\n" + "word " * 45)).warnings == ()


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("How long do I have?", "how-long-do-i-have"),
        ("Café & Crème", "cafe-creme"),
        ("It's", "its"),
        ("?", ""),
    ],
)
def test_a_slug_is_fit_for_links(text: str, slug: str) -> None:
    assert slugify(text) == slug


@pytest.mark.parametrize(
    "unit", ["*", "[", "[a](", "<", "`", "_", "<!--", "|", "#", "- ", "\\", "> ", "((", "![a]"]
)
def test_hostile_repetition_is_read_in_reasonable_time(unit: str) -> None:
    """Two seconds would be quadratic; the suite's limit of 20 s a test is what fails here."""
    hostile = unit * (100_000 // len(unit)) + "x"
    parse_article("a.md", article(f"Text. {hostile}\n\n# {hostile}\n\nText."))


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, article(text)):
        try:
            assert parse_article("a.md", candidate).sections
        except InvalidArticle as error:
            assert 1 <= error.problem.line <= candidate.count("\n") + candidate.count("\r") + 2
