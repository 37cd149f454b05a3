import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.article import parse_article
from knowledge.chunk import PASSAGE_WORDS, passages, sentences
from knowledge.passage import Passage
from tests.knowledge.shelf import article


def cut(body: str) -> tuple[Passage, ...]:
    return passages(parse_article("shop/returns.md", article(body)))


def test_the_first_paragraph_is_the_lead_and_the_rest_is_packed() -> None:
    lead, rest = cut("## How long?\n\nThirty days.\n\nThey count from delivery.\n\nNot from the order.\n")
    assert (lead.text, lead.lead) == ("Thirty days.", True)
    assert (rest.text, rest.lead) == ("They count from delivery. Not from the order.", False)


def test_a_passage_says_where_it_is_from() -> None:
    (passage,) = cut("# Rules\n## How long?\n\nThirty days.")
    source = passage.source
    assert (source.article, source.title, source.path) == ("returns", "Returns", "shop/returns.md")
    assert (source.heading, source.anchor) == ("Rules > How long?", "how-long")


def test_ids_name_the_place_and_survive_edits_elsewhere() -> None:
    before = cut("## A\n\nOne.\n\nTwo.\n\n## B\n\nThree.")
    after = cut("## A\n\nChanged.\n\nTwo.\n\nMore.\n\n## B\n\nThree.")
    assert [passage.id for passage in before] == ["returns#a/1", "returns#a/2", "returns#b/1"]
    assert [passage.id for passage in after] == [passage.id for passage in before]


def test_text_before_any_heading_has_a_passage_too() -> None:
    (passage,) = cut("Hello.")
    assert passage.id == "returns/1"
    assert passage.lead


def test_a_section_that_opens_with_a_list_has_no_lead() -> None:
    (passage,) = cut("## A\n\n- a box\n- tape\n")
    assert passage.text == "a box. tape."
    assert not passage.lead


def test_list_items_and_rows_end_as_sentences() -> None:
    _, rest = cut("## A\n\nYou need this.\n\nBring:\n- a box\n- tape!\n\n| A | B |\n|---|---|\n| 1 | 2 |\n")
    assert rest.text == "Bring: a box. tape! A: 1; B: 2."


def test_a_heading_without_text_has_no_passage() -> None:
    assert [passage.source.anchor for passage in cut("## A\n\n## B\n\nText.")] == ["b"]


def test_passages_stay_below_their_length() -> None:
    found = cut("## A\n\nLead.\n\n" + "This sentence has six plain words. " * 60)
    assert len(found) > 3
    assert all(len(passage.text.split()) <= PASSAGE_WORDS for passage in found)


def test_a_long_lead_goes_on_in_the_next_passage() -> None:
    first, second = cut("## A\n\n" + "This sentence has six plain words. " * 20)
    assert first.lead
    assert not second.lead


def test_one_sentence_is_never_cut() -> None:
    (passage,) = cut("## A\n\n" + "word " * 200 + "end.")
    assert len(passage.text.split()) == 201


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs $3.50. Pay now.", ["It costs $3.50.", "Pay now."]),
        ("Open at 8 a.m. Pacific time. Closed later.", ["Open at 8 a.m. Pacific time.", "Closed later."]),
        ('He said "No." Then left.', ['He said "No."', "Then left."]),
        ("Use e.g. Wool. Or down.", ["Use e.g. Wool.", "Or down."]),
        ("version 2.0 is out. 30 days.", ["version 2.0 is out.", "30 days."]),
        ("Wait... what", ["Wait... what"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@given(st.lists(st.from_regex(r"[A-Z][a-z]{1,8}( [a-z]{1,8}){0,30}[.!?]", fullmatch=True), max_size=30))
def test_no_word_is_lost_or_doubled(written: list[str]) -> None:
    text = " ".join(written)
    assert " ".join(sentences(text)) == text
    found = cut(f"## A\n\nLead.\n\n{text}") if written else ()
    assert " ".join(passage.text for passage in found[1:]) == text
