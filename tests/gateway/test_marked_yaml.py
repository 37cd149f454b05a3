import pytest

from gateway.marked_yaml import YamlError, parse

TEXT = """\
a:
  b: 1
  c:
    - x
    - {d: [1, 2]}

e: text
"""


def test_values_are_those_of_plain_yaml() -> None:
    assert parse(TEXT).value == {"a": {"b": 1, "c": ["x", {"d": [1, 2]}]}, "e": "text"}
    assert parse("").value == {}
    assert parse("# nothing\n").value == {}


@pytest.mark.parametrize(
    ("path", "line"),
    [((), 1), (("a",), 1), (("a", "b"), 2), (("a", "c", 1), 5), (("a", "c", 1, "d", 0), 5), (("e",), 7)],
)
def test_every_value_knows_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert parse(TEXT).line(path) == line


def test_what_is_missing_is_near_what_is_around_it() -> None:
    assert parse(TEXT).line(("a", "c", 9, "z")) == 3
    assert parse(TEXT).line(("z",)) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1", 1), ("a: 1\n b: 2", 2), ("a: 1\na: 2", 2), ("x: {y: 1, y: 2}", 1), ("a: !!python/name:os", 1)],
)
def test_what_is_no_yaml_of_ours_says_where(text: str, line: int) -> None:
    with pytest.raises(YamlError) as raised:
        parse(text)
    assert raised.value.line == line
