import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent.tool_calls import LONGEST, Wanted, begins, parse

LOOK_UP = Wanted("look_up_order", {"order_id": "10437"})
BARE = '{"name": "look_up_order", "arguments": {"order_id": "10437"}}'

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)
TEXT = st.text(st.characters(blacklist_characters="`<[{"), max_size=20)
"Without what counts as a model's tag or as nesting even inside a string."
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXT, VALUES, max_size=4)
PROSE = st.text(st.characters(blacklist_characters="{}[]<`\\|'\""), max_size=60)


@pytest.mark.parametrize(
    "written",
    [
        BARE,
        f"<tool_call>\n{BARE}\n</tool_call>",
        f"<TOOL_CALL>{BARE}",
        f"```json\n{BARE}\n```",
        f"<|tool_call|>{BARE}<|im_end|>",
        f"[{BARE}]",
        f'{{"tool_calls": [{BARE}]}}',
        '{{"name": "look_up_order", "arguments": {"order_id": "10437"}}}',
        '{{"name": "look_up_order", "arguments": {{"order_id": "10437"}}}}',
        "{'name': 'look_up_order', 'arguments': {'order_id': '10437'}}",
        '{name: "look_up_order", arguments: {order_id: "10437"}}',
        '{"name": "look_up_order", "arguments": {"order_id": "10437",},}',
        '{"name": "look_up_order", "arguments": {"order_id": "10437"}',
        '{"name": "look_up_order", "arguments": {"order_id": "10437"}}}',
        '{"name": "look_up_order", "parameters": {"order_id": "10437"}}',
        '{"tool": "look_up_order", "args": {"order_id": "10437"}}',
        '{"name": "look_up_order", "arguments": "{\\"order_id\\": \\"10437\\"}"}',
        '{"type": "function", "function": {"name": "look_up_order", "arguments": {"order_id": "10437"}}}',
    ],
)
def test_a_call_is_found_in_every_way_that_models_write_it(written: str) -> None:
    assert parse(written) == ((LOOK_UP,), "")


def test_prose_before_and_behind_is_kept_and_the_call_is_not_in_it() -> None:
    calls, prose = parse(f"Let me look, don't worry. ```json\n{BARE}\n``` I'll tell you soon.")
    assert calls == (LOOK_UP,)
    assert prose == "Let me look, don't worry. I'll tell you soon."


def test_several_calls_come_in_order() -> None:
    calls, prose = parse(f'{BARE}\n{{"name": "list_orders", "arguments": {{}}}}\n{BARE}')
    assert [call.tool for call in calls] == ["look_up_order", "list_orders", "look_up_order"]
    assert prose == ""


def test_no_more_than_eight_calls_are_believed() -> None:
    assert len(parse(BARE * 20)[0]) == 8


def test_braces_inside_strings_end_nothing() -> None:
    text = '{"name": "note", "arguments": {"text": "a } and a { and a \\" mark"}}'
    assert parse(text)[0] == (Wanted("note", {"text": 'a } and a { and a " mark'}),)


@pytest.mark.parametrize(
    "text",
    [
        "Your order is on its way.",
        "Sizes {S, M, L} are left.",
        '{"name": "Ana", "city": "Porto"}',
        '{"name": "rm -rf /", "arguments": {}}',
        '{"name": "look_up_order", "arguments": ["10437"]}',
        '{"name": 7, "arguments": {}}',
        "}}}{{{",
    ],
)
def test_what_is_no_call_stays_prose(text: str) -> None:
    assert parse(text) == ((), text)


def test_a_bare_name_is_a_call_without_arguments() -> None:
    assert parse('{"name": "list_orders"}')[0] == (Wanted("list_orders", {}),)


def test_a_bomb_of_brackets_costs_nothing_and_finds_nothing() -> None:
    assert parse('{"name":' * 100_000)[0] == ()
    assert parse('{"name": "f", "arguments": ' + "[" * 5_000 + "]" * 5_000 + "}")[0] == ()


def test_what_stands_behind_the_longest_answer_is_not_read() -> None:
    assert parse("x" * LONGEST + BARE)[0] == ()


@given(st.text() | st.text("{}[]\"':,\\ \n`<>|/abtool_c1", max_size=200))
def test_it_never_raises_and_what_it_finds_is_well_formed(text: str) -> None:
    for call in parse(text)[0]:
        assert call.tool.isidentifier()
        assert all(isinstance(name, str) for name in call.arguments)


@given(NAMES, ARGUMENTS, PROSE, PROSE, st.booleans())
def test_a_well_formed_call_is_always_found(
    name: str, arguments: dict[str, Any], before: str, after: str, ascii_only: bool
) -> None:
    written = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=ascii_only)
    assert parse(f"{before}{written}{after}")[0] == (Wanted(name, arguments),)


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("All of it can be said.", None),
        ("Two < three, I think.", None),
        ("Wait. {", "Wait. "),
        ('Wait. [ {"name"', "Wait. "),
        ("Wait. <tool_call>", "Wait. "),
        ("Wait. <to", "Wait. "),
        ("Wait. <", "Wait. "),
        ("Wait. ``", "Wait. "),
        ("Wait. ```json", "Wait. "),
    ],
)
def test_words_are_held_from_where_a_call_may_begin(text: str, free: str | None) -> None:
    start = begins(text)
    assert (None if start is None else text[:start]) == free


@given(PROSE, st.integers(0, len(BARE)))
def test_no_beginning_of_a_call_is_ever_let_through(prose: str, cut: int) -> None:
    text = prose + BARE[:cut]
    start = begins(text)
    assert "{" not in (text if start is None else text[:start])
