"""The agent as the configuration puts it together, with the real sentence model and the real shop."""

import asyncio
from pathlib import Path

import pytest

from gateway import config
from gateway.answering import articles, configured_answerer, definition_file, key_choices, tool_names
from gateway.config import Config, ConfigError
from gateway.health import Health, State
from pipelines.agent.definition_file import check_definition
from pipelines.answer import Say
from pipelines.conversation import Conversation
from pipelines.facts import CustomerTurn, Fact, ToolFinished, Unavailable, Words
from tests.fakes.scripted_model import ScriptedModel


def settings(tmp_path: Path, **variables: str) -> Config:
    given = {f"WARMLINE_{name}": value for name, value in variables.items()}
    return config.load(None, {"WARMLINE_SHOP__DATABASE": str(tmp_path / "shop.sqlite"), **given})


async def ask(configuration: Config, *questions: str) -> tuple[list[str], list[Fact], Health]:
    """The answers, the facts stated on the way, and how the parts were."""
    health = Health()
    conversation, answers, facts = Conversation("s_1"), [], []
    async with configured_answerer(configuration, health) as answerer:
        while (await health.look()).parts["shop"].state is not State.UP:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for number, question in enumerate(questions, 1):
            turn = CustomerTurn(turn_id=f"c{number}", channel="chat", pii=Words(text=question))
            conversation.apply(turn)
            answer = ""
            async for piece in answerer.respond(conversation, turn.turn_id, "chat"):
                if isinstance(piece, Say):
                    answer += piece.text
                elif isinstance(piece, Fact):
                    conversation.apply(piece)
                    facts.append(piece)
            answers.append(answer)
    return answers, facts, health


def test_the_definition_says_what_telephone_keys_say(tmp_path: Path) -> None:
    keys = key_choices(settings(tmp_path))
    assert keys.menu["1"] == "Where is my order?" and not keys.answers
    broken = tmp_path / "agent.yaml"
    broken.write_text(definition_file(settings(tmp_path)).read_text().replace('"1": Where', '"0": Where'))
    with pytest.raises(ConfigError, match="the key 0 asks for a person"):
        key_choices(settings(tmp_path, AGENT__DEFINITION=str(broken)))


@pytest.mark.models
@pytest.mark.timeout(120)
def test_without_a_model_file_the_agent_answers_from_knowledge_and_the_shop(
    tmp_path: Path, models_folder: Path
) -> None:
    only_sentences = tmp_path / "models"
    only_sentences.mkdir()
    (only_sentences / "minilm").symlink_to(models_folder / "minilm")
    configuration = settings(tmp_path, MODELS__FOLDER=str(only_sentences))
    answers, facts, health = asyncio.run(
        ask(
            configuration,
            "What is your return policy?",
            "What are the opening hours of your store in Portland?",
        )
    )
    assert "30 days" in answers[0]
    assert len(answers[1]) > 20
    parts = asyncio.run(health.look()).parts
    assert (parts["shop"].state, parts["model"].state) == (State.UP, State.DOWN)
    assert not [fact for fact in facts if isinstance(fact, ToolFinished) and fact.outcome == "failed"]


@pytest.mark.models
@pytest.mark.timeout(120)
def test_a_model_of_ones_own_is_an_endpoint(tmp_path: Path, models_folder: Path) -> None:
    model = ScriptedModel()
    with model.serve_in_thread() as endpoint:
        configuration = settings(tmp_path, MODELS__FOLDER=str(models_folder), MODEL__ENDPOINT=endpoint)
        answers, _, health = asyncio.run(ask(configuration, "Tell me a joke about tents"))
    assert answers[0]
    assert asyncio.run(health.look()).parts["model"].state is State.UP
    assert model.requests, "the model was asked"


def test_without_the_sentence_model_it_says_what_to_do(tmp_path: Path) -> None:
    configuration = settings(tmp_path, MODELS__FOLDER=str(tmp_path), MODEL__ENDPOINT="http://127.0.0.1:1/v1")
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(ask(configuration, "hi"))
    assert raised.group_contains(Unavailable, match="warmline models pull")


def test_a_definition_that_cannot_be_used_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    broken = tmp_path / "agent.yaml"
    broken.write_text("persona: [\n")
    with pytest.raises(ConfigError, match="agent.yaml:"):
        asyncio.run(ask(settings(tmp_path, AGENT__DEFINITION=str(broken)), "hi"))


def test_the_default_definition_names_only_tools_that_there_are() -> None:
    configuration = Config()
    assert check_definition(definition_file(configuration), tool_names()) == []
    assert articles(configuration).is_dir()
