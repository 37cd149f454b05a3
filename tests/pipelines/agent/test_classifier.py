from pathlib import Path

import pytest

from knowledge.embedding import SentenceEmbedder
from pipelines.agent.classifier import SURE, Classifier
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.pipelines.agent.calibrate import labelled
from tests.pipelines.agent.stage import SHOP


def test_an_example_is_its_own_class_with_confidence() -> None:
    classifier = Classifier(SHOP, HashedEmbedder())
    for text, name in [("reset my password", "reset_password"), ("tell me a joke", "chat")]:
        best = classifier.classify([text])[0][0]
        assert best.name == name and best.confidence > SURE


def test_words_that_no_example_has_give_no_confidence() -> None:
    best = Classifier(SHOP, HashedEmbedder()).classify(["xyzzy plugh"])[0][0]
    assert best.confidence < 0.3


def test_numbers_change_nothing() -> None:
    classifier = Classifier(SHOP, HashedEmbedder())
    one, other = classifier.classify(
        ["please refund order 10523", "please refund order one one zero four two"]
    )
    assert one == other


def test_kin_do_not_stand_in_each_others_way() -> None:
    classifier = Classifier(SHOP, HashedEmbedder())
    assert classifier.kin("order_status") == classifier.kin("track_parcel") != classifier.kin("refund")


@pytest.mark.models
@pytest.mark.timeout(120)
def test_held_out_sentences_are_understood_and_being_sure_means_being_right(models_folder: Path) -> None:
    classifier = Classifier(SHOP, SentenceEmbedder(models_folder / "minilm"))
    sentences = labelled()
    guesses = [ranked[0] for ranked in classifier.classify([text for text, _ in sentences])]
    known = [(g, name) for g, (_, name) in zip(guesses, sentences, strict=True) if name != "none"]
    right = [g for g, name in known if classifier.kin(g.name) == classifier.kin(name)]
    sure = [(g, name) for g, (_, name) in zip(guesses, sentences, strict=True) if g.confidence >= SURE]
    sure_and_right = [
        g for g, name in sure if name != "none" and classifier.kin(g.name) == classifier.kin(name)
    ]
    assert len(right) / len(known) >= 0.9
    assert len(sure_and_right) / len(sure) >= 0.92
    assert len(sure) / len(sentences) >= 0.5, "a classifier that is never sure is of no use"
