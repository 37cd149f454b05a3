import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent.answer_cache import AnswerCache, cache_key
from pipelines.agent.clauses import Part

ANSWER = [Part("Yes, within a month.", "Yes, within a month.", ends=True)]
PASSAGE = ["Returns are taken within a month."]


def test_the_same_words_have_one_key_however_they_are_written() -> None:
    keys = {
        cache_key(question, PASSAGE, "voice")
        for question in ("Can I return it?", "can i return it", " can I  return it. ")
    }
    assert len(keys) == 1


def test_another_word_another_passage_or_another_channel_has_another_key() -> None:
    keys = {
        cache_key("can I cancel before it shipped", PASSAGE, "voice"),
        cache_key("can I cancel after it shipped", PASSAGE, "voice"),
        cache_key("can I cancel after it shipped", PASSAGE, "chat"),
        cache_key("can I cancel after it shipped", ["Returns are taken within a week."], "chat"),
    }
    assert len(keys) == 4


@pytest.mark.parametrize("question", ["", "?!", "can I return 10437", "is it one zero four three seven"])
def test_what_may_be_about_somebody_is_not_kept(question: str) -> None:
    key = cache_key(question, PASSAGE, "voice")
    answers = AnswerCache()
    answers.put(key, ANSWER)
    assert answers.get(key) == ()


def test_a_question_itself_is_not_kept() -> None:
    assert "return" not in cache_key("can I return it", PASSAGE, "voice")


@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefgh")), max_size=40))
def test_the_answers_given_last_are_kept_and_no_more(size: int, steps: list[tuple[bool, str]]) -> None:
    answers, used = AnswerCache(size), list[str]()
    for put, key in steps:
        if put:
            answers.put(key, [Part(key, key, ends=True)])
        known = key in used
        assert bool(answers.get(key)) == (put or known)
        if put or known:
            used = [*(each for each in used if each != key), key][-size:]
        assert all(answers.get(each)[0].text == each for each in used)
