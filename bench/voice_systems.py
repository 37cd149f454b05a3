"""The systems that `bench voice` calls: how each is started, and what it tells about a turn."""

import json
import os
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

from bench.voice_call import Read, Reading
from gateway.events import Message
from pipelines.agent.definition_file import load_definition
from pipelines.phrases import Phrases

ROOT = Path(__file__).parents[1]
READY_S = 120.0


@dataclass(frozen=True, slots=True)
class System:
    """Something that can be called at the address that `running` gives."""

    name: str
    running: Callable[[], AbstractContextManager[str]]
    "Raises `peers.Missing`."
    read: Read


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
        with (
            (Path(folder) / "log").open("w") as log,
            _ended(
                subprocess.Popen(command, env=ours, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
            ) as process,
        ):
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("Warmline: "):
                raise RuntimeError(f"the gateway did not start: {(Path(folder) / 'log').read_text()[-2000:]}")
            url = line.split()[1]
            _until_ready(f"{url}/readyz")
            yield url


@contextmanager
def _ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(45)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


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
            case {"type": "reply.done", "pii": {"text": text}}:
                under_way -= 1
                reading.reply = f"{reading.reply} {text}".strip()
                reading.source = event["source"]
                reading.stages = {k: v for k, v in (event.get("latency") or {}).items() if v is not None}
    reading.done = bool(reading.turns) and bool(reading.reply) and under_way <= 0
    reading.filler = reading.reply.startswith(_fillers())
    return reading


@cache
def _fillers() -> tuple[str, ...]:
    """What we say to fill the silence before an answer; the agent's own sentence is in its definition."""
    shop = load_definition(ROOT / "pipelines" / "agent" / "definitions" / "shop.yaml")
    return (Phrases().moment, shop.phrases.slow.voice)
