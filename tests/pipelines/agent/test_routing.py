import asyncio
from dataclasses import replace

import pytest

from pipelines.agent.language_model import ModelUnavailable
from pipelines.agent.model import Model, ModelSettings
from pipelines.agent.routing import ModelRouting, endpoints
from tests.fakes.scripted_model import ScriptedModel, status, text

HI = [{"role": "user", "content": "hi"}]
SMALL = ModelSettings("http://small.invalid/v1")
LARGE = ModelSettings("http://large.invalid/v1")


def test_without_endpoints_every_task_is_left_to_rules_templates_and_quotes() -> None:
    made = endpoints(ModelRouting())
    assert (made.understand, made.answer, made.tools) == (None, None, ())


def test_a_task_without_an_endpoint_borrows_none() -> None:
    assert endpoints(ModelRouting(understand=SMALL)).answer is None
    assert endpoints(ModelRouting(answer=LARGE)).understand is None


@pytest.mark.parametrize("phrases", [True, False])
def test_whether_the_model_phrases_is_handed_on(phrases: bool) -> None:
    assert endpoints(ModelRouting(answer=LARGE, phrases=phrases)).phrases is phrases


def test_tasks_with_the_same_settings_share_one_client() -> None:
    made = endpoints(ModelRouting(understand=SMALL, answer=replace(SMALL), tools=("look_up_order",)))
    assert made.understand is made.answer is not None
    assert made.tools == ("look_up_order",)


@pytest.mark.parametrize("other", [LARGE, replace(SMALL, model="other"), replace(SMALL, slots=1)])
def test_tasks_whose_settings_differ_have_clients_of_their_own(other: ModelSettings) -> None:
    made = endpoints(ModelRouting(understand=SMALL, answer=other))
    assert made.understand is not made.answer


def test_one_dead_endpoint_leaves_the_other_alone() -> None:
    small, large = ScriptedModel(otherwise=status(401)), ScriptedModel(otherwise=text("Here"))

    async def main() -> None:
        async with small.serve() as small_url, large.serve() as large_url:
            made = endpoints(
                ModelRouting(
                    understand=replace(SMALL, base_url=small_url, breaker_threshold=1),
                    answer=replace(LARGE, base_url=large_url, breaker_threshold=1),
                )
            )
            assert isinstance(made.understand, Model) and isinstance(made.answer, Model)
            for _ in range(2):
                with pytest.raises(ModelUnavailable):
                    await made.understand.choose(HI, {})
            assert [piece async for piece in made.answer.stream(HI)] == ["Here"]
            await made.understand.close()
            await made.answer.close()

    asyncio.run(main())
    assert len(small.requests) == 1
