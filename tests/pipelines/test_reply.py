"""One reply against a mouth that plays at once or in time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pipelines.answer import Basis, Filler, Piece, Say
from pipelines.audio import FRAME_MS, Frame
from pipelines.facts import (
    Cited,
    Fact,
    ReplyDelta,
    ReplyDone,
    ToolCalled,
    ToolFinished,
    Unavailable,
    Understood,
    WorkflowChanged,
)
from pipelines.phrases import Phrases
from pipelines.reply import AHEAD_SENTENCES, Assignment, Reply
from pipelines.stopwatch import Stopwatch
from pipelines.turns import Answering
from tests import virtual_time
from tests.fakes.voice_parts import ToneSynthesizer

SENTENCES = "One two three four five. Six seven eight. Nine ten eleven."


class TimedMouth:
    """Plays in the loop's time, one frame every 20 ms."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.finished = False
        self.remaining_ms = 0

    def mark(self) -> int:
        return len(self.frames) * FRAME_MS

    def heard_ms(self, mark: int) -> int:
        return len(self.frames) * FRAME_MS - mark

    async def play(self, frame: Frame) -> None:
        await asyncio.sleep(FRAME_MS / 1_000)
        self.frames.append(frame)

    async def finish(self) -> None:
        self.finished = True


class Scene:
    """A reply and everything around it."""

    def __init__(
        self,
        *steps: Piece | float | Exception,
        refuse: type[Fact] | None = None,
        confirmed: asyncio.Event | None = None,
    ) -> None:
        self.facts: list[Fact] = []
        self.mouth = TimedMouth()
        self.voice = ToneSynthesizer()
        self.closed = False
        self.reached: list[int] = []
        self._refuse = refuse
        self._steps = steps
        loop = asyncio.get_running_loop()
        watch = Stopwatch(loop.time, loop.time())
        what = Assignment("r1", "c1", self.pieces, watch, confirmed)
        self.reply = Reply(what, self.mouth, self.voice.speak, self.emit, Phrases())

    async def emit(self, fact: Fact) -> None:
        await asyncio.sleep(0.001)
        if self._refuse is not None and isinstance(fact, self._refuse):
            raise Unavailable("full")
        self.facts.append(fact)

    async def pieces(self) -> AsyncIterator[Piece]:
        try:
            for number, step in enumerate(self._steps):
                self.reached.append(number)
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        finally:
            self.closed = True

    @property
    def done(self) -> ReplyDone:
        return next(fact for fact in self.facts if isinstance(fact, ReplyDone))

    async def run_and_interrupt(self, *after: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.reply.run())
            for seconds in after:
                await asyncio.sleep(seconds)
                self.reply.interrupt()


def write(call_id: str = "t1") -> ToolCalled:
    return ToolCalled(turn_id="r1", call_id=call_id, tool="refund", effect="write")


def finish(call_id: str = "t1") -> ToolFinished:
    return ToolFinished(turn_id="r1", call_id=call_id, tool="refund", outcome="done")


def test_says_all_its_words_and_what_they_rest_on() -> None:
    async def main() -> None:
        cited = Cited(passage_id="p1", title="Returns", article="return-policy")
        scene = Scene(Basis("model"), Say("One two"), Say(" three."), Basis("knowledge", (cited,)))
        await scene.reply.run()
        done = scene.done
        assert (done.pii.text, done.source, done.citations) == ("One two three.", "knowledge", [cited])
        assert done.heard_ms == len(scene.mouth.frames) * FRAME_MS
        assert scene.mouth.finished and scene.closed

    virtual_time.run(main())


def test_deltas_say_where_they_belong() -> None:
    async def main() -> None:
        scene = Scene(Say("One "), Say("two "), Say("three."))
        await scene.reply.run()
        deltas = [fact for fact in scene.facts if isinstance(fact, ReplyDelta)]
        assert [(d.offset, d.text) for d in deltas] == [(0, "One "), (4, "two "), (8, "three.")]

    virtual_time.run(main())


def test_the_voice_gets_pieces_while_the_text_is_still_coming() -> None:
    async def main() -> None:
        scene = Scene(Say("One two three four five. "), 5.0, Say("Six."))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.reply.run())
            await asyncio.sleep(1)
            assert scene.voice.spoken == ["One two three four five."]
            assert scene.mouth.frames

    virtual_time.run(main())


def test_an_empty_answer_is_a_reply_without_words() -> None:
    async def main() -> None:
        scene = Scene(Basis("fixed"))
        await scene.reply.run()
        assert scene.done.pii.text == "" and scene.done.heard_ms == 0

    virtual_time.run(main())


def test_an_interruption_closes_the_answer_and_the_voice() -> None:
    async def main() -> None:
        scene = Scene(Say(SENTENCES * 3), 60.0, Say("never"))
        await scene.run_and_interrupt(1.5)
        assert scene.closed and scene.done.interrupted
        assert SENTENCES.startswith(scene.done.pii.text)
        assert 2 <= len(scene.done.pii.text.split()) <= 7
        assert scene.voice.closed_early == 1

    virtual_time.run(main())


@pytest.mark.parametrize("after", [0.0, 0.0005, 0.001, 0.002, 0.01, 0.06, 0.3])
def test_an_interruption_at_any_early_moment_ends_it(after: float) -> None:
    async def main() -> None:
        scene = Scene(Say("One "), 0.004, Say("two three. "), 60.0)
        await scene.run_and_interrupt(after, 0.0)
        assert scene.done.interrupted
        assert asyncio.get_running_loop().time() < 1

    virtual_time.run(main())


def test_a_change_under_way_is_finished_and_then_no_more_is_done() -> None:
    async def main() -> None:
        scene = Scene(write(), 3.0, finish(), Say("Done."), write("t2"), finish("t2"))
        await scene.run_and_interrupt(0.5)
        assert [f.call_id for f in scene.facts if isinstance(f, ToolFinished)] == ["t1"]
        assert [f.call_id for f in scene.facts if isinstance(f, ToolCalled)] == ["t1"]
        assert scene.done.pii.text == ""
        assert scene.closed

    virtual_time.run(main())


def test_a_lookup_is_not_waited_for() -> None:
    async def main() -> None:
        looking = ToolCalled(turn_id="r1", call_id="t1", tool="look", effect="read")
        scene = Scene(looking, 30.0, finish())
        await scene.run_and_interrupt(0.5)
        assert asyncio.get_running_loop().time() < 1
        assert not [fact for fact in scene.facts if isinstance(fact, ToolFinished)]

    virtual_time.run(main())


def test_emitting_a_fact_is_never_cut_short() -> None:
    async def main() -> None:
        changed = WorkflowChanged(workflow="refund", state="active")
        scene = Scene(changed, Say("Well."))
        emitted = scene.emit

        async def slowly(fact: Fact) -> None:
            await asyncio.sleep(1)
            await emitted(fact)

        scene.reply._emit = slowly
        await scene.run_and_interrupt(1.5)
        assert changed in scene.facts

    virtual_time.run(main())


def test_a_fact_that_cannot_be_stored_ends_the_reply_and_closes_the_answer() -> None:
    async def main() -> None:
        scene = Scene(Say("One two three four. "), write(), 1.0, finish(), refuse=ToolCalled)
        with pytest.raises(Unavailable):
            await scene.reply.run()
        assert scene.closed
        assert 2 not in scene.reached, "the tool was not asked"

    virtual_time.run(main())


def test_knows_when_it_is_about_to_end() -> None:
    async def main() -> None:
        scene, states = Scene(Say(SENTENCES)), []
        async with asyncio.TaskGroup() as tasks:
            replying = tasks.create_task(scene.reply.run())
            while not replying.done():
                states.append(scene.reply.answering)
                await asyncio.wait([replying], timeout=0.1)
        ending = states.count(Answering.ENDING)
        assert states == [Answering.YES] * (len(states) - ending) + [Answering.ENDING] * ending
        assert 10 <= ending <= 17, "the last one and a half seconds"

    virtual_time.run(main())


def test_never_makes_more_than_two_seconds_of_sound_ahead() -> None:
    async def main() -> None:
        scene = Scene(Say("Word " * 400))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(scene.reply.run())
            await asyncio.sleep(5)
            assert scene.reply._frames.qsize() <= 100
            running.cancel()

    virtual_time.run(main())


def look_up(call_id: str, elapsed_ms: int) -> list[Piece]:
    called = ToolCalled(turn_id="c1", call_id=call_id, tool="look_up", effect="read")
    finished = ToolFinished(
        turn_id="c1", call_id=call_id, tool="look_up", outcome="done", elapsed_ms=elapsed_ms
    )
    return [called, finished]


def test_says_what_a_turn_waited_for() -> None:
    async def main() -> None:
        understood = Understood(turn_id="c1", commands=["ask"], by="rules", confidence=1.0)
        scene = Scene(
            0.1,
            understood,
            *look_up("t1", 40),
            *look_up("t2", 60),
            0.2,
            Say("One two "),
            0.1,
            Say("three four, five. "),
            *look_up("t3", 500),
            Say("Six."),
        )
        await scene.reply.run()
        latency = scene.done.latency
        assert latency is not None
        assert latency.understood_ms == pytest.approx(101, abs=2)
        assert latency.tools_ms == 100, "what came after the first word delayed nobody"
        assert latency.first_token_ms == pytest.approx(306, abs=4)
        assert latency.first_clause_ms == pytest.approx(408, abs=5)
        assert latency.first_audio_ms is not None and latency.first_audio_ms > 400
        assert latency.drafted_ms is None

    virtual_time.run(main())


def test_a_drafted_reply_says_when_it_was_begun_and_that_it_was_heard_later() -> None:
    async def main() -> None:
        confirmed = asyncio.Event()
        scene = Scene(Say("One two three four."), confirmed=confirmed)
        await asyncio.sleep(0.15)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.reply.run())
            await asyncio.sleep(0.5)
            confirmed.set()
        latency = scene.done.latency
        assert latency is not None and latency.drafted_ms == 150
        assert latency.first_token_ms is not None and latency.first_token_ms < 200
        assert latency.first_audio_ms is not None and latency.first_audio_ms >= 650

    virtual_time.run(main())


def test_a_clause_that_is_complete_is_spoken_while_the_next_is_being_thought_of() -> None:
    async def main() -> None:
        scene = Scene(Say("As far as I know,", complete=True), 5.0, Say(" it is open today.", complete=True))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.reply.run())
            await asyncio.sleep(3)
            assert scene.voice.spoken == ["As far as I know,"] and scene.mouth.frames
        assert scene.voice.spoken[1:] == ["it is open today."]

    virtual_time.run(main())


def test_an_interruption_ends_a_reply_whose_text_is_far_ahead_of_its_voice() -> None:
    async def main() -> None:
        much = [
            Say(f"This is sentence number {number} of very many. ") for number in range(AHEAD_SENTENCES + 40)
        ]
        scene = Scene(*much, write(), 0.1, finish())
        async with asyncio.timeout(10):
            await scene.run_and_interrupt(3.0)
        assert scene.done.interrupted and scene.closed
        assert len(scene.reached) < len(much), "the answerer was made to wait"

    virtual_time.run(main())


def test_a_silence_that_lasts_is_broken_by_a_filler_and_then_the_answer_follows() -> None:
    async def main() -> None:
        scene = Scene(0.2, Filler("Let me think."), 1.4, Say("As far as I know, yes.", complete=True))
        await scene.reply.run()
        assert scene.voice.spoken == ["Let me think.", "As far as I know,", "yes."]
        assert scene.done.pii.text == "Let me think. As far as I know, yes."
        deltas = [(f.offset, f.text) for f in scene.facts if isinstance(f, ReplyDelta)]
        assert deltas == [(0, "Let me think. "), (14, "As far as I know, yes.")]
        latency = scene.done.latency
        assert latency is not None and latency.filler_ms is not None and latency.first_audio_ms is not None
        assert latency.filler_ms == pytest.approx(600 + 70, abs=10)
        assert latency.first_token_ms == pytest.approx(1_600, abs=5), "the answer's own"
        assert latency.first_clause_ms == pytest.approx(1_600, abs=5)
        assert latency.first_audio_ms == pytest.approx(1_600 + 70, abs=10)

    virtual_time.run(main())


def test_words_that_come_in_time_need_no_filler() -> None:
    async def main() -> None:
        scene = Scene(0.2, Filler("Let me think."), 0.3, Say("It is open today."))
        await scene.reply.run()
        assert scene.done.pii.text == "It is open today."
        assert scene.done.latency is not None and scene.done.latency.filler_ms is None

    virtual_time.run(main())


def test_a_draft_that_is_ready_when_the_turn_ends_needs_no_filler() -> None:
    async def main() -> None:
        confirmed = asyncio.Event()
        scene = Scene(Filler("Let me think."), 1.0, Say("It is open today."), confirmed=confirmed)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.reply.run())
            await asyncio.sleep(1.2)
            confirmed.set()
        assert scene.done.pii.text == "It is open today."

    virtual_time.run(main())


def test_an_interruption_before_the_filler_leaves_nothing_to_be_said() -> None:
    async def main() -> None:
        scene = Scene(Filler("Let me think."), 5.0, Say("It is open today."))
        await scene.run_and_interrupt(0.3)
        assert scene.done.interrupted and scene.done.pii.text == "" and not scene.mouth.frames

    virtual_time.run(main())


def test_an_interruption_of_the_filler_keeps_what_was_heard_of_it() -> None:
    async def main() -> None:
        scene = Scene(Filler("Let me think about that for a moment."), 5.0, Say("It is open today."))
        await scene.run_and_interrupt(1.2)
        heard = scene.done.pii.text
        assert scene.done.interrupted and heard and "Let me think about that for a moment.".startswith(heard)

    virtual_time.run(main())


def test_an_answer_without_words_ends_without_a_filler() -> None:
    async def main() -> None:
        scene = Scene(Filler("Let me think."), 0.1)
        async with asyncio.timeout(0.5):
            await scene.reply.run()
        assert scene.done.pii.text == ""

    virtual_time.run(main())
