"""Kinds of arguments: how each is described to a model, and how leniently it is read. [core]

A model or a transcript writes 10437, "#10437" or "one zero four three seven"; a tool gets "10437" or is not
called. Reading never guesses: what is not clearly of the kind is `Unreadable`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tools.evidence import find_emails, find_zips, spoken_digits

NOTHING_SAID = frozenset({"", "null", "none", "n/a", "na", "undefined", "unknown", "not provided", "string"})
"What models write for an argument they have no value for."

JsonSchema = dict[str, Any]


class Unreadable(ValueError):
    """A value that is not of its kind; the message says what would be, and never repeats the value."""


class Kind(Protocol):
    """One kind of argument."""

    def json_schema(self) -> JsonSchema:
        """The kind as a JSON schema, without a description."""

    def read(self, value: Any) -> Any:
        """The value in its one proper form. Raises `Unreadable`."""


@dataclass(frozen=True, slots=True)
class Digits:
    """A number of a fixed count of digits that is a name, not a quantity: order numbers, ZIP codes."""

    count: int
    tail: int = 0
    "So many more digits may follow and are dropped (ZIP+4)."

    def json_schema(self) -> JsonSchema:
        """A string with a pattern."""
        return {"type": "string", "pattern": f"^[0-9]{{{self.count}}}$"}

    def read(self, value: Any) -> str:
        """The digits, from a string or a whole number; leading noughts that JSON numbers lose come back."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unreadable(self._wanted())
        if isinstance(value, float):
            if not value.is_integer():
                raise Unreadable(self._wanted())
            value = int(value)
        if isinstance(value, int):
            value = str(value).zfill(self.count)
        digits = spoken_digits(value[:200]).replace(" ", "")
        if len(digits) == self.count:
            return digits
        if self.tail and len(digits) == self.count + self.tail:
            return digits[: self.count]
        raise Unreadable(self._wanted())

    def _wanted(self) -> str:
        return f"must be {self.count} digits"


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An e-mail address, written or said aloud."""

    def json_schema(self) -> JsonSchema:
        """A string of format email."""
        return {"type": "string", "format": "email"}

    def read(self, value: Any) -> str:
        """The address in lower case."""
        found = find_emails(value[:400]) if isinstance(value, str) else []
        if len(found) != 1:
            raise Unreadable("must be one e-mail address")
        return found[0]


@dataclass(frozen=True, slots=True)
class Text:
    """Free text, on one line."""

    longest: int = 500

    def json_schema(self) -> JsonSchema:
        """A string with a greatest length."""
        return {"type": "string", "maxLength": self.longest}

    def read(self, value: Any) -> str:
        """The text without control characters and doubled blanks."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unreadable("must be text")
        visible = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in str(value))
        text = " ".join(visible.split())
        if not text:
            raise Unreadable("must not be empty")
        if len(text) > self.longest:
            raise Unreadable(f"must have at most {self.longest} characters")
        return text


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A US address on one line: begins with a house number, ends with a ZIP code."""

    longest: int = 200

    def json_schema(self) -> JsonSchema:
        """A string with a greatest length."""
        return {"type": "string", "maxLength": self.longest}

    def read(self, value: Any) -> str:
        """The line as it came, without control characters and doubled blanks."""
        line = Text(self.longest).read(value)
        words = line.split()
        numbered = bool(spoken_digits(" ".join(words[:3])))
        if len(words) < 4 or not numbered or not find_zips(" ".join(words[3:])):
            raise Unreadable("must be a whole address: house number and street, city, state and ZIP code")
        return line


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    def json_schema(self) -> JsonSchema:
        """A string out of a list."""
        return {"type": "string", "enum": list(self.values)}

    def read(self, value: Any) -> str:
        """The word as it stands in the list, whatever capitals, blanks and dashes came."""
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            for choice in self.values:
                if _plain(choice) == _plain(str(value)):
                    return choice
        raise Unreadable(f"must be one of {', '.join(self.values)}")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    def json_schema(self) -> JsonSchema:
        """An integer."""
        return {"type": "integer"}

    def read(self, value: Any) -> int:
        """The number, from a number or from digits or words in a string."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str):
            digits = spoken_digits(value[:100])
            if digits.isdigit() and len(digits) <= 15:
                return -int(digits) if value.strip().startswith("-") else int(digits)
        raise Unreadable("must be a whole number")


@dataclass(frozen=True, slots=True)
class Real:
    """A number."""

    def json_schema(self) -> JsonSchema:
        """A number."""
        return {"type": "number"}

    def read(self, value: Any) -> float:
        """The number, from a number or a string such as "$1,299.50"."""
        text = str(value).strip().lstrip("$").replace(",", "")
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", text):
            raise Unreadable("must be a number")
        return float(text)


@dataclass(frozen=True, slots=True)
class YesNo:
    """True or false."""

    def json_schema(self) -> JsonSchema:
        """A boolean."""
        return {"type": "boolean"}

    def read(self, value: Any) -> bool:
        """True or false, from a boolean or a word."""
        word = str(value).strip().casefold()
        if word in {"true", "yes", "y", "1"}:
            return True
        if word in {"false", "no", "n", "0"}:
            return False
        raise Unreadable("must be true or false")


@dataclass(frozen=True, slots=True)
class ListOf:
    """Several values of one kind."""

    kind: Kind
    most: int = 20

    def json_schema(self) -> JsonSchema:
        """An array with a greatest length."""
        return {"type": "array", "items": self.kind.json_schema(), "maxItems": self.most}

    def read(self, value: Any) -> list[Any]:
        """The values, each read by its kind; a single value is a list of one."""
        values = value if isinstance(value, list | tuple) else [value]
        if len(values) > self.most:
            raise Unreadable(f"must have at most {self.most} values")
        return [self.kind.read(each) for each in values]


def is_nothing(value: Any) -> bool:
    """Whether a model wrote the value for want of one."""
    if isinstance(value, Mapping | list | tuple):
        return not value
    return value is None or (isinstance(value, str) and value.strip().casefold() in NOTHING_SAID)


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", word.casefold())
