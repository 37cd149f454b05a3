"""What the sections of the configuration are made of."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def split(value: object) -> object:
    """A text with commas as a list; anything else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _expand(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str | Path) else value


Names = Annotated[tuple[str, ...], BeforeValidator(split)]
"A list, or in the environment a text with commas."
Folder = Annotated[Path, BeforeValidator(_expand)]
"A path; `~` is the home folder, relative ones count from the working folder."


class Section(BaseModel):
    """What all sections share: values cannot change, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
