"""The fixed sentences."""

from pipelines.phrases import Phrases


def test_every_phrase_is_a_sentence_that_is_learnt() -> None:
    phrases = Phrases(goodbye="Bye.")
    assert "Bye." in phrases.all()
    assert all(phrase.strip()[-1] in ".?!" for phrase in phrases.all())
