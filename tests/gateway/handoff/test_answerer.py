"""What the bot says differs where people can be brought in; what it does not do is begin anything itself."""

import asyncio

from gateway.handoff.answerer import HandoffAnswerer
from gateway.handoff.phrases import HandoffPhrases
from pipelines.answer import Answerer, Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import CustomerTurn, Fact, HandoffChosen, HandoffRequested, Words
from tests.fakes.office import ALEX, NOTE, Office

SAYS = HandoffPhrases()


async def answer(office: Office, session_id: str, words: str) -> list[Piece]:
    """What the answerer yields; nobody emits its facts."""
    conversation = Conversation(session_id)
    conversation.apply(CustomerTurn(turn_id="c9", channel="chat", pii=Words(text=words)))
    answerer: Answerer = HandoffAnswerer(office.inner, office.handoffs)
    return [piece async for piece in answerer.respond(conversation, "c9", "chat")]


def said(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces if isinstance(piece, Say)]


def facts(pieces: list[Piece]) -> list[Fact]:
    return [piece for piece in pieces if isinstance(piece, Fact)]


def test_the_note_is_not_needed_while_somebody_is_there() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("hello")
        assert said(await answer(office, live.session_id, "a person please")) == [NOTE]
        await office.comes(ALEX)
        pieces = await answer(office, live.session_id, "a person please")
        assert said(pieces) == [SAYS.looking]
        assert [type(fact) for fact in facts(pieces)] == [HandoffRequested]

    office.run(main)


def test_a_draft_that_is_dropped_begins_and_ends_nothing() -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX)
        live = await office.chat("I want a person")
        before = office.state(live)
        pieces = await answer(office, live.session_id, "never mind")
        assert facts(pieces) == [HandoffChosen(choice="cancel")]
        await asyncio.sleep(1)
        assert office.state(live) == before == "offered"

    office.run(main)


def test_a_choice_is_one_only_while_there_is_something_to_choose() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("hello")
        pieces = await answer(office, live.session_id, "never mind")
        assert said(pieces) == ["You said: never mind"] and facts(pieces) == []

    office.run(main)


def test_everything_else_is_the_agents() -> None:
    office = Office()

    async def main() -> None:
        answerer = HandoffAnswerer(office.inner, office.handoffs)
        assert answerer.greeting("voice") == office.inner.greeting("voice")
        assert answerer.sayings() == office.inner.sayings()
        await answerer.warm()
        await answerer.listen(Conversation("s1"), "where is")
        answerer.forget("s1")
        assert (office.inner.prepared_for, office.inner.forgotten) == (["where is"], ["s1"])

    office.run(main)
