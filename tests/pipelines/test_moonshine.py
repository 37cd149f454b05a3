"""Moonshine's greedy loop over a scripted graph, its guards, and the real model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from pipelines import moonshine
from pipelines.moonshine import END, SPARE_TOKENS, TOKENS_PER_S, Moonshine, MoonshineSettings, loop_tokens
from pipelines.whisper import believable

WORDS = ["<unk>", "<s>", "</s>", "where", "is", "it", "very", "good"]


class Entry:
    def __init__(self, name: str, shape: list[Any]) -> None:
        self.name = name
        self.shape = shape


class Graph:
    """Both graphs of a model: says the scripted tokens, and answers the cache as the merged export does."""

    def __init__(self, script: list[list[int]]) -> None:
        self.script = script
        "For each step the tokens, likeliest first."
        self.fed: list[dict[str, Any]] = []

    def get_inputs(self) -> list[Entry]:
        cache = [
            f"past_key_values.0.{part}.{what}" for part in ("decoder", "encoder") for what in ("key", "value")
        ]
        return [Entry("input_ids", []), *(Entry(name, ["batch", 2, "past", 4]) for name in cache)]

    def run(self, outputs: list[str] | None, feed: dict[str, Any]) -> list[Any]:
        if outputs is None:
            return [np.zeros((1, feed["input_values"].shape[1] // 384, 8), np.float32)]
        step = len(self.fed)
        self.fed.append(dict(feed))
        logits = np.zeros((1, 1, len(WORDS)), np.float32)
        for place, token in enumerate(self.script[min(step, len(self.script) - 1)]):
            logits[0, 0, token] = 9.0 - 3 * place
        past = np.full((1, 2, step + 1, 4), step, np.float32)
        across = np.ones((1, 2, 5, 4), np.float32) if step == 0 else np.zeros((0, 2, 1, 4), np.float32)
        return [logits, *(across if ".encoder." in name else past for name in outputs[1:])]


def scripted(
    monkeypatch: pytest.MonkeyPatch, folder: Path, script: list[list[int]]
) -> tuple[Moonshine, Graph]:
    graph = Graph(script)
    monkeypatch.setattr(moonshine, "_session", lambda *_: graph)
    vocabulary = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<unk>"))
    vocabulary.pre_tokenizer = Whitespace()
    vocabulary.add_special_tokens(WORDS[:3])
    vocabulary.save(str(folder / "tokenizer.json"))
    return Moonshine(MoonshineSettings(folder)), graph


def sound(seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.zeros(round(16_000 * seconds), np.float32)


def test_says_one_token_after_another_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, graph = scripted(monkeypatch, tmp_path, [[3], [4], [5], [END]])
    decoded = model.decode(sound(2))
    assert decoded.text == "where is it"
    assert decoded.window_s == 2
    assert -0.1 < decoded.logprob < 0
    assert [feed["input_ids"].item() for feed in graph.fed] == [1, 3, 4, 5]


def test_the_cache_grows_and_the_encoders_part_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, graph = scripted(monkeypatch, tmp_path, [[3], [4], [5], [END]])
    model.decode(sound(2))
    assert [feed["use_cache_branch"].item() for feed in graph.fed] == [False, True, True, True]
    ours = [feed["past_key_values.0.decoder.key"].shape[2] for feed in graph.fed]
    across = [feed["past_key_values.0.encoder.value"].shape for feed in graph.fed]
    assert ours == [0, 1, 2, 3]
    assert across == [(1, 2, 0, 4), *[(1, 2, 5, 4)] * 3]


def test_a_second_decode_knows_nothing_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, graph = scripted(monkeypatch, tmp_path, [[3], [END]])
    model.decode(sound(2))
    graph.fed.clear()
    assert model.decode(sound(2)).text == "where"
    assert graph.fed[0]["past_key_values.0.decoder.key"].shape[2] == 0


def test_nothing_at_all_is_no_answer_but_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = scripted(monkeypatch, tmp_path, [[END, 7], [END]])
    decoded = model.decode(sound(2))
    assert decoded.text == "good"
    assert decoded.no_speech > 0.9
    assert decoded.logprob < -1
    assert not believable(decoded)


def test_stops_where_nobody_could_have_said_so_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    model, graph = scripted(monkeypatch, tmp_path, [[int(token)] for token in rng.permutation(500) % 5 + 3])
    model.decode(sound(2))
    assert len(graph.fed) <= SPARE_TOKENS + 3 * TOKENS_PER_S


def test_a_decode_that_goes_round_in_circles_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = scripted(monkeypatch, tmp_path, [[3], [4], [5], *[[6], [7]] * 20])
    assert model.decode(sound(20)).text == "where is it very good"


@pytest.mark.parametrize(
    ("tokens", "again"),
    [
        ([7, 7, 7], 0),
        ([9, *[7] * 6], 5),
        ([1, 2] * 4, 0),
        ([3, *[1, 2] * 5], 8),
        ([1, 2, 3] * 3, 6),
        ([*range(8), *range(8)], 8),
        ([*range(7), *range(7)], 0),
        ([], 0),
    ],
)
def test_only_what_nobody_says_is_a_loop(tokens: list[int], again: int) -> None:
    assert loop_tokens(tokens) == again


@given(st.lists(st.integers(0, 3), max_size=60))
def test_what_is_cut_of_a_loop_stands_before_it_already(tokens: list[int]) -> None:
    again = loop_tokens(tokens)
    assert 0 <= again < max(1, len(tokens))
    kept = tokens[: len(tokens) - again]
    assert all(tokens[-again:][n] in kept for n in range(again))


@pytest.mark.models
@pytest.mark.timeout(120)
def test_the_real_model_is_believed_in_no_silence_and_no_noise(moonshine_folder: Path) -> None:
    model = Moonshine(MoonshineSettings(moonshine_folder / "moonshine-tiny"))
    rng = np.random.default_rng(3)
    for noise in (sound(2), sound(0.05), rng.normal(0, 0.002, 48_000), rng.normal(0, 0.05, 32_000)):
        decoded = model.decode(noise.astype(np.float32))
        assert not believable(decoded), decoded
