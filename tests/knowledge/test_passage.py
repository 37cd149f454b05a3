from dataclasses import FrozenInstanceError

import pytest

from knowledge.passage import Passage, Source

SOURCE = Source("return-policy", "Return policy", "How long?", "return-policy.md", "how-long")


def test_the_link_names_article_and_section() -> None:
    assert SOURCE.link == "return-policy#how-long"


def test_the_link_of_text_before_any_heading_is_the_article() -> None:
    assert Source("return-policy", "Return policy", "", "return-policy.md", "").link == "return-policy"


def test_a_passage_cannot_be_changed_by_those_who_are_handed_it() -> None:
    passage = Passage("return-policy#how-long/1", "Thirty days.", SOURCE, lead=True)
    with pytest.raises(FrozenInstanceError):
        passage.text = "Forever."  # type: ignore[misc]
