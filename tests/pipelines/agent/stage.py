"""An agent over the real shop, in this process and without a clock of its own: for tests in virtual time.

Embedding and searching are faked so that nothing needs a thread or a model file; the language model plays a
script. `Talk` does what the gateway does: it applies each fact before it asks for the next piece.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from knowledge.passage import Match, Passage, Source
from pipelines.agent import agent as agent_module
from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.definition import Definition
from pipelines.agent.definition_file import load_definition
from pipelines.agent.model import Model, ModelSettings
from pipelines.agent.patience import Patience
from pipelines.agent.routing import Endpoints
from pipelines.answer import Answerer, Basis, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel, CustomerTurn, Fact, ReplyDone, Words
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.shop_in_process import NOW, shop_in_process
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox

T = TypeVar("T")
SHOP: Definition = load_definition(Path(agent_module.__file__).parent / "definitions" / "shop.yaml")


async def inline(function: Callable[..., T], *arguments: Any) -> T:
    """An `Offload` that does not leave the event loop."""
    return function(*arguments)


def match(text: str, score: float, *, article: str = "return-policy", lead: bool = True) -> Match:
    """A passage as a search gives it."""
    source = Source(article, article.replace("-", " ").capitalize(), "", f"{article}.md", "")
    return Match(Passage(f"{article}/1", text, source, lead), score, score, score)


@dataclass
class Shelf:
    """A `Knowledge` that finds what it was told to find for a word of the question, and else nothing good."""

    passages: dict[str, list[Match]] = field(default_factory=dict)
    searched: list[str] = field(default_factory=list)

    def search(self, query: str, limit: int = 3) -> list[Match]:
        self.searched.append(query)
        for word, matches in self.passages.items():
            if word in query.lower():
                return matches[:limit]
        return [match("Nothing of interest.", 0.1)]

    def leads(self) -> list[Passage]:
        return [each.passage for matches in self.passages.values() for each in matches if each.passage.lead]


def model_of(script: ScriptedModel, **settings: Any) -> Model:
    """A client that plays the script without sockets."""
    return Model(ModelSettings("http://scripted.invalid/v1", **settings), script.client())


@dataclass
class Talk:
    """One conversation with an answerer."""

    agent: Answerer
    channel: Channel = "chat"
    conversation: Conversation = field(default_factory=lambda: Conversation("s-test"))
    facts: list[Fact] = field(default_factory=list)
    "Of all turns."
    basis: Basis = field(default_factory=lambda: Basis("fixed"))
    "Of the last reply."

    async def say(self, text: str) -> str:
        """The reply to the customer's next words."""
        turn_id = f"t{len(self.conversation.turns)}"
        said = CustomerTurn(turn_id=turn_id, channel=self.channel, pii=Words(text=text))
        self.conversation.apply(said)
        reply = ""
        async with aclosing(self.agent.respond(self.conversation, turn_id, self.channel)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                if isinstance(piece, Say):
                    reply += piece.text
                elif isinstance(piece, Basis):
                    self.basis = piece
                elif isinstance(piece, Fact):
                    self.facts.append(piece)
                    self.conversation.apply(piece)
        self.conversation.apply(ReplyDone(turn_id=f"r{turn_id}", answers=turn_id, pii=Words(text=reply)))
        return reply

    def of(self, kind: type[T]) -> list[T]:
        """The facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


@asynccontextmanager
async def agent_on_stage(
    script: ScriptedModel | None = None,
    shelf: Shelf | None = None,
    *,
    patience: Patience | None = None,
    tools: Sequence[str] = (),
    **model: Any,
) -> AsyncIterator[Agent]:
    """An agent over a fresh shop; without a script it has no language model."""
    async with shop_in_process() as shop:
        client = model_of(script, **model) if script else None
        surroundings = Surroundings(
            tools=shop_toolbox(shop.connector, PolicyLimits()),
            knowledge=shelf or Shelf(),
            embedder=HashedEmbedder(),
            clock=lambda: NOW,
            offload=inline,
        )
        agent = build_agent(SHOP, Endpoints(client, client, tuple(tools)), surroundings, patience)
        try:
            yield agent
        finally:
            await agent.close()
