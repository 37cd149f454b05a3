"""What evals need, started for them: model and articles once, a fresh shop and agent for each script."""

import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge.embedding import SentenceEmbedder
from knowledge.library import Library
from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.definition_file import load_definition
from pipelines.agent.model import ModelSettings
from pipelines.agent.routing import ModelRouting, endpoints
from tools.connector import ShopSettings, connected
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox

ROOT = Path(__file__).parent.parent
MODEL = Path("llm") / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
CACHE_SLOTS = 4


@dataclass(frozen=True, slots=True)
class Bench:
    """What all scripts share."""

    embedder: SentenceEmbedder
    library: Library
    routing: ModelRouting

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Agent]:
        """An agent over a freshly seeded shop: one script's refund must not be another's refusal."""
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            shop = await stack.enter_async_context(_shop(Path(folder) / "shop.sqlite"))
            connector = await stack.enter_async_context(connected(shop))
            tools = shop_toolbox(connector, PolicyLimits())
            agent = build_agent(
                load_definition(ROOT / "pipelines" / "agent" / "definitions" / "shop.yaml"),
                endpoints(self.routing),
                Surroundings(tools, self.library.index, self.embedder, time.time),
            )
            stack.push_async_callback(agent.close)
            yield agent


@asynccontextmanager
async def bench(models: Path, *, model: Path | None = MODEL) -> AsyncIterator[Bench]:
    """The shared parts; `models` is the folder of the weights, without `model` there is no language model."""
    embedder = SentenceEmbedder(models / "minilm")
    library = Library(ROOT / "knowledge" / "articles", embedder)
    library.refresh()
    async with AsyncExitStack() as stack:
        routing = ModelRouting()
        if model is not None:
            url = await stack.enter_async_context(_llama(models / model))
            settings = ModelSettings(url, name="embedded", cache_slots=CACHE_SLOTS)
            routing = ModelRouting(understand=settings, answer=settings, phrases=False)
        yield Bench(embedder, library, routing)


@asynccontextmanager
async def _shop(database: Path) -> AsyncIterator[ShopSettings]:
    token = secrets.token_urlsafe(24)
    first_line = json.dumps({"token": token}).encode() + b"\n"
    async with _child("tools.shop", "--database", str(database), stdin=first_line) as port:
        yield ShopSettings(f"http://127.0.0.1:{port}", token)


@asynccontextmanager
async def _llama(model: Path) -> AsyncIterator[str]:
    options = ("--model", str(model), "--slots", str(CACHE_SLOTS))
    async with _child("pipelines.agent.llama_server", *options) as port:
        yield f"http://127.0.0.1:{port}/v1"


@asynccontextmanager
async def _child(module: str, *arguments: str, stdin: bytes = b"") -> AsyncIterator[int]:
    """A child process of ours that prints its port and ends with its stdin."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(stdin)
        await process.stdin.drain()
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"{module} ended with {await process.wait()} before it was ready")
        yield int(json.loads(line)["port"])
    finally:
        process.stdin.close()
        await process.wait()
