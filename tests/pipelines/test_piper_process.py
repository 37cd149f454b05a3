"""The Piper program: its service over pipes in memory, and the real thing as a process."""

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipelines.piper_process import Service, trimmed
from pipelines.piper_wire import HEADER, Kind, WireMessage, speak, unpack_header


class TonalVoice:
    """A tone of a tenth of a second per word, one chunk a sentence."""

    def synthesize(self, text: str) -> Any:
        if not text.strip("?!. "):
            raise ValueError("nothing to say")
        for sentence in text.split("."):
            tone = np.sin(np.arange(2_205 * len(sentence.split())) / 8).astype(np.float32) / 2
            yield SimpleNamespace(audio_float_array=tone, sample_rate=22_050)


def answers(*requests: WireMessage) -> list[WireMessage]:
    output = io.BytesIO()
    service = Service(TonalVoice(), output)
    for request in requests:
        service.take(request)
    service.finish()
    service.serve()
    return unpack(output.getvalue())


def unpack(data: bytes) -> list[WireMessage]:
    messages = []
    while data:
        length, kind, request = unpack_header(data[: HEADER.size])
        messages.append(WireMessage(kind, request, data[HEADER.size : HEADER.size + length]))
        data = data[HEADER.size + length :]
    return messages


def test_speaks_request_after_request() -> None:
    said = answers(speak(1, "one two", 16_000), speak(2, "three", 8_000))
    assert [(m.kind, m.request) for m in said] == [
        (Kind.READY, 0),
        (Kind.AUDIO, 1),
        (Kind.DONE, 1),
        (Kind.AUDIO, 2),
        (Kind.DONE, 2),
    ]
    assert len(said[1].payload) == pytest.approx(2 * 16_000 * 0.25, rel=0.05)
    assert len(said[3].payload) == pytest.approx(2 * 8_000 * 0.15, rel=0.05)


def test_a_cancelled_request_is_not_spoken() -> None:
    said = answers(speak(1, "one. two. three.", 16_000), WireMessage(Kind.CANCEL, 1))
    assert [m.kind for m in said] == [Kind.READY, Kind.DONE]


def test_what_is_cancelled_too_late_is_not_remembered() -> None:
    service = Service(TonalVoice(), io.BytesIO())
    service.take(speak(1, "one.", 16_000))
    service.finish()
    service.serve()
    for request in (1, 2):
        service.take(WireMessage(Kind.CANCEL, request))
    assert not service.wanted


def test_a_text_that_cannot_be_spoken_fails_alone() -> None:
    said = answers(speak(1, "?!", 16_000), speak(2, "fine", 16_000))
    assert [(m.kind, m.request) for m in said if m.kind is not Kind.AUDIO] == [
        (Kind.READY, 0),
        (Kind.FAILED, 1),
        (Kind.DONE, 2),
    ]


def test_nothing_is_spoken_to_nobody() -> None:
    output = io.BytesIO()
    service = Service(TonalVoice(), output)
    service.read(io.BytesIO(speak(1, "one. two.", 16_000).pack()))
    service.serve()
    assert [m.kind for m in unpack(output.getvalue())] == [Kind.READY]


def test_callers_go_before_what_is_only_learnt() -> None:
    learning = [speak(number, "phrase", 16_000, patient=True) for number in (1, 2)]
    said = answers(*learning, speak(3, "for a caller", 16_000), speak(4, "for another", 16_000))
    assert [m.request for m in said if m.kind is Kind.DONE] == [3, 4, 1, 2]


@pytest.mark.parametrize(
    ("text", "pause_ms"),
    [
        ("Your order", 50),
        ("Your order,", 180),
        ("Your order.", 300),
        ("Your order?", 300),
        ('"Your order."', 300),
    ],
)
def test_a_pause_is_as_long_as_the_mark_before_it_whatever_the_voice_left(text: str, pause_ms: int) -> None:
    for left in (0, 800, 16_000):
        sound = np.concatenate([np.zeros(4_000), np.ones(8_000), np.zeros(left)])
        assert len(trimmed(sound, 16_000, text)) == pytest.approx(160 + 8_000 + 16 * pause_ms, abs=2)


def test_silence_is_left_as_it_is() -> None:
    assert len(trimmed(np.zeros(100), 16_000, "…")) == 100


@pytest.mark.models
@pytest.mark.timeout(120)
def test_the_real_program_speaks_and_ends_with_its_input(models_folder: Path) -> None:
    voice = models_folder / "piper" / "en_US-joe-medium.onnx"
    program = [sys.executable, "-m", "pipelines.piper_process", "--voice", str(voice)]
    requests = speak(1, "Hello there.", 16_000).pack()
    run = subprocess.run(program, input=requests, capture_output=True, timeout=60, check=False)
    assert run.returncode == 0
    assert unpack(run.stdout)[0].kind is Kind.READY


def test_nothing_of_ours_imports_piper_but_its_own_program() -> None:
    lines = "import sys, pipelines.voice_call, pipelines.voice_models; assert 'piper' not in sys.modules"
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", lines], check=True, env=environment, capture_output=True)
