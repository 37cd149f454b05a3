"""Replies begun before the turn is known to be over, in whole calls under virtual time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pipelines.answer import Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel, CustomerTurn, ReplyDone, ReplyStarted, ToolCalled, ToolFinished
from pipelines.stopwatch import Stopwatch
from pipelines.turn_times import TurnTimes
from pipelines.voice_call import CallSettings
from tests import virtual_time
from tests.fakes.fake_speech import hush, speech
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer, Step
from tests.fakes.voice_parts import FakeVoiceParts
from tests.pipelines.talk import Talk, talking

PATIENT = CallSettings(times=TurnTimes(unsure_ms=1_000, finished_ms=1_000))


def looking(effect: str, seconds: float = 0.1) -> list[Step]:
    """A tool call and what is said of it."""
    called = {"effect": effect, "turn_id": "c1", "call_id": "k1", "tool": "orders"}
    return [
        ToolCalled.model_validate(called),
        Pause(seconds),
        ToolFinished(turn_id="c1", call_id="k1", tool="orders", outcome="done"),
        Say("It is on its way."),
    ]


def unsure(*more: bool) -> FakeVoiceParts:
    """Ears that hold the first pause for a breath."""
    parts = FakeVoiceParts()
    parts.verdicts = [False, *more]
    return parts


def since_the_last_word(talk: Talk) -> int:
    done = talk.of(ReplyDone)[-1]
    assert done.latency is not None and done.latency.first_audio_ms is not None
    return done.latency.first_audio_ms


def test_a_slow_answer_is_ready_when_the_turn_is_over() -> None:
    async def main() -> None:
        slow = ScriptedAnswerer(lambda _: [Pause(0.6), Say("Tomorrow.")])
        async with talking(slow, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("when does it come", then=4)
        assert slow.asked == ["when does it come"]
        assert talk.turns == ["< Hello.", "> when does it come", "< Tomorrow."]
        assert 980 <= since_the_last_word(talk) <= 1_060

    virtual_time.run(main())


def test_nothing_is_heard_or_recorded_before_the_turn_is_over() -> None:
    async def main() -> None:
        quick = ScriptedAnswerer(lambda _: [Say("Tomorrow.")])
        async with talking(quick, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("when does it come", then=0.9)
            assert quick.asked == ["when does it come"]
            assert not talk.of(CustomerTurn) and len(talk.of(ReplyStarted)) == 1
            assert talk.heard == "Hello."
            await asyncio.sleep(3)
        assert talk.heard == "Hello. Tomorrow."
        turn, started = talk.of(CustomerTurn)[0], talk.of(ReplyStarted)[1]
        assert started.answers == turn.turn_id
        assert talk.story.index("turn.customer") < len(talk.story) - 1 - talk.story[::-1].index(
            "reply.started"
        )

    virtual_time.run(main())


def test_a_reading_tool_runs_ahead() -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(lambda _: looking("read", 0.5))
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=4)
        assert since_the_last_word(talk) <= 1_060
        called, finished = talk.of(ToolCalled)[0], talk.of(ToolFinished)[0]
        assert talk.time_of(finished) - talk.time_of(called) < 0.1, "both were kept until the turn was over"

    virtual_time.run(main())


@pytest.mark.parametrize("effect", ["write", "attempt"])
def test_a_tool_with_an_effect_waits_for_the_end_of_the_turn(effect: str) -> None:
    async def main() -> None:
        done: list[float] = []

        async def deed() -> None:
            done.append(asyncio.get_running_loop().time())

        class Doing(ScriptedAnswerer):
            async def respond(
                self, conversation: Conversation, turn_id: str, channel: Channel
            ) -> AsyncIterator[Piece]:
                async for piece in super().respond(conversation, turn_id, channel):
                    yield piece
                    if isinstance(piece, ToolCalled):
                        await deed()

        async with talking(Doing(lambda _: looking(effect)), unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("send it back", then=0.9)
            assert not done
            await asyncio.sleep(4)
        assert len(done) == 1 and done[0] >= talk.time_of(talk.of(CustomerTurn)[0])
        assert talk.turns[-1] == "< It is on its way."

    virtual_time.run(main())


def test_a_tool_with_an_effect_never_runs_when_the_caller_goes_on() -> None:
    async def main() -> None:
        scripts: dict[str, list[Step]] = {
            "send it back": looking("write"),
            "send it back no wait": [Say("All right.")],
        }
        answerer = ScriptedAnswerer(lambda words: scripts[words])
        async with talking(answerer, unsure(True), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say([*speech("send it back"), *hush(35), *speech("no wait")], then=3)
        assert answerer.asked == ["send it back", "send it back no wait"]
        assert answerer.closed_early == 1
        assert not talk.of(ToolCalled)
        assert talk.turns[1:] == ["> send it back no wait", "< All right."]
        assert talk.heard == "Hello. All right."

    virtual_time.run(main())


def test_a_draft_is_dropped_when_the_caller_hangs_up() -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(lambda _: looking("read", 30.0))
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=0.6)
            assert answerer.asked
        assert answerer.closed_early == 1
        assert not talk.of(CustomerTurn) and not talk.of(ToolCalled)

    virtual_time.run(main())


def test_a_draft_is_dropped_when_the_call_ends_as_it_is_let_out() -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(lambda _: [Say("Tomorrow.")])
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=0.6)
            now = asyncio.get_running_loop().time
            hung_up = now()
            assert talk.call._bot.hear("where is it", Stopwatch(now, hung_up))
            talk.call._bot.end()
        assert now() - hung_up < 1, "nothing is left of the draft to wait for"
        assert answerer.asked == ["where is it"] and not talk.of(CustomerTurn)

    virtual_time.run(main())


def test_a_draft_is_dropped_when_the_caller_types() -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(lambda words: [Pause(0.5), Say(f"Re {words}.")])
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=0.5)
            await talk.call.write("order 10437")
            await asyncio.sleep(4)
        assert talk.turns[1] == "> order 10437"
        assert answerer.asked[:2] == ["where is it", "order 10437"]
        assert answerer.closed_early == 1

    virtual_time.run(main())


def test_a_draft_begun_while_a_typed_turn_was_being_stored_is_dropped() -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(lambda words: [Say(f"Re {words}.")])
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            talk.emit_s = 0.3
            await talk.say("where is it")
            await talk.call.write("order 10437")
            assert answerer.asked == ["where is it"], "the draft was begun meanwhile"
            talk.emit_s = 0.0
            await asyncio.sleep(6)
        assert answerer.asked == ["where is it", "order 10437", "where is it"]
        assert talk.turns[1] == "> order 10437" and talk.turns[-1] == "< Re where is it."

    virtual_time.run(main())


def test_an_interrupted_draft_that_was_let_out_keeps_what_was_heard() -> None:
    async def main() -> None:
        long = "Your parcel left our warehouse yesterday, and the carrier will bring it on Tuesday."
        answerer = ScriptedAnswerer(lambda _: [Say(long)])
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=2)
            await talk.say("hold on please", then=1)
        first = talk.of(ReplyDone)[1]
        assert first.interrupted and long.startswith(first.pii.text) and first.pii.text

    virtual_time.run(main())


def test_a_store_that_is_down_ends_the_draft_with_an_honest_sentence() -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(lambda _: [Say("Tomorrow.")])
        async with talking(answerer, unsure(), PATIENT) as talk:
            await asyncio.sleep(1)
            talk.store_down = True
            await talk.say("when does it come", then=6)
            assert "something went wrong" in talk.heard and "Tomorrow" not in talk.heard
            talk.store_down = False
            await talk.say("when does it come", then=4)
            hung_up = asyncio.get_running_loop().time()
        assert talk.turns[-1] == "< Tomorrow."
        assert asyncio.get_running_loop().time() - hung_up < 1, "nothing is left of the draft to wait for"

    virtual_time.run(main())
