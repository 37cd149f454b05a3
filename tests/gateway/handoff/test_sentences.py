import asyncio

from gateway.events import HandoffChanged
from gateway.handoff.sentences import LAST_WORDS_S, ChatSentences
from pipelines.answer import Say
from pipelines.facts import ReplyDone
from tests.fakes.office import Office
from tests.fakes.scripted_answerer import Pause


def test_a_sentence_comes_after_the_reply_that_is_under_way() -> None:
    office = Office()
    office.inner.script = lambda words: [Say("Let me "), Pause(3.0), Say("see.")]

    async def main() -> None:
        live = await office.chat("hello")
        sentences = ChatSentences(live)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(sentences.run())
            sentences.put("A colleague comes.")
            sentences.put("Here they are.")
            await sentences.written()
            writing.cancel()
        said = [fact.pii.text for fact in office.facts(live, ReplyDone)]
        assert said == ["Let me see.", "A colleague comes.", "Here they are."]

    office.run(main)


def test_nothing_is_written_beside_a_person() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("hello")
        await live.log.emit(
            HandoffChanged(handoff_id="h1", state="human_active", floor="human", reason="connected")
        )
        sentences = ChatSentences(live)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(sentences.run())
            sentences.put("A colleague comes.")
            await sentences.written()
            writing.cancel()
        assert len(office.facts(live, ReplyDone)) == 1

    office.run(main)


def test_a_chat_that_is_not_silent_is_not_waited_for_without_end() -> None:
    office = Office()
    office.inner.script = lambda words: [Say("So "), Pause(30.0)]

    async def main() -> None:
        live = await office.chat("hello")
        sentences = ChatSentences(live)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(sentences.run())
            for _ in range(100):
                sentences.put("Again.")
            before = asyncio.get_running_loop().time()
            await sentences.written()
            assert asyncio.get_running_loop().time() - before == LAST_WORDS_S
            writing.cancel()

    office.run(main)
