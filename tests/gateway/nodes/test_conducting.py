"""An agent at one node has a customer who is at another."""

import asyncio

import pytest

from gateway.desk.conductor import Closing, Target, ToolRequest
from gateway.desk.messages import Answer
from gateway.events import FileShared, Message
from gateway.store.file_store import StoredFile
from pipelines.facts import HumanTurn, NoteAdded, Unavailable
from tests.fakes.office import ALEX, KIM, refused
from tests.fakes.two_nodes import Nodes, run, taken


def test_a_chat_of_another_node_is_taken_written_in_and_closed() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        await the.away.message(session_id, ALEX, "Hello, Alex here.", "d1")
        await the.away.message(session_id, ALEX, "Hello, Alex here.", "d1")
        await the.away.note(session_id, ALEX, "Friendly.")
        live = the.home.sessions.find(session_id)
        assert live is not None
        assert [fact.pii.text for fact in the.home.facts(live, HumanTurn)] == ["Hello, Alex here."]
        assert [fact.pii.text for fact in the.home.facts(live, NoteAdded)] == ["Friendly."]
        (contact,) = await the.away.contacts_of(ALEX.agent_id)
        assert (contact.session, contact.state) == (session_id, "human_active")
        assert [each.session for each in await the.away.live_sessions(10)] == [session_id]
        await the.away.end(session_id, ALEX)
        await the.away.wrap_up(session_id, ALEX, Closing("resolved", "All well.", None))
        await asyncio.sleep(0.1)
        assert the.home.state(live) is None
        assert await the.away.contacts_of(ALEX.agent_id) == []

    run(test)


def test_what_is_refused_there_is_refused_here_with_the_same_words() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        assert await refused(the.away.message(session_id, KIM, "Hi", "d1")) == "not_yours"
        with pytest.raises(Unavailable, match="does not answer"):
            await the.away.message("s_nowhere", ALEX, "Hi", "d1")
        nowhere = Target(queue="nowhere")
        assert await refused(the.away.transfer(session_id, ALEX, nowhere, "")) == "unknown_target"
        assert await refused(the.away.hold(session_id, ALEX, True)) == "wrong_state"
        assert await refused(the.away.consult(session_id, KIM, ALEX.agent_id)) == "not_yours"
        assert await refused(the.away.consult(session_id, ALEX, KIM.agent_id)) == "wrong_state", "a chat"
        assert await refused(the.away.consult_answer(session_id, KIM, "c_1", True)) == "too_late"
        assert await refused(the.away.consult_end(session_id, ALEX, "back")) == "too_late"
        tool = ToolRequest("t1", "drop_tables", {}, confirmed=True)
        assert await refused(the.away.run_tool(session_id, ALEX, tool)) == "unknown_tool"
        await the.away.hand_back(session_id, ALEX, "done")
        await asyncio.sleep(1)
        assert await refused(the.away.end(session_id, ALEX)) == "not_yours"

    run(test)


def test_an_agent_whose_desk_is_gone_is_missed_at_the_customers_node() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        await the.home.queue.absent(ALEX.agent_id)
        await the.away.agent_gone(ALEX.agent_id)
        await asyncio.sleep(2)
        live = the.home.sessions.find(session_id)
        assert live is not None and the.home.state(live) == "queued"

    run(test)


def test_thinking_may_take_longer_than_everything_else() -> None:
    async def test(the: Nodes) -> None:
        asked: list[tuple[str, float]] = []

        async def ask(
            topic: str, question: Message, node: str | None = None, within_s: float = 3.0
        ) -> Message:
            asked.append((question["name"], within_s))
            answer = Answer(session="s_1", id="q1", text="Yes.", citations=())
            return {"done": answer.model_dump(mode="json")}

        the.away._mesh.ask = ask  # type: ignore[method-assign]
        assert (await the.away.ask("s_1", ALEX, "q1", "May I?")).text == "Yes."
        await the.away.typing("s_1", ALEX, True)
        assert asked == [("ask", 45.0), ("typing", 3.0)]

    run(test)


def test_a_file_for_a_customer_of_another_node_is_told_of_there() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        file = StoredFile("file_a", session_id, "application/pdf", 9, "terms.pdf")
        assert await refused(the.away.share_file(session_id, KIM, file)) == "not_yours"
        await the.away.share_file(session_id, ALEX, file)
        live = the.home.sessions.find(session_id)
        assert live is not None
        (fact,) = the.home.facts(live, FileShared)
        assert (fact.file_id, fact.agent, fact.pii.name) == ("file_a", "Alex", "terms.pdf")

    run(test)
