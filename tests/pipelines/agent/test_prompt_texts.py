import string

import pytest

from pipelines.agent import prompt_texts

PROMPTS = {
    "UNDERSTAND": {"workflows"},
    "ANSWER": {"persona"},
    "CHAT": {"persona"},
    "TOOLS": {"persona"},
    "RETELL": set(),
}


@pytest.mark.parametrize(("name", "placeholders"), PROMPTS.items())
def test_a_prompt_has_exactly_the_placeholders_that_its_user_fills(name: str, placeholders: set[str]) -> None:
    text = getattr(prompt_texts, name)
    assert {field for _, field, _, _ in string.Formatter().parse(text) if field is not None} == placeholders
    filled = text.format(**dict.fromkeys(placeholders, "FILLED"))
    assert ("FILLED" in filled) == bool(placeholders)
    assert not set("{}") & set(filled)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_is_short_enough_to_be_read_by_a_small_model_in_time(name: str) -> None:
    text = getattr(prompt_texts, name)
    assert text == text.strip()
    assert 0 < len(text) < 1_000


@pytest.mark.parametrize("name", ["CHAT", "TOOLS"])
def test_a_model_that_speaks_freely_is_told_not_to_claim_deeds(name: str) -> None:
    assert "Never claim" in getattr(prompt_texts, name)
