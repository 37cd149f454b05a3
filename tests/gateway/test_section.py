"""What all sections of the configuration share."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.section import Folder, Names, Section


class Things(Section):
    names: Names = ()
    folder: Folder = Path("~/things")


def test_names_are_a_list_or_a_text_with_commas() -> None:
    assert Things.model_validate({"names": "a, b,,c "}).names == ("a", "b", "c")
    assert Things.model_validate({"names": ["a", "b"]}).names == ("a", "b")


def test_a_tilde_is_the_home_folder() -> None:
    assert Things().folder == Path.home() / "things"


def test_unknown_keys_are_errors_and_values_cannot_change() -> None:
    with pytest.raises(ValidationError):
        Things.model_validate({"nams": "a"})
    with pytest.raises(ValidationError):
        setattr(Things(), "names", ("x",))  # noqa: B010
