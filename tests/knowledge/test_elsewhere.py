from knowledge.elsewhere import Elsewhere
from knowledge.lexical import LexicalIndex
from tests.fakes.hashed_embedder import HashedEmbedder

EMBEDDER = HashedEmbedder()
ELSEWHERE = Elsewhere(EMBEDDER)


def likeness(question: str) -> float:
    return ELSEWHERE.likeness(EMBEDDER.embed([question])[0])


def test_a_question_about_the_world_is_like_its_examples() -> None:
    assert likeness("will it rain tomorrow") > 0.95
    assert likeness("exchange boots size") < 0.5


def test_another_firm_is_noticed_in_any_case_and_form() -> None:
    articles = LexicalIndex(["We sell boots."])
    assert ELSEWHERE.names_another("what is Walmart's return policy", articles)
    assert ELSEWHERE.names_another("cancel netflix", articles)
    assert not ELSEWHERE.names_another("what is your return policy", articles)


def test_a_part_of_a_word_is_no_name() -> None:
    assert not ELSEWHERE.names_another("a targeted reimbursement", LexicalIndex(["boots"]))


def test_a_firm_that_the_articles_mention_is_no_other() -> None:
    assert not ELSEWHERE.names_another("do you take venmo", LexicalIndex(["We take Venmo and cards."]))
