"""Percentiles and the file that results are kept in."""

import json
from pathlib import Path

import pytest

from bench import figures
from bench.figures import Figure, Result, percentile


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([30, 10, 20], 50) == 20
    assert percentile(list(range(1, 101)), 95) == 95
    assert percentile([5], 95) == 5
    assert percentile([1, 2], 100) == 2


def test_of_nothing_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_result_is_kept_with_its_circumstances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results")
    path = Result("voice", [Figure("delay", "warmline", 1.0, "ms")], {"turns": [1]}).save()
    kept = json.loads(path.read_text())
    assert path.name == "voice.json"
    assert kept["figures"][0]["name"] == "delay"
    assert kept["raw"] == {"turns": [1]}
    assert kept["machine"]["cores"] >= 1
