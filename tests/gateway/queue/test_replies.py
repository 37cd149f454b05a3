import pytest
from pydantic import ValidationError

from gateway.queue.replies import CANNED, DISPOSITIONS, Canned, Disposition


def test_what_comes_without_configuration_can_be_told_apart() -> None:
    assert len({each.code for each in DISPOSITIONS}) == len(DISPOSITIONS)
    assert len({each.key for each in CANNED}) == len(CANNED)


def test_codes_and_texts_have_a_form() -> None:
    with pytest.raises(ValidationError):
        Disposition(code="All good!", title="x")
    with pytest.raises(ValidationError):
        Canned(key="long", title="x", text="x" * 2001)
