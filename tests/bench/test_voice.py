"""What `bench voice` takes from a run before."""

import json
from pathlib import Path

import pytest

from bench import voice
from bench.peers import Missing
from bench.voice_figures import OURS


def kept(folder: Path, name: str, system: str, reply: str) -> None:
    turn = {"system": system, "say": "Where is my order?", "reply": reply}
    (folder / f"{name}.json").write_text(json.dumps({"raw": {"turns": [turn]}}))


def test_the_scripted_peer_says_what_we_said_in_the_run_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "RESULTS", tmp_path)
    with pytest.raises(Missing):
        voice._replies(voice.Found())
    kept(tmp_path, "voice-quick", "pipecat 1.14", "I cannot know.")
    kept(tmp_path, "voice-ours", OURS, "It is on its way.")
    assert voice._replies(voice.Found()) == {"Where is my order?": "It is on its way."}
