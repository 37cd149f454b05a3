import asyncio

import pytest

from pipelines.conversation import Conversation
from pipelines.facts import CustomerTurn, Words, WorkflowChanged
from tests import virtual_time
from tests.fakes.scripted_model import Reply, ScriptedModel, hang, status
from tests.pipelines.agent.stage import Shelf, agent_on_stage, match

SHELF = Shelf({"return": [match("You have 30 days.", 0.9)], "warranty": [match("Two years.", 0.6)]})


def read_ahead(words: str, *facts: WorkflowChanged, script: ScriptedModel | None = None) -> list[str]:
    """The customer's words in what the model was made to read."""
    script = script or ScriptedModel()

    async def main() -> None:
        async with agent_on_stage(script, SHELF, cache_slots=2) as agent:
            await agent.listen(Conversation.fold("s", facts), words)

    virtual_time.run(main())
    assert all(request.body["max_tokens"] == 0 for request in script.requests)
    return [request.user for request in script.requests]


def awaiting(what: str | None) -> WorkflowChanged:
    return WorkflowChanged(workflow="refund", state="active" if what else "done", awaiting=what)


def test_between_turns_the_conversation_is_read_ahead() -> None:
    assert read_ahead("") == [""]


def test_words_that_nothing_else_answers_are_read_while_they_are_said() -> None:
    assert read_ahead("do you like") == ["do you like"]


def test_the_passage_that_the_model_would_phrase_is_read_with_the_question() -> None:
    assert read_ahead("the warranty") == ["Two years.\nQuestion: the warranty"]


def test_what_an_article_answers_needs_no_model() -> None:
    assert read_ahead("can I return") == []


def test_while_a_workflow_waits_for_a_value_the_model_is_not_troubled() -> None:
    assert read_ahead("it's one zero", awaiting("order_id")) == []
    assert read_ahead("", awaiting("order_id")) == []
    assert read_ahead("", awaiting(None)) == [""]


@pytest.mark.parametrize("trouble", [status(500), hang()])
def test_it_never_raises_and_ends_by_itself(trouble: Reply) -> None:
    assert read_ahead("do you", script=ScriptedModel(otherwise=trouble)) == ["do you"]


def test_the_answer_reads_on_from_where_listening_ended_and_another_session_has_its_own_place() -> None:
    script = ScriptedModel()

    async def main() -> None:
        async with agent_on_stage(script, cache_slots=2) as agent:
            conversation = Conversation("s")
            await agent.listen(conversation, "tell me a")
            turn = CustomerTurn(turn_id="t1", channel="voice", pii=Words(text="tell me a joke"))
            conversation.apply(turn)
            assert [piece async for piece in agent.respond(conversation, "t1", "voice")]
            await agent.listen(Conversation("other"), "")
            agent.forget("s")
            await agent.listen(Conversation("third"), "")

    virtual_time.run(main())
    assert [request.body["id_slot"] for request in script.requests] == [0, 0, 1, 0]
    assert script.requests[0].messages[:-1] == script.requests[1].messages[:-1]


def test_it_may_be_cancelled_at_any_moment() -> None:
    script = ScriptedModel(otherwise=hang())

    async def main() -> None:
        async with agent_on_stage(script, cache_slots=2) as agent, asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(agent.listen(Conversation("s"), "do you"), name="listen")
            await asyncio.sleep(0.1)
            listening.cancel()

    virtual_time.run(main())
    assert script.cancelled == 1


def test_without_a_model_there_is_nothing_to_prepare() -> None:
    async def main() -> None:
        async with agent_on_stage(None, SHELF) as agent:
            await agent.listen(Conversation("s"), "do you")
            agent.forget("s")

    virtual_time.run(main())
