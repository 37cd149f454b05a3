"""Section `files` of the configuration: what customers and agents may send each other."""

from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from gateway.files.kinds import KINDS
from gateway.section import Section, split


class FileSettings(Section):
    """Files in a conversation with a person."""

    size_bytes: Annotated[int, Field(ge=1_024, le=100_000_000)] = 10_000_000
    "Of one file."
    count: Annotated[int, Field(ge=0, le=1_000)] = 20
    "In one session, whoever sent them; 0: none may be sent."
    session_bytes: Annotated[int, Field(ge=1_024, le=1_000_000_000)] = 50_000_000
    "Of one session's files together."
    types: Annotated[tuple[str, ...], BeforeValidator(split)] = tuple(KINDS)
    "Of `png`, `jpeg`, `webp`, `gif`, `pdf` and `txt`; a list, or in the environment a text with commas."
    at_once: Annotated[int, Field(ge=1, le=256)] = 16
    "Uploads under way in this process; each holds 0.5 MB of memory."

    @field_validator("types")
    @classmethod
    def _are_known(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(types) - set(KINDS):
            known = ", ".join(KINDS)
            raise PydanticCustomError(
                "file_type_unknown",
                "there is no type {names}; known here: {known}",
                {"names": ", ".join(sorted(unknown)), "known": known},
            )
        return types
