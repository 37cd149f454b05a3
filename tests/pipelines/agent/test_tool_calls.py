import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent.tool_calls import LONGEST, Wanted, begins, parse

LOOK_UP = Wanted("look_up_order", {"order_id": "10437"})

WRITTEN = [
    '{"name": "look_up_order", "arguments": {"order_id": "10437"}}',
    '{{"name": "look_up_order", "arguments": {{"order_id": "10437"}}}}',
    '```json\n{"name": "look_up_order", "arguments": {"order_id": "10437"}}\n```',
    '<tool_call>\n{"name": "look_up_order", "arguments": {"order_id": "10437"}}\n</tool_call>',
    '<tool_call>{"name": "look_up_order", "arguments": {"order_id": "10437"}}',
    "{'name': 'look_up_order', 'arguments': {'order_id': '10437'}}",
    '{name: "look_up_order", arguments: {order_id: "10437"}}',
    '{"name": "look_up_order", "parameters": {"order_id": "10437"}}',
    '{"name": "look_up_order", "arguments": "{\\"order_id\\": \\"10437\\"}"}',
    '{"name": "look_up_order", "arguments": {"order_id": "10437",},}',
    '{"name": "look_up_order", "arguments": {"order_id": "10437"}',
    '{"name": "look_up_order", "arguments": {"order_id": "10437"}}}',
    '[{"name": "look_up_order", "arguments": {"order_id": "10437"}}]',
    '{"tool_calls": [{"function": {"name": "look_up_order", "arguments": {"order_id": "10437"}}}]}',
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_call_is_read_in_every_form_that_models_write(text: str) -> None:
    assert parse(text) == ((LOOK_UP,), "")


def test_prose_around_a_call_is_kept_apart() -> None:
    calls, prose = parse(f"Let me look.\n{WRITTEN[0]}\nOne moment, that's all.")
    assert calls == (LOOK_UP,)
    assert prose == "Let me look. One moment, that's all."


def test_several_calls_keep_their_order() -> None:
    calls, _ = parse("\n".join([WRITTEN[0], '{"name": "list_orders", "arguments": {}}', WRITTEN[1]]))
    assert [call.tool for call in calls] == ["look_up_order", "list_orders", "look_up_order"]


def test_an_apostrophe_in_a_value_ends_nothing() -> None:
    calls, _ = parse('{"name": "a", "arguments": {"text": "it isn\'t {here}"}}')
    assert calls == (Wanted("a", {"text": "it isn't {here}"}),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "Where {is} it?",
        '{"name": 5, "arguments": {}}',
        '{"name": "a b", "arguments": {}}',
        "null",
        "[1]",
    ],
)
def test_what_is_no_call_is_prose(text: str) -> None:
    calls, prose = parse(text)
    assert calls == ()
    assert prose == " ".join(text.split())


def test_no_more_than_eight_calls_are_taken() -> None:
    assert len(parse(WRITTEN[0] * 50)[0]) == 8


@pytest.mark.parametrize(
    "text", ["{" * 30_000, "['" * 30_000, '{"a":' * 9_000, "{'" + "'" * 40_000, '{"name": 1' + "0" * 9000]
)
def test_hostile_text_is_survived(text: str) -> None:
    parse(text)


@given(st.text(alphabet="{}[]\"':,\\`<>tool_calnmerguas 01", max_size=300))
def test_never_raises_on_braces_and_quotes(text: str) -> None:
    parse(text)
    begins(text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), _json, max_size=4), st.text(alphabet="abc .!\n", max_size=30))
def test_any_proper_call_is_read_exactly(arguments: dict[str, object], around: str) -> None:
    written = json.dumps({"name": "a_tool", "arguments": arguments})
    if len(written) > LONGEST or "```" in written or "<tool" in written.lower() or "<|" in written:
        return
    calls, _ = parse(f"{around}{written}{around}")
    assert calls == (Wanted("a_tool", arguments),)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Sure, {", 6),
        ("Hello.", None),
        ("a <tool_call>", 2),
        ("a <to", 2),
        ("a < b", None),
        ("so `", 3),
        ("x ```json", 2),
    ],
)
def test_words_may_be_said_up_to_where_a_call_may_begin(text: str, place: int | None) -> None:
    assert begins(text) == place
