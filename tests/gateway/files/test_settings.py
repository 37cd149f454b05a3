import pytest
from pydantic import ValidationError

from gateway.files.settings import FileSettings


def test_what_may_be_sent_unless_somebody_says_otherwise() -> None:
    settings = FileSettings()
    assert (settings.size_bytes, settings.count, settings.session_bytes) == (10_000_000, 20, 50_000_000)
    assert settings.types == ("png", "jpeg", "webp", "gif", "pdf", "txt")


def test_types_are_a_list_or_a_text_with_commas() -> None:
    assert FileSettings.model_validate({"types": "png, pdf"}).types == ("png", "pdf")
    assert FileSettings.model_validate({"types": ["png"]}).types == ("png",)


def test_a_type_that_we_cannot_tell_is_refused() -> None:
    with pytest.raises(ValidationError, match="no type svg; known here: png"):
        FileSettings.model_validate({"types": ["png", "svg"]})
