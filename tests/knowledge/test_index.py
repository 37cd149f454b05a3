from collections.abc import Sequence

import pytest

from knowledge.article import Article, parse_article
from knowledge.embedding import EmbeddingUnavailable, Vectors
from knowledge.index import QUERY_CHARACTERS, KnowledgeIndex, Weights, build_edition
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.knowledge.shelf import article

RETURNS = parse_article(
    "returns.md",
    article(
        "## How long do I have?\n<!-- asked: send stuff back -->\n"
        "Thirty days from delivery.\n\nUnused items only.\n\n## Who pays?\nThe label is prepaid.",
        title="Returns",
    ),
)
TENTS = parse_article(
    "tents.md", article("## Can I rent a tent?\nYes, in Denver.", title="Tents", topics="hire")
)


def index_of(*articles: Article) -> KnowledgeIndex:
    index = KnowledgeIndex(HashedEmbedder())
    index.replace(build_edition(articles, HashedEmbedder()))
    return index


def found(question: str, limit: int = 3) -> list[str]:
    return [match.passage.id for match in index_of(RETURNS, TENTS).search(question, limit)]


def test_finds_by_the_words_of_the_text() -> None:
    assert found("is the label prepaid")[0] == "returns#who-pays/1"


def test_finds_by_the_heading() -> None:
    assert found("can i rent a tent")[0] == "tents#can-i-rent-a-tent/1"


def test_finds_by_a_topic() -> None:
    assert found("hire")[0] == "tents#can-i-rent-a-tent/1"


def test_finds_by_another_way_of_asking() -> None:
    assert found("can i send stuff back")[0] == "returns#how-long-do-i-have/1"


def test_of_two_passages_that_fit_alike_the_direct_answer_comes_first() -> None:
    twice = parse_article("twice.md", article("## When?\n\nAt noon.\n\n- At noon.", title="Twice"))
    index = index_of(TENTS, twice)
    assert [match.passage.lead for match in index.search("when is noon", limit=2)] == [True, False]


def test_gives_the_best_first_and_no_more_than_asked_for() -> None:
    matches = index_of(RETURNS, TENTS).search("return label", limit=2)
    assert len(matches) == 2
    assert matches[0].score >= matches[1].score
    assert len(found("return label", limit=100)) == 4
    assert found("return label", limit=0) == []


def test_scores_and_their_parts_keep_their_ranges() -> None:
    for match in index_of(RETURNS, TENTS).search("how long can i rent a tent", limit=9):
        assert 0 <= match.score <= 1
        assert 0 <= match.lexical <= 1
        assert -1 <= match.semantic <= 1


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_finds_nothing(question: str) -> None:
    assert found(question) == []


def test_a_new_index_is_empty() -> None:
    index = KnowledgeIndex(HashedEmbedder())
    assert len(index) == 0
    assert index.search("anything") == []


def test_an_edition_of_nothing_empties_the_index() -> None:
    index = index_of(RETURNS)
    index.replace(build_edition((), HashedEmbedder()))
    assert index.search("how long") == []


@pytest.mark.parametrize("question", ["\x00", "😀", "((((", "' OR 1=1 --", "a" * 100_000, "word " * 50_000])
def test_any_question_gets_an_answer(question: str) -> None:
    assert len(index_of(RETURNS, TENTS).search(question)) == 3


def test_the_rest_of_an_endless_question_is_not_searched() -> None:
    index = KnowledgeIndex(embedder := HashedEmbedder())
    index.replace(build_edition((RETURNS,), HashedEmbedder()))
    index.search("word " * 10_000)
    assert len(embedder.embedded[-1]) <= QUERY_CHARACTERS


def test_likeness_to_other_matters_lowers_the_score() -> None:
    doubting = Weights(semantic=5, lexical=5, elsewhere=-50, other_firm=0, bias=0)
    index = KnowledgeIndex(HashedEmbedder(), doubting)
    index.replace(build_edition((RETURNS,), HashedEmbedder()))
    assert index.search("will it rain tomorrow")[0].score < 0.01
    assert index.search("thirty days")[0].score > index.search("will it rain tomorrow")[0].score


def test_another_firm_lowers_the_score() -> None:
    ours, theirs = (index_of(RETURNS).search(f"how long do i have {at}")[0].score for at in ("", "walmart"))
    assert theirs < ours / 2


@pytest.mark.parametrize("coming", [(), (RETURNS,), (TENTS, RETURNS)])
def test_a_search_ends_on_the_edition_it_began_with(coming: tuple[Article, ...]) -> None:
    """The swap comes while the question is being embedded, where another thread may well get its turn."""

    class Swapping(HashedEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            if list(texts) == ["rent a tent"]:
                index.replace(build_edition(coming, HashedEmbedder()))
            return super().embed(texts)

    index = KnowledgeIndex(Swapping())
    index.replace(build_edition((RETURNS, TENTS), HashedEmbedder()))
    assert index.search("rent a tent")[0].passage.id == "tents#can-i-rent-a-tent/1"
    assert {passage.source.article for passage in index.edition.passages} == {one.slug for one in coming}


def test_a_model_that_fails_is_reported_to_the_caller() -> None:
    class Broken(HashedEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            if list(texts) == ["break"]:
                raise EmbeddingUnavailable("the embedding model does not run")
            return super().embed(texts)

    index = KnowledgeIndex(Broken())
    index.replace(build_edition((RETURNS,), HashedEmbedder()))
    with pytest.raises(EmbeddingUnavailable):
        index.search("break")
    assert index.search("how long")
