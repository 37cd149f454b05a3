import pytest
from pydantic import ValidationError

from gateway.desk.settings import DeskSettings


def test_without_a_word_it_is_patient_for_ten_seconds() -> None:
    assert DeskSettings().grace_s == 10.0


@pytest.mark.parametrize("wrong", [{"grace_s": -1}, {"tabs": 0}, {"watched": 0}, {"lines": -1}, {"tab": 3}])
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        DeskSettings.model_validate(wrong)
