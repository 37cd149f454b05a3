from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.agent.model_answer import Asked, Chunk, Evaluated, Reading, json_object
from pipelines.agent.tool_calls import Wanted


def chunk(**delta: Any) -> Chunk:
    return Chunk.of(SimpleNamespace(delta=SimpleNamespace(**delta)))


@pytest.mark.parametrize("choice", [SimpleNamespace(), SimpleNamespace(delta=None), None, 7])
def test_a_chunk_without_a_message_says_nothing(choice: Any) -> None:
    assert not Chunk.of(choice).says_something


def test_words_that_are_no_text_are_not_believed() -> None:
    assert chunk(content=["Hi"]).content is None


def test_words_go_out_at_once_and_what_may_be_a_call_is_held_to_the_end() -> None:
    reading = Reading()
    assert reading.take(chunk(content="Let me look. ")) == ["Let me look. "]
    assert reading.take(chunk(content='{"name": "list_orders", ')) == []
    assert reading.take(chunk(content='"arguments": {}}')) == []
    assert reading.end() == [Asked((Wanted("list_orders", {}),))]


@pytest.mark.parametrize(
    "timings",
    [None, 7, {}, {"prompt_n": 7}, {"prompt_n": "7", "cache_n": 60}, {"prompt_n": None, "cache_n": None}],
)
def test_a_server_need_not_say_what_it_did_with_the_prompt(timings: Any) -> None:
    assert Evaluated.of(SimpleNamespace(timings=timings)) is None
    assert Evaluated.of(SimpleNamespace()) is None


def test_llama_cpp_says_what_it_read_and_what_it_had() -> None:
    timings = {"prompt_n": 7, "cache_n": 60, "prompt_ms": 90.1}
    assert Evaluated.of(SimpleNamespace(timings=timings)) == Evaluated(read=7, cached=60)


@pytest.mark.parametrize("text", ["", "refund", "[1]", '{"intent": ', "{" * 5000])
def test_what_is_no_json_object_is_none(text: str) -> None:
    assert json_object(text) is None


def test_a_json_object_is_found_in_its_wrapping() -> None:
    assert json_object('Sure: {"intent": "ask"}.') == {"intent": "ask"}
