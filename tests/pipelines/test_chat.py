import asyncio
from collections.abc import Callable

import pytest

from pipelines.answer import Basis, Say
from pipelines.chat import BROKEN, LATE, SPEECHLESS, ChatReply, ReplyLimits
from pipelines.conversation import Conversation
from pipelines.facts import (
    Activity,
    Cited,
    CustomerTurn,
    Fact,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    ToolCalled,
    ToolFinished,
    Trouble,
    Unavailable,
    Words,
)
from tests import virtual_time
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer, Step

CALLED = ToolCalled(turn_id="c1", call_id="k1", tool="refund", effect="write")
FINISHED = ToolFinished(turn_id="c1", call_id="k1", tool="refund", outcome="done")


class Stage:
    """A conversation with one open question, and everything that was emitted about it, with its time."""

    def __init__(self, *steps: Step, limits: ReplyLimits | None = None) -> None:
        self.conversation = Conversation("s_1")
        self.conversation.apply(CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="hi")))
        self.answerer = ScriptedAnswerer(lambda _: list(steps))
        self.emitted: list[tuple[float, Fact]] = []
        self.reply = ChatReply(self.conversation, self.answerer, self.emit, limits)
        self.fails_at: type[Fact] | None = None

    async def emit(self, fact: Fact) -> None:
        if self.fails_at is not None and isinstance(fact, self.fails_at):
            raise Unavailable("the store is down")
        self.emitted.append((asyncio.get_running_loop().time(), fact))
        self.conversation.apply(fact)

    def play(self, **at: float) -> "Stage":
        """Run the reply; `cancel=1.5` cancels it after 1.5 s."""

        async def main() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.reply.run("r1", "c1"))
                if "cancel" in at:
                    await asyncio.sleep(at["cancel"])
                    self.reply.cancel()

        virtual_time.run(main())
        return self

    def facts(self, *kinds: type[Fact]) -> list[Fact]:
        return [fact for _, fact in self.emitted if isinstance(fact, kinds)]

    @property
    def done(self) -> ReplyDone:
        (done,) = self.facts(ReplyDone)
        assert isinstance(done, ReplyDone)
        return done

    def when(self, matches: Callable[[Fact], bool]) -> list[float]:
        return [at for at, fact in self.emitted if matches(fact)]


def test_words_come_as_deltas_and_once_more_as_a_whole() -> None:
    cited = Cited(passage_id="p1", title="Returns", article="return-policy")
    stage = Stage(Say("Thirty "), Basis("knowledge", (cited,)), Say("days.")).play()
    assert stage.facts(ReplyStarted, ReplyDelta) == [
        ReplyStarted(turn_id="r1", answers="c1"),
        ReplyDelta(turn_id="r1", offset=0, text="Thirty "),
        ReplyDelta(turn_id="r1", offset=7, text="days."),
    ]
    assert stage.done.pii.text == "Thirty days."
    assert (stage.done.source, stage.done.citations) == ("knowledge", [cited])
    assert stage.conversation.unanswered() == []


def test_a_fact_is_in_the_conversation_before_the_answerer_goes_on() -> None:
    stage = Stage(CALLED, FINISHED, Say("Done."))
    stage.play()
    assert stage.conversation.tools["k1"].outcome == "done"
    kinds = [type(fact) for fact in stage.facts(ToolCalled, ToolFinished, ReplyDelta)]
    assert kinds == [ToolCalled, ToolFinished, ReplyDelta]


def test_cancelling_keeps_what_was_sent() -> None:
    stage = Stage(Say("One. "), Pause(10), Say("Two.")).play(cancel=1.0)
    assert stage.done.interrupted
    assert stage.done.pii.text == "One. "
    assert stage.answerer.closed_early == 1
    assert stage.when(lambda fact: isinstance(fact, ReplyDone)) == [1.0]


def test_cancelling_waits_for_a_change_under_way_but_says_nothing_more() -> None:
    stage = Stage(CALLED, Pause(5), Say("Now "), FINISHED, Say("refunded."), Pause(9)).play(cancel=1.0)
    assert stage.facts(ToolFinished) == [FINISHED]
    assert stage.done.interrupted
    assert stage.done.pii.text == ""
    assert stage.when(lambda fact: isinstance(fact, ReplyDone)) == [5.0]


def test_cancelling_before_the_first_word_ends_the_reply() -> None:
    stage = Stage(Pause(60), Say("Too late."))
    stage.reply.cancel()
    stage.play()
    assert stage.done.interrupted
    assert stage.done.pii.text == ""


def test_an_answerer_that_raises_gives_an_honest_sentence() -> None:
    stage = Stage(Say("Your order"), RuntimeError("bug")).play()
    assert [f.code for f in stage.facts(Trouble) if isinstance(f, Trouble)] == ["internal"]
    assert stage.done.pii.text == f"Your order\n\n{BROKEN}"
    assert stage.done.source == "fixed"


def test_a_dependency_of_the_answerer_that_is_down_ends_the_turn_honestly() -> None:
    assert Stage(Unavailable("the shop is down")).play().done.pii.text == BROKEN


def test_an_answerer_without_words_gets_some() -> None:
    assert Stage(Basis("model")).play().done.pii.text == SPEECHLESS


def test_silence_shows_that_we_are_still_typing() -> None:
    stage = Stage(Pause(8), Say("Sorry for the wait.")).play()
    assert stage.when(lambda fact: fact == Activity(state="typing")) == [2.5, 5.0, 7.5]
    assert stage.done.pii.text == "Sorry for the wait."


def test_a_reply_that_takes_too_long_is_ended_with_an_apology() -> None:
    stage = Stage(Say("Hm."), Pause(1000), limits=ReplyLimits(whole_s=20)).play()
    assert stage.done.pii.text == f"Hm.\n\n{LATE}"
    assert not stage.done.interrupted
    assert stage.when(lambda fact: isinstance(fact, ReplyDone)) == [20.0]


def test_a_change_under_way_outlives_the_deadline_but_not_for_ever() -> None:
    stage = Stage(CALLED, Pause(25), FINISHED, limits=ReplyLimits(whole_s=20, write_s=30)).play()
    assert stage.facts(ToolFinished) == [FINISHED]
    assert stage.done.pii.text == LATE
    stuck = Stage(CALLED, Pause(1000), limits=ReplyLimits(whole_s=20, write_s=30)).play()
    assert stuck.when(lambda fact: isinstance(fact, ReplyDone)) == [50.0]
    assert stuck.done.pii.text == LATE


def test_endless_words_are_cut() -> None:
    stage = Stage(*[Say("word ")] * 100_000, limits=ReplyLimits(characters=50)).play()
    assert stage.done.pii.text == "word " * 10
    assert stage.answerer.closed_early == 1


@pytest.mark.parametrize("kind", [ReplyStarted, ToolCalled, ReplyDelta, ReplyDone])
def test_a_store_that_fails_ends_the_turn_without_pretending(kind: type[Fact]) -> None:
    stage = Stage(CALLED, FINISHED, Say("Refunded."))
    stage.fails_at = kind
    with pytest.raises(ExceptionGroup) as raised:
        stage.play()
    assert raised.group_contains(Unavailable, match="the store is down")
    assert [turn.turn_id for turn in stage.conversation.unanswered()] == ["c1"]


def test_cancelling_the_task_ends_the_answerer_and_leaves_the_turn_owed() -> None:
    stage = Stage(Say("One. "), Pause(10))

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(stage.reply.run("r1", "c1"))
            await asyncio.sleep(1)
            task.cancel()

    virtual_time.run(main())
    assert stage.answerer.closed_early == 1
    assert [turn.turn_id for turn in stage.conversation.unanswered()] == ["c1"]
