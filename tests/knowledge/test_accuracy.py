"""How well the demo articles answer everyday questions with the real embedding model."""

from pathlib import Path

import pytest

import knowledge
from knowledge.embedding import SentenceEmbedder
from knowledge.index import KnowledgeIndex
from knowledge.library import Library
from tests.knowledge.question_set import load, measure

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]
ARTICLES = Path(knowledge.__file__).parent / "articles"


@pytest.fixture(scope="module")
def index(models_folder: Path) -> KnowledgeIndex:
    library = Library(ARTICLES, SentenceEmbedder(models_folder / "minilm"))
    library.refresh()
    return library.index


def test_the_question_sets_are_large_enough_and_do_not_overlap() -> None:
    held_out, tuning = load("held_out"), load("tuning")
    assert sum(bool(question.articles) for question in held_out) >= 60
    assert sum(not question.articles for question in held_out) >= 40
    assert not {question.text for question in held_out} & {question.text for question in tuning}


def test_every_expected_article_exists(index: KnowledgeIndex) -> None:
    slugs = {passage.source.article for passage in index.edition.passages}
    for question in load("held_out") + load("tuning"):
        assert question.articles <= slugs


@pytest.mark.parametrize("name", ["held_out", "tuning"])
def test_questions_are_answered_rightly_or_not_at_all(index: KnowledgeIndex, name: str) -> None:
    figures = measure(load(name), index.search)
    report = "\n".join((str(figures), *figures.misses))
    assert figures.top_1 >= 0.9, report
    assert figures.answered >= 0.88, report
    assert figures.precision >= 0.86, report
    assert figures.falsely_accepted <= (0.1 if name == "held_out" else 0.12), report


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is your return policy?", "within 30 days of delivery"),
        ("i want a refund of six hundred dollars who decides that", "handled by a person"),
        ("how much is express shipping", "$15"),
        ("can i cancel my order", "as long as it has not shipped"),
        ("what are your store hours", "Portland is open"),
    ],
)
def test_the_best_match_of_a_core_question_is_its_direct_answer(
    index: KnowledgeIndex, question: str, answer: str
) -> None:
    best = index.search(question)[0]
    assert answer in best.passage.text
    assert best.passage.lead
