"""Reads the YAML between the two `---` lines at the top of an article [core].

Relies on PyYAML's node tree rather than on its values: a node knows its line, and nothing in it can be built
into an object.
"""

from collections.abc import Iterator
from datetime import date

import yaml

from knowledge.problem import Problem, Severity, refuse

FRONT_MATTER_LINES = 60
"""More lines than this before the closing `---` mean that it was forgotten."""

_FIELDS = ("title", "topics", "updated")


def front_matter_end(path: str, lines: list[str]) -> int:
    """The index of the closing `---`.

    Raises:
        InvalidArticle: there is no front matter, or it has no end.
    """
    if lines[0].rstrip() != "---":
        refuse(path, 1, "front matter must come first, between two lines of `---`")
    for index, line in enumerate(lines[1 : FRONT_MATTER_LINES + 2], 1):
        if line.rstrip() == "---":
            return index
    refuse(path, 1, f"the front matter has no closing `---` within {FRONT_MATTER_LINES} lines")


class FrontMatter:
    """The fields of `text`, each with the line of the file it stands on; asking for one demands it.

    Raises:
        InvalidArticle: it is not YAML, or a field is missing, given twice or not what it should be.
    """

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._fields: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        for key, value in self._pairs(text):
            # The text starts on the file's second line, and a mark counts from 0.
            name, line = str(key.value), key.start_mark.line + 2
            if name in self._fields:
                refuse(path, line, f"`{name}` is given twice")
            self._fields[name], self._lines[name] = value, line

    def _pairs(self, text: str) -> list[tuple[yaml.Node, yaml.Node]]:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 2 if error.problem_mark else 1
            refuse(self._path, line, f"front matter is not YAML: {error.problem}")
        except (yaml.YAMLError, RecursionError):
            refuse(self._path, 1, "front matter is not YAML")
        if not isinstance(root, yaml.MappingNode):
            refuse(self._path, 1, f"front matter must give {', '.join(_FIELDS)}")
        pairs: list[tuple[yaml.Node, yaml.Node]] = root.value
        return pairs

    def title(self) -> str:
        """The title, one line."""
        return self._scalar("title")

    def topics(self) -> tuple[str, ...]:
        """At least one topic."""
        node = self._node("topics")
        if isinstance(node, yaml.SequenceNode) and node.value:
            words = [str(item.value).strip() for item in node.value if isinstance(item, yaml.ScalarNode)]
            if len(words) == len(node.value) and all(words):
                return tuple(words)
        refuse(
            self._path, self._lines["topics"], "`topics` must be a list of words, such as [returns, refunds]"
        )

    def updated(self) -> date:
        """The day of the last change, as its author gives it."""
        written = self._scalar("updated")
        try:
            return date.fromisoformat(written)
        except ValueError:
            refuse(self._path, self._lines["updated"], "`updated` must be a date, such as 2026-03-01")

    def unknown_fields(self) -> Iterator[Problem]:
        """A warning for each field that nobody reads."""
        for name in sorted(self._fields.keys() - set(_FIELDS)):
            message = f"`{name}` is not a known field; known are {', '.join(_FIELDS)}"
            yield Problem(self._path, self._lines[name], message, Severity.WARNING)

    def _node(self, name: str) -> yaml.Node:
        if name not in self._fields:
            refuse(self._path, 1, f"front matter lacks `{name}`")
        return self._fields[name]

    def _scalar(self, name: str) -> str:
        node = self._node(name)
        value = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
        if not value:
            refuse(self._path, self._lines[name], f"`{name}` must be one line of text")
        return value
