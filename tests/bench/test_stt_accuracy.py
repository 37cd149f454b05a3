"""Word error rates of two decoders: what is done once, and how they are compared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import stt_accuracy
from bench.clips import Clip
from bench.sound import Sound, write
from bench.stt_accuracy import OURS, PLAIN, Condition, Decoded, Spoiler, conditions, decode_all, figures

QUIET, LOUD = Condition("wide"), Condition("narrow", "office", 5)


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    rng = np.random.default_rng(1)
    for name in ("a", "b", "office"):
        write(tmp_path / f"{name}.wav", rng.normal(0, 0.1, 56_000).astype(np.float32))
    kinds = {"a": "speech", "b": "speech", "office": "noise"}
    return [Clip(tmp_path / f"{name}.wav", "press one", kind, "somebody") for name, kind in kinds.items()]


def test_both_bands_clean_and_in_two_noises_at_three_levels() -> None:
    assert len(set(map(str, conditions()))) == 14
    assert [str(condition) for condition in conditions()[:2]] == ["wide, clean", "narrow, clean"]


def test_noise_is_the_same_on_every_run_and_is_added_before_the_telephone(clips: list[Clip]) -> None:
    once, again = (Spoiler(clips).spoil(clips[0], LOUD) for _ in range(2))
    assert np.array_equal(once, again)
    quiet = Spoiler(clips).spoil(clips[0], QUIET)
    assert np.array_equal(quiet[6_400:-1_600], clips[0].sound)
    assert not np.allclose(once, quiet, atol=0.05)


def test_nothing_is_decoded_twice(clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stt_accuracy, "DECODES", tmp_path / "kept" / "decodes.jsonl")
    asked: list[int] = []

    def decode(sound: Sound) -> dict[str, Any]:
        asked.append(len(sound))
        return {"text": "press one", "logprob": -0.1}

    decode_all(clips, clips[:1], {"first": decode}, [QUIET, LOUD])
    decode_all(clips, clips[:2], {"first": decode}, [QUIET, LOUD])
    assert len(asked) == 4
    kept = list(stt_accuracy.decodes(stt_accuracy.DECODES))
    assert [(entry.clip, entry.condition) for entry in kept] == [
        ("a", "wide, clean"),
        ("a", "narrow, office at 5 dB"),
        ("b", "wide, clean"),
        ("b", "narrow, office at 5 dB"),
    ]
    assert kept[0].details == {"logprob": -0.1}


def test_ours_may_be_half_a_point_worse(clips: list[Clip]) -> None:
    def decoded(condition: str, ours: str) -> list[Decoded]:
        return [Decoded("a", condition, OURS, ours, {}), Decoded("a", condition, PLAIN, "press one", {})]

    found = figures(decoded("wide, clean", "press 1") + decoded("narrow, clean", "press"), clips)
    by_name = {(figure.name, figure.system): figure for figure in found}
    assert by_name["word error rate, wide, clean", OURS].holds is True
    worse = by_name["word error rate, narrow, clean", OURS]
    assert (worse.value, worse.limit, worse.holds) == (50, "<= 0.5", False)
    assert worse.note == "0 wrong, 1 left out, 0 added of 2 words"
    of_source = by_name["word error rate, narrow, clean, somebody", OURS]
    assert of_source.holds is None
