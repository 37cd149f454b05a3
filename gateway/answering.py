"""Puts the agent together as the configuration says: its definition, model, tools, knowledge.

The embedded parts (language model, demo shop) are child processes; their addresses are fixed before they are
up, so the agent answers from the first second with what works already.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx

from gateway.children import Child, ChildSettings
from gateway.config import Config, ConfigError, state_folder
from gateway.health import Health, State
from knowledge.embedding import EmbeddingUnavailable, SentenceEmbedder
from knowledge.library import Library
from knowledge.watch import keep_current
from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.definition import Definition
from pipelines.agent.definition_file import DefinitionError, load_definition
from pipelines.agent.model import ModelSettings
from pipelines.agent.routing import ModelRouting, endpoints
from pipelines.answer import Answerer
from pipelines.facts import Unavailable
from pipelines.keypad import KeyChoices
from tools.connector import ShopConnector, ShopSettings, connected
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox

ROOT = Path(__file__).parent.parent
DEFINITION = ROOT / "pipelines" / "agent" / "definitions" / "shop.yaml"
ARTICLES = ROOT / "knowledge" / "articles"
EMBEDDINGS = "minilm"
"Folder of the sentence model under `models.folder`."
VECTORS = "knowledge-vectors.npz"
"Embeddings of the articles, kept across restarts in the state folder."


@asynccontextmanager
async def configured_answerer(config: Config, health: Health) -> AsyncIterator[Answerer]:
    """The agent, for as long as the block lasts.

    Raises `ConfigError` for a definition that cannot be used, `Unavailable` without the sentence model.
    """
    health.hope_for("model")
    health.hope_for("shop")
    definition = _definition(config)
    shop, shop_child = _shop(config, health)
    model, model_child = _model(config, health)
    async with asyncio.TaskGroup() as tasks:
        beside = [
            tasks.create_task(child.run(), name=child.name) for child in (shop_child, model_child) if child
        ]
        try:
            embedder, library = await _knowledge(config)
            beside.append(tasks.create_task(keep_current(library), name="knowledge"))
            async with _agent(config, definition, model, shop, embedder, library) as agent:
                if model_child is not None:
                    beside.append(tasks.create_task(_warm(agent, model_child), name="warm the model"))
                yield agent
        finally:
            for task in beside:
                task.cancel()


def articles(config: Config) -> Path:
    """The folder of what the agent knows."""
    return config.agent.knowledge or ARTICLES


def definition_file(config: Config) -> Path:
    """The file of what the agent is."""
    return config.agent.definition or DEFINITION


def key_choices(config: Config) -> KeyChoices:
    """What single telephone keys say to the agent. Raises `ConfigError` for a definition not to be used."""
    return _definition(config).keypad.choices()


def tool_names() -> tuple[str, ...]:
    """The tools that a definition may name."""
    nowhere = ShopConnector(httpx.AsyncClient(trust_env=False))
    return shop_toolbox(nowhere, PolicyLimits()).names


def _definition(config: Config) -> Definition:
    try:
        return load_definition(definition_file(config))
    except DefinitionError as error:
        raise ConfigError([str(problem) for problem in error.problems]) from error


async def _knowledge(config: Config) -> tuple[SentenceEmbedder, Library]:
    """The sentence model and the first index, made in a thread: about a second."""

    def load() -> tuple[SentenceEmbedder, Library]:
        embedder = SentenceEmbedder(config.models.folder / EMBEDDINGS)
        library = Library(articles(config), embedder, state_folder() / VECTORS)
        library.refresh()
        return embedder, library

    try:
        return await asyncio.to_thread(load)
    except EmbeddingUnavailable as error:
        raise Unavailable(f"{error}; run `warmline models pull`") from error


@asynccontextmanager
async def _agent(
    config: Config,
    definition: Definition,
    model: ModelSettings,
    shop: ShopSettings,
    embedder: SentenceEmbedder,
    library: Library,
) -> AsyncIterator[Agent]:
    async with connected(shop) as connector:
        surroundings = Surroundings(
            tools=shop_toolbox(connector, PolicyLimits()),
            knowledge=library.index,
            embedder=embedder,
            clock=time.time,
        )
        phrases = config.model.endpoint != "embedded"  # the small one rather says that it does not know
        models = endpoints(ModelRouting(model, model, config.agent.tools, phrases))
        agent = await asyncio.to_thread(build_agent, definition, models, surroundings)
        try:
            yield agent
        finally:
            await agent.close()


def _shop(config: Config, health: Health) -> tuple[ShopSettings, Child | None]:
    """Where the shop is, and its process if it is ours."""
    wanted = config.shop
    if wanted.endpoint != "embedded":
        health.report("shop", State.UP)
        return ShopSettings(wanted.endpoint, wanted.token.get_secret_value() if wanted.token else ""), None
    token = secrets.token_urlsafe(32)
    database = wanted.database or state_folder() / "shop.sqlite"
    database.parent.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", "tools.shop", "--database", str(database))
    child = Child(ChildSettings("shop", command, {"token": token}), partial(health.report, "shop"))
    return ShopSettings(f"http://127.0.0.1:{child.port}", token), child


def _model(config: Config, health: Health) -> tuple[ModelSettings, Child | None]:
    """Where the language model is, and its process if it is ours."""
    wanted = config.model
    child = None
    if wanted.endpoint == "embedded":
        child = _model_child(config, health)
        url, name = f"http://127.0.0.1:{child.port}/v1", "default"
    else:
        health.report("model", State.UP)
        url, name = wanted.endpoint, wanted.name
    settings = ModelSettings(
        base_url=url,
        model=name,
        api_key=wanted.api_key.get_secret_value() if wanted.api_key else "none",
        slots=wanted.slots,
        first_token_s=wanted.first_token_s,
        total_s=wanted.reply_s,
        cache_slots=0 if child is None else _cache_slots(config),
    )
    return settings, child


def _cache_slots(config: Config) -> int:
    """The embedded server answers as many requests at once as it keeps prompts."""
    return max(config.model.slots, config.model.cache_slots)


def _model_child(config: Config, health: Health) -> Child:
    wanted = config.model
    options = {
        "--model": config.models.folder / wanted.file,
        "--threads": wanted.threads,
        "--slots": _cache_slots(config),
        "--context": wanted.context_tokens * _cache_slots(config),
    }
    words = [str(word) for option in options.items() for word in option]
    command = (sys.executable, "-m", "pipelines.agent.llama_server", *words)
    return Child(ChildSettings("model", command, ready_s=180.0), partial(health.report, "model"))


async def _warm(agent: Agent, model: Child) -> None:
    """Have a fresh model read what every answer begins with, before the first customer asks."""
    await model.serves()
    await agent.warm()
