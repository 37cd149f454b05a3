import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk.commands import TYPES, BadFrame, Decline, Say, Watch, WrapUp, parse


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "malformed_json"),
        ("hello", "malformed_json"),
        ("[1, 2]", "malformed_json"),
        ("null", "malformed_json"),
        ('{"type": "note", "session": "s", "text": "\\ud800"}', "malformed_json"),
        ("[" * 100_000, "malformed_json"),
        ('{"a":' * 10_000, "malformed_json"),
        ("{}", "unknown_type"),
        ('{"type": 7}', "unknown_type"),
        ('{"type": "hello"}', "unknown_type"),
        ('{"type": "message", "session": "s", "text": "no id"}', "invalid_message"),
        ('{"type": "message", "id": "m", "session": "s", "text": " \\n "}', "invalid_message"),
        ('{"type": "message", "id": "m", "session": "s", "text": "' + "x" * 4_001 + '"}', "invalid_message"),
        ('{"type": "message", "id": "a b", "session": "s", "text": "hi"}', "invalid_message"),
        ('{"type": "hold", "session": "s", "on": "true"}', "invalid_message"),
        ('{"type": "hold", "session": "s", "on": 1}', "invalid_message"),
        ('{"type": "watch", "session": "s", "after": -1}', "invalid_message"),
        ('{"type": "watch", "session": "s", "after": 1.5}', "invalid_message"),
        ('{"type": "watch", "session": ""}', "invalid_message"),
        ('{"type": "press", "session": "s", "digits": "12x"}', "invalid_message"),
        ('{"type": "press", "session": "s", "digits": "' + "1" * 33 + '"}', "invalid_message"),
        ('{"type": "press", "session": "s", "digits": "1\\n"}', "invalid_message"),
        ('{"type": "decline", "lease": "l", "reason": "bored"}', "invalid_message"),
        ('{"type": "transfer", "session": "s"}', "invalid_message"),
        ('{"type": "transfer", "session": "s", "queue": "q", "agent": "a"}', "invalid_message"),
        (
            '{"type": "wrap_up", "session": "s", "disposition": "x", "follow_up": {"task": " "}}',
            "invalid_message",
        ),
        ('{"type": "supervise", "session": "s", "mode": "spy"}', "invalid_message"),
        ('{"type": "supervise", "session": "s", "mode": "consult"}', "invalid_message"),
        ('{"type": "consult", "session": "s"}', "invalid_message"),
        ('{"type": "consult", "session": "s", "agent": "a b"}', "invalid_message"),
        ('{"type": "consult_answer", "session": "s", "consult": "c", "answer": true}', "invalid_message"),
        ('{"type": "consult_end", "session": "s", "how": "take_over"}', "invalid_message"),
        ('{"type": "presence", "state": "offline"}', "invalid_message"),
        ('{"type": "run_tool", "id": "k", "session": "s", "tool": "t", "arguments": []}', "invalid_message"),
    ],
)
def test_what_is_no_command_gets_an_error_that_says_why(text: str, code: str) -> None:
    with pytest.raises(BadFrame) as raised:
        parse(text)
    error = raised.value.error
    assert (error.code, error.fault) == (code, "client")
    assert error.message.endswith(".") and len(error.message) < 400


@given(st.text(max_size=200))
def test_no_text_at_all_does_any_harm(text: str) -> None:
    with pytest.raises(BadFrame):
        parse(text)


def test_an_error_names_the_command_and_never_repeats_what_was_written() -> None:
    with pytest.raises(BadFrame) as raised:
        parse('{"type": "message", "id": "m1", "session": 5, "text": "my secret"}')
    assert raised.value.error.id == "m1"
    assert "secret" not in raised.value.error.model_dump_json()


@pytest.mark.parametrize("strange", ["7", '"\\u0000"', '"' + "x" * 65 + '"', "{}", '""'])
def test_an_id_that_is_none_is_not_repeated(strange: str) -> None:
    with pytest.raises(BadFrame) as raised:
        parse('{"type": "end", "id": ' + strange + "}")
    assert raised.value.error.id is None


def test_keys_that_we_do_not_know_are_ignored() -> None:
    assert parse('{"type": "watch", "session": "s_1", "mood": "good"}') == Watch(
        type="watch", session="s_1", after=0
    )


def test_what_may_be_left_out_has_a_value() -> None:
    declined = parse('{"type": "decline", "lease": "l_1"}')
    assert isinstance(declined, Decline) and declined.reason == "other" and declined.id is None
    closed = parse('{"type": "wrap_up", "session": "s", "disposition": "resolved"}')
    assert isinstance(closed, WrapUp) and (closed.notes, closed.follow_up) == ("", None)


def test_the_words_of_a_message_come_as_they_were_written() -> None:
    said = parse('{"type": "message", "id": "m1", "session": "s_1", "text": " Grüße \\u2028 "}')
    assert isinstance(said, Say) and said.text == " Grüße \u2028 "


def test_an_unknown_type_is_told_the_known_ones() -> None:
    with pytest.raises(BadFrame) as raised:
        parse('{"type": "shout", "id": "k1"}')
    assert raised.value.error.id == "k1"
    assert all(kind in raised.value.error.message for kind in TYPES)
