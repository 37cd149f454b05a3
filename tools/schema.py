"""A Python function's signature as a JSON schema for models, and as a reader of what they send back. [core]

    async def track(permit: Permit, order_id: OrderId, detail: Literal["short", "full"] = "short") -> Answer

The docstring's first paragraph describes the tool. Each parameter after the first is an argument: its
kind comes from the annotation (`str`, `int`, `float`, `bool`, `Literal`, `Enum`, `list[…]`, `… | None`) or
from a `Kind` in `Annotated`; a string in `Annotated` describes it. Parameters without default are required.
"""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tools.arguments import Choice, JsonSchema, Kind, ListOf, Real, Text, Unreadable, Whole, YesNo, is_nothing

_PLAIN: dict[Any, Kind] = {str: Text(), int: Whole(), float: Real(), bool: YesNo()}
_KIND_TYPES = ("json_schema", "read")


class BadArguments(ValueError):
    """What was sent does not fit the tool: whoever sent it must send something else.

    The message names arguments and what they must be, never values.
    """


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool."""

    name: str
    kind: Kind
    required: bool
    default: Any = None
    description: str = ""
    enum: type[Enum] | None = None
    "The value is handed over as this enum's member."

    def json_schema(self) -> JsonSchema:
        """The kind's schema with description and default."""
        schema = self.kind.json_schema()
        if self.description:
            schema["description"] = self.description
        if not self.required and self.default is not None:
            schema["default"] = self.default.value if isinstance(self.default, Enum) else self.default
        return schema

    def read(self, value: Any) -> Any:
        """The value in its proper form; the default if nothing was said. Raises `BadArguments`."""
        if is_nothing(value):
            if self.required:
                raise BadArguments(f"{self.name} is missing")
            return self.default
        try:
            plain = self.kind.read(value)
        except Unreadable as error:
            raise BadArguments(f"{self.name} {error}") from None
        return plain if self.enum is None else next(m for m in self.enum if str(m.value) == plain)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a tool is called, what it is for, and what it takes."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]

    def json_schema(self) -> JsonSchema:
        """The `tools` entry of an OpenAI chat completion request."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {
                    "type": "object",
                    "properties": {each.name: each.json_schema() for each in self.parameters},
                    "required": [each.name for each in self.parameters if each.required],
                    "additionalProperties": False,
                },
            },
        }

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter with its value. Arguments nobody asked for are dropped: models add many.

        Raises `BadArguments` with all that is wrong at once, so that one more try can be right.
        """
        values: dict[str, Any] = {}
        faults = []
        for parameter in self.parameters:
            try:
                values[parameter.name] = parameter.read(arguments.get(parameter.name))
            except BadArguments as fault:
                faults.append(str(fault))
        if faults:
            raise BadArguments("; ".join(faults))
        return values


def describe(function: Callable[..., Any], name: str | None = None) -> Signature:
    """The signature of a tool's function, whose first parameter is the permit and no argument.

    Raises `TypeError` when a parameter has no annotation or one that no kind stands for.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    paragraph = (inspect.getdoc(function) or "").split("\n\n")[0]
    return Signature(
        name or function.__name__,
        " ".join(paragraph.split()),
        tuple(_parameter(each, hints) for each in parameters),
    )


def _parameter(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Parameter:
    annotation, extras = _unpacked(hints.get(parameter.name))
    descriptions = [extra for extra in extras if isinstance(extra, str)]
    kinds = [extra for extra in extras if all(hasattr(extra, part) for part in _KIND_TYPES)]
    required = parameter.default is inspect.Parameter.empty
    return Parameter(
        parameter.name,
        kinds[0] if kinds else _kind(annotation, parameter.name),
        required,
        None if required else parameter.default,
        " ".join(descriptions),
        annotation if isinstance(annotation, type) and issubclass(annotation, Enum) else None,
    )


def _unpacked(annotation: Any) -> tuple[Any, list[Any]]:
    """The bare type and what `Annotated` says of it, inside or outside of `… | None`."""
    extras: list[Any] = []
    while True:
        if typing.get_origin(annotation) is typing.Annotated:
            annotation, *more = typing.get_args(annotation)
            extras += more
        elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
            members = [each for each in typing.get_args(annotation) if each is not type(None)]
            if len(members) != 1:
                raise TypeError(f"a model cannot be asked for one of several types: {annotation}")
            annotation = members[0]
        else:
            return annotation, extras


def _kind(annotation: Any, name: str) -> Kind:
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if typing.get_origin(annotation) is typing.Literal:
        return Choice(tuple(str(value) for value in typing.get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Choice(tuple(str(member.value) for member in annotation))
    if typing.get_origin(annotation) is list:
        inner, extras = _unpacked(typing.get_args(annotation)[0])
        kinds = [extra for extra in extras if all(hasattr(extra, part) for part in _KIND_TYPES)]
        return ListOf(kinds[0] if kinds else _kind(inner, name))
    raise TypeError(f"parameter {name!r} needs an annotation that models can be told, not {annotation!r}")
