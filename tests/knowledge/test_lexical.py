import numpy as np
import pytest

from knowledge.lexical import LexicalIndex, terms

DOCUMENTS = [
    "Returns. You can return unused items within 30 days.",
    "Shipping. Standard shipping is free over $75.",
    "Tents. Rent a tent in Portland or Denver.",
]


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("how do I return an item", 0),
        ("RETURNING ITEMS", 0),
        ("within thirty days", 0),
        ("is it shipped free", 1),
        ("renting tents in denver?", 2),
    ],
)
def test_finds_the_document_with_the_words(question: str, document: int) -> None:
    assert int(LexicalIndex(DOCUMENTS).shares(question).argmax()) == document


def test_shares_lie_between_nothing_and_all() -> None:
    index = LexicalIndex(DOCUMENTS)
    for question in (*DOCUMENTS, "tent tent tent", "free " * 500):
        shares = index.shares(question)
        assert shares.shape == (3,)
        assert shares.dtype == np.float32
        assert np.all((shares >= 0) & (shares <= 1))


def test_a_word_that_no_document_has_lowers_every_share() -> None:
    index = LexicalIndex(DOCUMENTS)
    assert index.shares("tent insurance abroad").max() < index.shares("tent").max() / 2


@pytest.mark.parametrize("question", ["", "what is it", "???", "🏔️", "zebra"])
def test_a_question_without_a_known_word_shares_nothing(question: str) -> None:
    assert LexicalIndex(DOCUMENTS).shares(question).tolist() == [0, 0, 0]


@pytest.mark.parametrize("documents", [[], [""], ["the and of"]])
def test_documents_without_words_can_be_searched(documents: list[str]) -> None:
    assert LexicalIndex(documents).shares("tent").tolist() == [0] * len(documents)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shipped", "shipping"),
        ("refunds", "refunding"),
        ("exchange", "exchanges"),
        ("deliveries", "delivery"),
        ("cancelled", "cancelling"),
        ("boxes", "box"),
        ("customer's", "customers"),
        ("thirty", "30"),
    ],
)
def test_forms_of_one_word_meet(one: str, other: str) -> None:
    assert terms(one) == terms(other)


@pytest.mark.parametrize("word", ["dress", "glass", "address"])
def test_a_double_s_is_no_plural(word: str) -> None:
    assert terms(word) == [word]


def test_words_without_meaning_are_left_out() -> None:
    assert terms("um hi, what is your store?") == terms("store")


def test_knows_the_words_of_its_documents() -> None:
    index = LexicalIndex(DOCUMENTS)
    assert index.knows("tents")
    assert not index.knows("walmart")


def test_indexing_says_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    LexicalIndex(DOCUMENTS).shares("tent")
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
