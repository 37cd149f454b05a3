"""Reads an agent definition from YAML, and says of every mistake in which line it stands."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipelines.agent.definition import Definition, UseStep

LARGEST = 1_000_000
"Bytes; a definition is far smaller, and YAML can be made to explode."


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a definition, and where."""

    path: Path
    line: int
    "From 1; 1 where no better line is known."
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class DefinitionError(ValueError):
    """The definition cannot be used; `problems` says why, one line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def load_definition(path: Path) -> Definition:
    """The definition in `path`.

    Raises:
        DefinitionError: with every problem found.
    """
    definition, problems = _read(path)
    if definition is None:
        raise DefinitionError(problems)
    return definition


def check_definition(path: Path, tools: Collection[str] | None = None) -> list[Problem]:
    """What is wrong with the definition in `path`; with `tools`, also tools that it names and nobody has."""
    definition, problems = _read(path)
    if definition is None or tools is None:
        return problems
    named = [("identity", "tool", definition.identity.tool)]
    if definition.note is not None:
        named.append(("note", "use", definition.note.use))
    for name, workflow in definition.workflows.items():
        for place, step in enumerate(workflow.steps):
            if isinstance(step, UseStep):
                named.append((f"workflows.{name}.steps.{place}", "use", step.use))
    tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    for where, key, tool in named:
        if tool not in tools:
            line = _line(tree, (*where.split("."), key))
            problems.append(Problem(path, line, f"there is no tool {tool!r}"))
    return problems


def _read(path: Path) -> tuple[Definition | None, list[Problem]]:
    try:
        if path.stat().st_size > LARGEST:
            return None, [Problem(path, 1, f"the file is larger than {LARGEST} bytes")]
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(path, 1, f"cannot be read: {error}")]
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return None, [_yaml_problem(path, error)]
    doubled = [Problem(path, line, f"the key {key!r} stands here twice") for key, line in _doubles(tree)]
    if doubled:
        return None, doubled
    try:
        return Definition.model_validate(value), []
    except ValidationError as error:
        return None, [
            Problem(path, _line(tree, _loc(detail)), _message(detail["loc"], detail["msg"]))
            for detail in error.errors()
        ]


def _yaml_problem(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or "is no YAML"
    return Problem(path, mark.line + 1 if mark else 1, str(reason))


def _doubles(node: yaml.Node | None) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line + 1
            seen.add(key.value)
            yield from _doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubles(item)


def _message(loc: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in loc)
    message = message.removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _loc(detail: Any) -> Sequence[int | str]:
    """Where the mistake is; a message about several places begins with the place."""
    named = re.match(r"(?:Value error, )?((?:\w+\.)+\w+)", detail["msg"])
    return detail["loc"] or (named[1].split(".") if named else ())


def _line(node: Any, loc: Sequence[int | str]) -> int:
    """The line of the deepest node on the way that exists; pydantic's way may leave the file's."""
    line = node.start_mark.line + 1 if node is not None else 1
    for part in loc:
        found = _child(node, part)
        if found is None:
            continue
        line, node = found
    return line


def _child(node: Any, part: int | str) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and str(part).isdigit() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line + 1, item
    return None
