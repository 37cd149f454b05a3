"""The fixed sentences."""

from pipelines.phrases import PLACES_SAID, HoldPhrases, Phrases
from pipelines.voice_models import pieces_to_learn


def test_every_phrase_is_a_sentence_that_is_learnt() -> None:
    phrases = Phrases(goodbye="Bye.")
    assert "Bye." in phrases.all()
    assert all(phrase.strip()[-1] in ".?!" for phrase in phrases.all())


def test_a_place_in_the_queue_is_told_unless_it_is_far_behind() -> None:
    hold = HoldPhrases()
    assert hold.position(1) == "You are next."
    assert hold.position(PLACES_SAID) == f"You are number {PLACES_SAID}."
    assert hold.position(PLACES_SAID + 1) == ""
    assert {hold.position(place) for place in range(1, PLACES_SAID + 1)} < set(hold.all())


def test_sentences_for_waiting_callers_are_cut_at_a_mark_only() -> None:
    for phrase in HoldPhrases().all():
        assert all(piece[-1] in ".?!," for piece in pieces_to_learn((phrase,))), phrase
