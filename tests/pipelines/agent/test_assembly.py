import asyncio
import threading
from collections.abc import Sequence

import pytest

from knowledge.embedding import EmbeddingUnavailable, Vectors
from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.classifier import Embedder
from pipelines.agent.patience import Patience
from pipelines.agent.routing import Endpoints
from tests import virtual_time
from tests.fakes.customer import Customer
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import Reply, ScriptedModel, hang, json_answer, status
from tests.fakes.shop_in_process import NOW
from tests.pipelines.agent.stage import SHOP, Shelf, inline, match, model_of
from tools.policy import PolicyLimits
from tools.toolbox import Toolbox

GIBBERISH = "flurbel gnarp"
WARRANTY = "how long is the warranty"
NO_MODELS = Endpoints()


class Recording(HashedEmbedder):
    """Notes in which threads it works."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.threads.add(threading.current_thread().name.split("_")[0])
        return super().embed(texts)


class Dead:
    """An embedder whose model does not run."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise EmbeddingUnavailable("no model")


def agent(
    models: Endpoints = NO_MODELS, embedder: Embedder | None = None, patience: Patience | None = None
) -> Agent:
    shelf = Shelf(
        {"return policy": [match("You have 30 days.", 0.9)], "warranty": [match("Two years.", 0.6)]}
    )
    tools = Toolbox([], PolicyLimits())
    # Threads do not go with a clock that jumps: where there is one, the work is done on the spot.
    offload = None if isinstance(embedder, Recording) else inline
    surroundings = Surroundings(tools, shelf, embedder or HashedEmbedder(), lambda: NOW, offload)
    return build_agent(SHOP, models, surroundings, patience)


def test_an_agent_without_any_model_answers_and_its_blocking_work_runs_in_its_own_threads() -> None:
    async def main() -> None:
        embedder = Recording()
        built = agent(embedder=embedder)
        embedder.threads.clear()
        customer = Customer(built)
        assert (await customer.says("what is your return policy")).text == "You have 30 days."
        assert embedder.threads == {"agent"}
        await built.close()

    asyncio.run(main())


def test_the_models_do_what_they_are_routed_to() -> None:
    guessing, talking = ScriptedModel(otherwise=json_answer({"intent": "chat"})), ScriptedModel()

    async def main() -> str:
        models = Endpoints(understand=model_of(guessing), answer=model_of(talking))
        return (await Customer(agent(models)).says(GIBBERISH)).text

    assert virtual_time.run(main()) == "All right."
    assert [request.kind for request in guessing.requests] == ["json"]
    assert [request.kind for request in talking.requests] == ["text"]


def test_only_tools_of_the_routing_are_shown_to_the_model() -> None:
    script = ScriptedModel()
    with pytest.raises(KeyError):
        agent(Endpoints(answer=model_of(script), tools=("no_such_tool",)))


def test_patience_is_as_it_is_set() -> None:
    async def main() -> float | None:
        models = Endpoints(answer=model_of(ScriptedModel(otherwise=hang())))
        patience = Patience(notice_s=0.5, give_up_s=1)
        return (await Customer(agent(models, patience=patience)).says("tell me a joke")).first_words_s

    assert virtual_time.run(main()) == pytest.approx(0.5)


@pytest.mark.parametrize("phrases", [True, False])
def test_only_a_model_that_is_trusted_with_it_phrases_what_a_passage_probably_says(phrases: bool) -> None:
    script = ScriptedModel()

    async def main() -> str:
        return (
            await Customer(agent(Endpoints(answer=model_of(script), phrases=phrases))).says(WARRANTY)
        ).text

    said = virtual_time.run(main())
    assert said == ("All right." if phrases else "Here is what I found: Two years.")
    assert bool(script.requests) == phrases


def test_warming_has_each_model_read_what_its_answers_begin_with() -> None:
    guessing, talking = ScriptedModel(), ScriptedModel()

    async def main() -> None:
        await agent(Endpoints(understand=model_of(guessing), answer=model_of(talking))).warm()

    virtual_time.run(main())
    begun = [str(request.messages[0]["content"]) for request in talking.requests]
    assert len(begun) == 2 and all(SHOP.persona in prompt for prompt in begun)
    [prompt] = [str(request.messages[0]["content"]) for request in guessing.requests]
    assert "order_status" in prompt


def test_what_is_warmed_is_what_prompts_begin_with() -> None:
    script = ScriptedModel(otherwise=json_answer({"intent": "chat"}))

    async def main() -> None:
        model = model_of(script)
        built = agent(Endpoints(understand=model, answer=model, phrases=False))
        await built.warm()
        await Customer(built).says(GIBBERISH)

    virtual_time.run(main())
    *warmed, understood, answer = script.requests
    assert [each.messages[0] for each in warmed] == [answer.messages[0], understood.messages[0]]


@pytest.mark.parametrize("trouble", [status(500), hang()])
def test_warming_a_model_that_is_down_does_no_harm(trouble: Reply) -> None:
    async def main() -> None:
        model = model_of(ScriptedModel(otherwise=trouble))
        await agent(Endpoints(understand=model, answer=model)).warm()

    virtual_time.run(main())


def test_without_an_embedding_model_there_is_no_agent() -> None:
    with pytest.raises(EmbeddingUnavailable):
        agent(embedder=Dead())
