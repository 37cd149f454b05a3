import asyncio

import pytest

from pipelines.facts import Channel, HandoffRequested, Trouble
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.scripted_model import ScriptedModel
from tests.pipelines.agent.stage import SHOP, Shelf, Talk, agent_on_stage, match


@pytest.mark.parametrize("channel", ["voice", "chat"])
def test_the_greeting_is_the_definitions(channel: Channel) -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            assert agent.greeting(channel) == getattr(SHOP.greeting, channel)

    virtual_time.run(main())


def test_with_a_model_that_hangs_something_true_is_said_within_three_seconds_and_a_person_offered() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.hang())
        async with agent_on_stage(script, first_token_s=30.0, total_s=30.0) as agent:
            talk = Talk(agent)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            reply = await talk.say("tell me a joke")
            assert reply.startswith("That takes me a little longer than usual")
            assert "can't work that out" in reply and "colleague" in reply
            assert [fact.code for fact in talk.of(Trouble)] == ["answer_slow", "model_slow"]
            assert loop.time() - begun <= 12.5
            await talk.say("yes")
            assert talk.of(HandoffRequested)

    virtual_time.run(main())


def test_a_slow_model_is_announced_and_then_heard() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.after(4.0, play.text("It was in tents.")))
        async with agent_on_stage(script) as agent:
            reply = await Talk(agent).say("tell me a joke")
            assert reply == "That takes me a little longer than usual, one moment. It was in tents."

    virtual_time.run(main())


def test_workflows_and_sure_passages_never_wait_for_a_model_that_is_dead() -> None:
    async def main() -> None:
        shelf = Shelf({"return": [match("You can return unused items within 30 days.", 0.9)]})
        script = ScriptedModel(otherwise=play.hang())
        async with agent_on_stage(script, shelf) as agent:
            talk = Talk(agent)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await talk.say("what is your return policy")
            await talk.say("where is my order 10437, my zip code is 60614")
            assert loop.time() == begun
            assert not script.requests

    virtual_time.run(main())


def test_warming_reads_the_prompts_that_answers_begin_with() -> None:
    async def main() -> None:
        script = ScriptedModel()
        async with agent_on_stage(script) as agent:
            await agent.warm()
            prompts = [str(request.messages[0]["content"]) for request in script.requests]
            assert len(prompts) == 3 and all(request.body["max_tokens"] == 1 for request in script.requests)
            assert sum(SHOP.persona in prompt for prompt in prompts) == 2

    virtual_time.run(main())


def test_warming_never_fails() -> None:
    async def main() -> None:
        async with agent_on_stage(ScriptedModel(otherwise=play.status(500))) as agent:
            await agent.warm()
        async with agent_on_stage() as agent:
            await agent.warm()

    virtual_time.run(main())


def test_hundreds_of_answers_at_once_do_not_disturb_each_other() -> None:
    async def main() -> None:
        async with agent_on_stage() as agent:
            talks = [Talk(agent) for _ in range(100)]
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(t.say("what is your name"), name="talk") for t in talks]
            assert len({task.result() for task in asked}) == 1

    virtual_time.run(main())
