"""The systems that `bench voice` calls: how each is started, and what it tells about a turn."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from bench import peers
from bench.voice_call import Read, Reading
from gateway.events import Message
from pipelines.agent.definition_file import load_definition

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "pipelines" / "agent" / "definitions" / "shop.yaml"
WHISPER = "whisper-base"
VOICE = Path("piper") / "en_US-joe-medium.onnx"
LLM = Path("llm") / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
READY_S = 120.0
ENDING_S = 20.0
LEARNING_S, LEARNT_S = 600.0, 6.0
"A gateway learns so long at most; it has learnt when it knows nothing more for so long."


PARTS = ("turns", "stops", "pauses")
"Questions and answers; interruptions; sentences with pauses inside."


@dataclass(frozen=True, slots=True)
class System:
    """Something that can be called at the address that `running` gives."""

    name: str
    running: Callable[[], AbstractContextManager[str]]
    "Raises `peers.Missing`."
    read: Read
    parts: Sequence[str] = PARTS
    "What is measured of it."


@contextmanager
def gateway(models: Path, more: Mapping[str, Any] | None = None) -> Iterator[str]:
    """A whole gateway as `warmline serve` runs it: everything embedded, its state in a folder of its own.

    `more` are further settings, by section.
    """
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        settings = {
            "models": {"folder": str(models)},
            "store": {"url": f"sqlite+aiosqlite:///{folder}/warmline.sqlite"},
            "shop": {"database": f"{folder}/shop.sqlite"},
            "http": {"port": 0},
            **(more or {}),
        }
        file = Path(folder) / "warmline.yaml"
        file.write_text(json.dumps(settings))
        ours = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(file)]
        with _child(command, ours, Path(folder) / "log") as process:
            url = _first_line(process, "Warmline: ").split()[1]
            _until_ready(f"{url}/readyz")
            yield url


@contextmanager
def practised_gateway(models: Path) -> Iterator[str]:
    """The same as callers find it: in its first quiet minutes it has learnt by heart how answers begin."""
    with gateway(models) as url:
        _until_learnt(f"{url}/metrics")
        yield url


@contextmanager
def pipecat(models: Path, model_url: str, model_name: str) -> Iterator[str]:
    """Stock pipecat in an environment of its own, with a language model behind this endpoint."""
    python = peers.environment("pipecat")
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = os.environ | {
            "WHISPER": str(models / WHISPER),
            "PIPER": str(models / VOICE),
            "LLM_URL": model_url,
            "LLM_NAME": model_name,
            "PERSONA": load_definition(SHOP).persona,
            "HF_HUB_OFFLINE": "1",
        }
        program = peers.HERE / "pipecat_voice_bot.py"
        command = [str(python), str(program), "--host", "127.0.0.1", "--port", str(port)]
        with _child(command, environment, Path(folder) / "log"):
            url = f"http://127.0.0.1:{port}"
            _until_answering(f"{url}/status")
            yield url


@contextmanager
def livekit() -> Iterator[str]:
    """Agents of LiveKit's take calls through a LiveKit server only."""
    raise peers.Missing(
        "its agents take calls through a LiveKit server, a Go program in no package of PyPI, npm or Debian"
    )
    yield ""


@contextmanager
def llama_server(models: Path) -> Iterator[str]:
    """The language model that our gateway runs, alone: an address with its `/v1`."""
    command = [sys.executable, "-m", "pipelines.agent.llama_server", "--model", str(models / LLM)]
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        with _child(command, dict(os.environ), Path(folder) / "log") as process:
            port = json.loads(_first_line(process, "{"))["port"]
            yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _child(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[str]]:
    """A program that ends with the block; what it says on standard error is shown when it fails."""
    pipe = subprocess.PIPE
    with log.open("w") as file:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=file, text=True
        )
    try:
        yield process
    except Exception as error:
        error.add_note(f"{command[:4]}: {log.read_text()[-2000:]}")
        raise
    finally:
        process.terminate()
        try:
            process.communicate(timeout=ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _first_line(process: subprocess.Popen[str], beginning: str) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(beginning):
        raise RuntimeError(f"a program did not start; it said {line!r}")
    return line


def _until_answering(url: str) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < READY_S:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer within {READY_S:g} s")


def _until_ready(url: str) -> None:
    """Ready is not enough: a gateway takes chats before its models are loaded."""
    begun = time.monotonic()
    missing: object = "everything"
    while time.monotonic() - begun < READY_S:
        try:
            state = httpx.get(url, timeout=5).json()
        except httpx.TransportError:
            state = {"missing": missing}
        if not (missing := state["missing"]):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the gateway was not up within {READY_S:g} s; still missing: {missing}")


def _until_learnt(url: str) -> None:
    begun = grown = time.monotonic()
    known = 0
    while time.monotonic() - begun < LEARNING_S:
        now = phrases_known(httpx.get(url, timeout=5).text)
        grown = time.monotonic() if now != known or not now else grown
        known = now
        if time.monotonic() - grown >= LEARNT_S:
            return
        time.sleep(0.5)
    raise RuntimeError(f"the gateway had not learnt its phrases within {LEARNING_S:g} s; it knew {known}")


def phrases_known(metrics: str) -> int:
    """How many phrases a gateway with these metrics knows by heart."""
    line = re.search(r"^warmline_phrases_known (\S+)", metrics, re.MULTILINE)
    return int(float(line[1])) if line else 0


def read_events(messages: Sequence[Message]) -> Reading:
    """What our events tell of a turn."""
    reading = Reading(done=False)
    under_way = 0
    for message in messages:
        if message.get("type") != "server-message":
            continue
        event: Message = message["data"]
        match event:
            case {"type": "turn.customer", "pii": {"text": text}}:
                reading.said = f"{reading.said} {text}".strip()
                reading.turns += 1
            case {"type": "reply.started"}:
                under_way += 1
            case {"type": "tool.finished", "tool": tool, "outcome": outcome}:
                reading.tools.append(f"{tool}: {outcome}")
            case {"type": "reply.done", "answers": None}:  # said unasked, such as a greeting
                under_way -= 1
            case {"type": "reply.done", "pii": {"text": text}}:
                under_way -= 1
                reading.reply = f"{reading.reply} {text}".strip()
                reading.source = event["source"]
                reading.stages = {k: v for k, v in (event.get("latency") or {}).items() if v is not None}
    reading.done = bool(reading.turns) and bool(reading.reply) and under_way <= 0
    reading.filler = reading.reply.startswith(_fillers())
    return reading


def read_rtvi(messages: Sequence[Message]) -> Reading:
    """What pipecat's RTVI messages tell of a turn; stages are durations here, by its own latency observer."""
    reading = Reading(source="model")
    for message in messages:
        match message:
            case {"type": "user-stopped-speaking"}:
                reading.turns += 1
            case {"type": "user-transcription", "data": {"final": True, "text": text}}:
                reading.said = f"{reading.said} {text}".strip()
            case {"type": "bot-llm-text", "data": {"text": text}}:
                reading.reply += text
            case {"type": "server-message", "data": {"stages": stages}}:
                reading.stages = stages
    return reading


@cache
def _fillers() -> tuple[str, ...]:
    """What is said to fill a silence before the answer itself."""
    said = load_definition(SHOP).phrases
    return tuple(
        each.voice for each in (*said.thinking, said.slow, said.looking_up, said.checking, said.changing)
    )
