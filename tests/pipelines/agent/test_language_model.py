import asyncio

from pipelines.agent.language_model import LanguageModel, ModelUnavailable
from pipelines.agent.model import Model, ModelSettings
from pipelines.facts import Unavailable


def test_our_client_is_a_language_model() -> None:
    async def main() -> None:
        model = Model(ModelSettings("http://nowhere.invalid/v1"))
        anything: LanguageModel = model
        anything.forget("a session that it never heard of")
        await model.close()

    asyncio.run(main())


def test_whatever_is_wrong_with_a_model_a_dependency_is_unavailable_and_the_code_says_how() -> None:
    assert isinstance(ModelUnavailable("down"), Unavailable)
    assert ModelUnavailable("down").code == "model_unavailable"
    assert ModelUnavailable("slow", code="model_slow").code == "model_slow"
