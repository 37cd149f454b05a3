"""How much of a reply was heard."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.heard import HeardText
from pipelines.sentences import Piece

TEXT = "Your parcel will arrive on Tuesday."
SECOND = " Please be at home."


def reply(lead: int = 2, sound: int = 100, tail: int = 8) -> HeardText:
    heard = HeardText()
    for piece in (Piece(TEXT, 0), Piece(SECOND, len(TEXT))):
        heard.begin(piece)
        for loud, frames in ((False, lead), (True, sound), (False, tail)):
            for _ in range(frames):
                heard.add(loud)
        heard.end()
    return heard


def test_nothing_was_heard_before_the_first_sound() -> None:
    assert reply().text_at(0) == ""
    assert reply().text_at(40) == ""


def test_everything_was_heard_at_the_last_sound_though_silence_follows() -> None:
    heard = reply()
    assert heard.text_at(heard.total_ms) == TEXT + SECOND
    assert heard.text_at(2_040) == TEXT


def test_words_are_counted_when_half_of_them_was_heard() -> None:
    assert reply().text_at(1_000) == "Your parcel will"


def test_a_number_takes_as_long_as_its_digits() -> None:
    heard = HeardText()
    heard.begin(Piece("Order 10437 it is", 0))
    for _ in range(100):
        heard.add(True)
    heard.end()
    assert heard.text_at(1_100) == "Order 10437"
    assert heard.text_at(900) == "Order"


def test_a_piece_whose_sound_is_still_coming_is_guessed_at() -> None:
    heard = HeardText()
    heard.begin(Piece(TEXT, 0))
    for _ in range(20):
        heard.add(True)
    assert heard.text_at(400) in ("Your", "Your parcel")


@given(st.integers(0, 6_000), st.integers(0, 6_000))
def test_more_time_never_means_fewer_words(one: int, other: int) -> None:
    heard = reply()
    shorter, longer = heard.text_at(min(one, other)), heard.text_at(max(one, other))
    assert longer.startswith(shorter)
    assert (TEXT + SECOND).startswith(longer)
