"""Cutting a stream of words into speakable pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sentences import SentenceCutter


def pieces(text: str, chunk: int = 3) -> list[str]:
    cutter = SentenceCutter()
    cut = [p for at in range(0, len(text), chunk) for p in cutter.feed(text[at : at + chunk])]
    return [piece.text for piece in [*cut, *cutter.flush()]]


def test_the_first_piece_comes_at_the_first_clause() -> None:
    assert pieces("Your parcel left our warehouse, and it will arrive on Tuesday. Anything else?") == [
        "Your parcel left our warehouse, ",
        "and it will arrive on Tuesday.",
        " Anything else?",
    ]


def test_the_first_piece_is_there_before_the_sentence_is() -> None:
    cutter = SentenceCutter()
    assert [p.text for p in cutter.feed("I have looked up the order ")] == []
    assert [p.text for p in cutter.feed("that ")] == ["I have looked up the order"]


def test_a_clause_that_is_known_to_end_is_spoken_before_more_words_come() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("As far as I know,") == []
    assert [p.text for p in cutter.end_clause()] == ["As far as I know,"]
    assert cutter.feed(" it is open today.") == []
    assert [(p.text, p.start) for p in cutter.end_clause()] == [(" it is open today.", 17)]
    assert cutter.end_clause() == cutter.flush() == []


@pytest.mark.parametrize(
    ("text", "spoken"), [("Yes,", []), ("Yes.", ["Yes."]), ("Sure!", ["Sure!"]), (" ", [])]
)
def test_a_word_that_ends_no_sentence_waits_for_more(text: str, spoken: list[str]) -> None:
    cutter = SentenceCutter()
    assert cutter.feed(text) == []
    assert [p.text for p in cutter.end_clause()] == spoken


def test_a_long_number_is_long_to_say() -> None:
    assert pieces("Your order number 10437 was shipped yesterday evening.")[0] == "Your order number"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("You can return unused items within 30 days of delivery.", "You can return unused items"),
        (
            "Delivered means that the carrier scanned the parcel at your address.",
            "Delivered means that the carrier",
        ),
        ("A new tracking number can take 24 hours to show its first scan.", "A new tracking number"),
        ("Choose Sign In at the top of the website and then Create Account.", "Choose Sign In at the top"),
        ("The parcel of order 1 0 4 3 7 was delivered on November 17.", "The parcel of order"),
        ("Tell us within 14 days of the delivery scan.", "Tell us within 14 days"),
        ("Shipped means that the carrier has the parcel.", "Shipped means that the carrier has the parcel."),
        ("Yes, as long as it has not shipped.", "Yes, as long as it has not shipped."),
    ],
)
def test_the_first_piece_ends_where_a_voice_may_pause(text: str, first: str) -> None:
    assert pieces(f"{text} Good.", chunk=100)[0] == first


def test_after_a_word_or_two_the_next_piece_is_short_as_well() -> None:
    text = "Yes. Gift wrapping costs five dollars for each item, in recycled paper with a cotton ribbon."
    assert pieces(text, chunk=200)[:2] == ["Yes.", " Gift wrapping costs five dollars"]


def test_a_piece_is_made_while_the_ones_before_it_are_played_so_it_is_only_so_much_longer() -> None:
    text = (
        "Refunds over $500 are handled by a person, "
        + "who looks at what was bought and when, " * 8
        + "really."
    )
    spoken = 0
    for number, piece in enumerate(pieces(text, chunk=1_000)):
        assert not number or len(piece) <= SentenceCutter.GROWTH * spoken
        spoken += len(piece)


def test_no_is_a_word_unless_a_number_follows() -> None:
    assert pieces("No. Nobody here can see your password. Good.")[0] == "No."
    assert pieces("Number: no. 5 it is. Good.", chunk=1)[-2:] == ["Number: no. 5 it is.", " Good."]


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs $3.50 at Dr. Smith's store on Main St. in town.",
        "Ask e.g. J. Doe.",
        "See no. 5 for that.",
        "We close at 5 p.m. today.",
        "Version 3.11.7 runs.",
    ],
)
def test_a_dot_is_not_always_an_end(sentence: str) -> None:
    assert pieces(f"Yes! {sentence} Good.")[-1] == " Good."
    assert "".join(pieces(f"Yes! {sentence} Good.")[1:-1]) == f" {sentence}"


def test_a_sentence_without_end_is_cut_at_a_clause() -> None:
    text = "One, " * 200
    assert all(len(piece) <= SentenceCutter.LONGEST for piece in pieces(text))
    assert "".join(pieces(text)).strip() == text.strip()


def test_a_word_without_end_is_cut_too() -> None:
    assert all(len(piece) <= SentenceCutter.LONGEST for piece in pieces("x" * 1_000))


def test_line_breaks_end_a_piece() -> None:
    assert pieces("- one\n- two\n") == ["- one\n", "- two\n"]


def test_marks_alone_are_not_spoken() -> None:
    assert pieces("Well. ... !") == ["Well."]


@given(st.text(alphabet="ab .,!?\n1", max_size=400), st.integers(1, 9))
def test_pieces_keep_their_place_in_the_text(text: str, chunk: int) -> None:
    cutter = SentenceCutter()
    cut = [p for at in range(0, len(text), chunk) for p in cutter.feed(text[at : at + chunk])]
    for piece in [*cut, *cutter.flush()]:
        assert text[piece.start : piece.end] == piece.text
