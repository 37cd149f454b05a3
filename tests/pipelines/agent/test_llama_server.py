import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "pipelines.agent.llama_server", "--threads", "2", "--context", "2048")
WEIGHTS = Path("llm") / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"


@contextmanager
def server(models: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    process = subprocess.Popen(
        [*COMMAND, "--model", str(models / WEIGHTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["port"]
        finally:
            process.kill()


@pytest.mark.models
@pytest.mark.timeout(120)
def test_it_answers_in_the_protocol_and_ends_with_its_stdin(models_folder: Path) -> None:
    with server(models_folder) as (process, port):
        body = {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 4}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response)["choices"][0]["message"]["content"]
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout.read() == b"", "stdout carries the one line and nothing else"


@pytest.mark.models
@pytest.mark.timeout(120)
def test_it_ends_on_sigterm(models_folder: Path) -> None:
    with server(models_folder) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, "--model", str(tmp_path / "none.gguf")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 2
    assert "is missing; run `warmline models pull`" in ended.stderr.splitlines()[-1]
