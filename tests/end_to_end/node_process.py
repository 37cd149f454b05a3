"""A gateway among others as a process of its own: everything is real but the agent, which plays a script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.config import Config
from gateway.health import Health
from pipelines.answer import Answerer
from tests.end_to_end.gateway_process import serve_chats
from tests.fakes.office import asks_for_person
from tests.fakes.scripted_answerer import ScriptedAnswerer


@asynccontextmanager
async def open_agent(config: Config, health: Health) -> AsyncIterator[Answerer]:
    """Says what it heard, and asks for a person when that is wished for."""
    yield ScriptedAnswerer(asks_for_person)


if __name__ == "__main__":
    serve_chats(open_agent)
