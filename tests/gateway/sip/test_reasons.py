"""What status codes are called."""

import pytest

from gateway.sip import reasons


@pytest.mark.parametrize(
    ("code", "phrase"), [(486, "Busy Here"), (499, "Bad Request"), (699, "Busy Everywhere"), (299, "OK")]
)
def test_a_code_that_nobody_knows_is_called_as_its_class(code: int, phrase: str) -> None:
    assert reasons.phrase(code) == phrase


def test_every_class_has_a_name() -> None:
    assert all(reasons.phrase(code) for code in range(100, 700))
