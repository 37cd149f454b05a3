"""Whole calls under virtual time."""

import asyncio

import pytest

from pipelines.answer import Basis, Say
from pipelines.facts import (
    Activity,
    CustomerTurn,
    ReplyDone,
    ReplyStarted,
    SpeechStarted,
    ToolCalled,
    ToolFinished,
    TranscriptPartial,
    Trouble,
    Unavailable,
    WorkflowChanged,
)
from pipelines.keypad import PERSON_WANTED, KeyChoices
from pipelines.phrases import Phrases
from pipelines.turn_times import TurnTimes
from pipelines.voice_call import CallSettings
from tests import virtual_time
from tests.fakes.fake_speech import hush, noise, speech, telephone_speech
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer, Step
from tests.fakes.voice_parts import FakeVoiceParts
from tests.pipelines.talk import Talk, talking

LONG = (
    "Your parcel left our warehouse yesterday, and the carrier will bring it on Tuesday afternoon. "
    "Please be at home, because somebody must sign for it."
)


def answering(*texts: str) -> ScriptedAnswerer:
    return ScriptedAnswerer(lambda _: [Pause(0.2), Basis("knowledge"), *map(Say, texts)])


def test_greets_hears_a_question_and_answers_it() -> None:
    async def main() -> None:
        async with talking(answering("It is ", "on its way.")) as talk:
            await asyncio.sleep(1)
            await talk.say("where is my order", then=4)
        assert talk.turns == ["< Hello.", "> where is my order", "< It is on its way."]
        assert talk.heard == "Hello. It is on its way."
        assert talk.answerer.asked == ["where is my order"]
        start = talk.story.index("turn.customer")
        assert talk.story[start:] == ["turn.customer", "reply.started", "reply.delta", "reply.done"]
        done = talk.of(ReplyDone)[-1]
        assert (done.answers, done.source, done.interrupted) == ("c1", "knowledge", False)
        assert done.heard_ms is not None and done.heard_ms > 500

    virtual_time.run(main())


def test_says_where_the_time_went() -> None:
    async def main() -> None:
        async with talking(answering("Tomorrow.")) as talk:
            await asyncio.sleep(1)
            await talk.say("when does it come", then=4)
        latency = talk.of(ReplyDone)[-1].latency
        assert latency is not None
        assert latency.decision_ms == 220
        assert latency.final_transcript_ms is not None and 150 <= latency.final_transcript_ms <= 200
        assert latency.first_token_ms is not None and 350 <= latency.first_token_ms <= 400
        assert latency.first_audio_ms is not None and 400 <= latency.first_audio_ms <= 480

    virtual_time.run(main())


def test_a_telephone_call_is_narrowband_from_end_to_end_and_no_slower() -> None:
    async def main() -> None:
        async with talking(answering("It is ", "on its way."), sample_rate=8_000) as talk:
            await asyncio.sleep(1)
            await talk.say(telephone_speech("where is my order"), then=4)
        assert talk.turns == ["< Hello.", "> where is my order", "< It is on its way."]
        assert talk.heard == "Hello. It is on its way.", "sample for sample: nothing resampled it"
        assert {frame.sample_rate for frame in talk.leg.heard} == {8_000}
        latency = talk.of(ReplyDone)[-1].latency
        assert latency is not None
        assert latency.final_transcript_ms is not None and latency.final_transcript_ms <= 200
        assert latency.first_audio_ms is not None and latency.first_audio_ms <= 480

    virtual_time.run(main())


def test_shows_partial_words_while_the_customer_speaks() -> None:
    async def main() -> None:
        async with talking(answering("Yes.")) as talk:
            await asyncio.sleep(1)
            await talk.say("I would like to know where my order is today", then=3)
        partials = [fact.pii.text for fact in talk.of(TranscriptPartial)]
        assert len(partials) >= 2
        assert all("I would like to know where my order is today".startswith(text) for text in partials)
        assert talk.of(TranscriptPartial)[-1].stable_chars > 0

    virtual_time.run(main())


def test_the_answerer_prepares_for_what_is_being_said_and_forgets_the_call_at_its_end() -> None:
    async def main() -> None:
        async with talking(answering("Yes.")) as talk:
            await asyncio.sleep(1)
            assert talk.answerer.prepared_for == ["", ""], "before the greeting and after it"
            await talk.say("I would like to know where my order is today", then=3)
        *overheard, last = talk.answerer.prepared_for[2:]
        assert last == "" and len(overheard) >= 2
        assert all("I would like to know where my order is today".startswith(words) for words in overheard)
        assert talk.answerer.forgotten == ["s1"]

    virtual_time.run(main())


def test_an_interruption_stops_the_voice_and_keeps_only_what_was_heard() -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=2.5)
            heard_before = len(talk.heard)
            await talk.say("no wait a moment please", then=1)
            assert len(talk.heard) - heard_before <= len(" warehouse yesterday,")
            first = talk.of(ReplyDone)[1]
            assert first.interrupted
            kept = first.pii.text
            assert LONG.startswith(kept) and 2 < len(kept.split()) < 12
            ear = talk.heard.removeprefix("Hello. ").split()
            assert abs(len(ear) - len(kept.split())) <= 1
            await asyncio.sleep(12)
        assert talk.answerer.asked == ["where is it", "no wait a moment please"]
        assert talk.turns[-2:] == ["> no wait a moment please", f"< {LONG}"]

    virtual_time.run(main())


@pytest.mark.parametrize("murmur", ["uh-huh", "okay", "mm hm", "right"])
def test_a_murmur_while_we_speak_only_makes_us_hesitate(murmur: str) -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=2.5)
            await talk.say(murmur, then=14)
        assert talk.turns == ["< Hello.", "> where is it", f"< {LONG}"]
        assert talk.heard == f"Hello. {LONG}"
        assert not talk.of(ReplyDone)[-1].interrupted

    virtual_time.run(main())


def test_a_cough_while_we_speak_costs_nothing_of_the_answer() -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=2.5)
            await talk.say(noise(18), then=14)
        assert talk.heard == f"Hello. {LONG}"

    virtual_time.run(main())


def test_a_pause_inside_a_sentence_does_not_end_the_turn() -> None:
    async def main() -> None:
        parts = FakeVoiceParts()
        parts.verdicts = [False, True]
        async with talking(answering("I see."), parts) as talk:
            await asyncio.sleep(1)
            await talk.say([*speech("I would rather"), *hush(40), *speech("have it sent home")], then=3)
        assert talk.turns[1] == "> I would rather have it sent home"
        assert talk.answerer.asked == ["I would rather", "I would rather have it sent home"]
        assert talk.turns[2:] == ["< I see."] and talk.heard == "Hello. I see."

    virtual_time.run(main())


def test_a_sentence_left_hanging_is_answered_all_the_same() -> None:
    async def main() -> None:
        parts = FakeVoiceParts()
        parts.verdicts = [False]
        async with talking(answering("Go on."), parts) as talk:
            await asyncio.sleep(1)
            await talk.say("I would like to", then=3)
        latency = talk.of(ReplyDone)[-1].latency
        assert latency is not None and latency.decision_ms == TurnTimes().unfinished_ms

    virtual_time.run(main())


def test_words_that_come_after_the_customer_went_on_never_end_the_turn() -> None:
    """The recogniser is slower than the pause is long: the first transcript is stale when it comes."""

    async def main() -> None:
        parts = FakeVoiceParts()
        parts.workers.seconds = 0.45
        async with talking(answering("Sure."), parts) as talk:
            await asyncio.sleep(1)
            await talk.say([*speech("Hello"), *hush(14), *speech("where is my order")], then=3)
        assert talk.answerer.asked == ["Hello where is my order"]

    virtual_time.run(main())


def test_a_typed_message_interrupts_and_is_answered_aloud() -> None:
    async def main() -> None:
        async with talking() as talk:
            talk.answerer.script = lambda words: [Say(LONG if words == "where is it" else "Done.")]
            await asyncio.sleep(1)
            await talk.say("where is it", then=2)
            await talk.call.write("send it to my office", "m1")
            typed = talk.of(CustomerTurn)[-1]
            assert (typed.pii.text, typed.channel, typed.client_id) == ("send it to my office", "chat", "m1")
            await asyncio.sleep(3)
        assert talk.of(ReplyDone)[1].interrupted
        assert talk.turns[-1] == "< Done."
        assert talk.heard.endswith("Done.")

    virtual_time.run(main())


def test_refuses_typed_messages_beyond_its_bound_and_says_so() -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            talk.emit_s = 0.5
            async with asyncio.TaskGroup() as tasks:
                sent = [tasks.create_task(write(talk, f"message {n}")) for n in range(30)]
            refused = [task.result() for task in sent if task.result() is not None]
            assert refused
            assert "waiting" in str(refused[0])
            with pytest.raises(ValueError, match="4000"):
                await talk.call.write("x" * 4_001, None)
            with pytest.raises(ValueError, match="not 0"):
                await talk.call.write("   ", None)

    virtual_time.run(main())


async def write(talk: Talk, text: str) -> Unavailable | None:
    await asyncio.sleep(int(text.split()[1]) * 0.6)
    try:
        await talk.call.write(text, None)
    except Unavailable as error:
        return error
    return None


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.2, 1.1, 1.5, 2.0, 2.31, 2.5, 3.0, 4.0])
def test_the_customer_may_hang_up_at_any_moment(seconds: float) -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            talk.leg.say([*hush(50), *speech("where is it")])
            await asyncio.sleep(seconds)
        assert len(asyncio.all_tasks()) == 1
        started, done = talk.of(ReplyStarted), talk.of(ReplyDone)
        assert [fact.turn_id for fact in started] == [fact.turn_id for fact in done]

    virtual_time.run(main())


def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.4), talking(answering(LONG)) as talk:
                talk.leg.say([*hush(50), *speech("where is it")])
                await asyncio.sleep(60)
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def writing_tool(seconds: float) -> ScriptedAnswerer:
    called = ToolCalled(turn_id="c1", call_id="t1", tool="refund", effect="write")
    finished = ToolFinished(turn_id="c1", call_id="t1", tool="refund", outcome="done")
    steps: list[Step] = [Say("One second. "), called, Pause(seconds), finished, Say("It is done.")]
    return ScriptedAnswerer(lambda words: steps if words == "refund me" else [Say("Yes.")])


def test_an_interruption_never_cuts_a_change_short() -> None:
    async def main() -> None:
        async with talking(writing_tool(3.0)) as talk:
            await asyncio.sleep(1)
            await talk.say("refund me", then=0.8)
            await talk.say("no please stop that now", then=6)
        kinds = [type(fact) for fact in talk.facts]
        assert kinds.index(ToolFinished) < kinds.index(ReplyDone, kinds.index(ToolCalled))
        assert talk.of(ReplyDone)[1].interrupted
        assert "done" not in talk.heard
        assert talk.answerer.asked == ["refund me", "no please stop that now"]
        assert talk.turns[-1] == "< Yes."

    virtual_time.run(main())


def test_hanging_up_waits_for_a_change_under_way() -> None:
    async def main() -> None:
        async with talking(writing_tool(3.0)) as talk:
            await asyncio.sleep(1)
            await talk.say("refund me", then=0.8)
        assert talk.of(ToolFinished)
        assert talk.of(ReplyDone)[-1].interrupted

    virtual_time.run(main())


def test_three_minutes_of_noise_start_no_turn() -> None:
    async def main() -> None:
        async with talking() as talk:
            for _ in range(60):
                await talk.say([*noise(35), *hush(115)])
        assert not talk.of(CustomerTurn)
        assert not talk.answerer.asked

    virtual_time.run(main())


def test_a_silent_caller_is_asked_then_offered_help_and_then_the_call_ends_politely() -> None:
    async def main() -> None:
        phrases = Phrases()
        async with talking() as talk:
            await asyncio.sleep(90)
            said = ("Hello.", phrases.presence, phrases.offer, phrases.goodbye)
            assert talk.turns == [f"< {text}" for text in said]
            with pytest.raises(Unavailable):
                await talk.call.write("too late", None)

    virtual_time.run(main())


def test_a_caller_who_answers_the_question_is_not_hung_up_on() -> None:
    async def main() -> None:
        async with talking(answering("Good.")) as talk:
            await asyncio.sleep(25)
            await talk.say("yes I am here", then=15)
            assert talk.turns[-1] == "< Good."

    virtual_time.run(main())


def test_without_a_recogniser_it_says_so_once_and_takes_typed_words() -> None:
    async def main() -> None:
        async with talking(answering("Fine.")) as talk:
            talk.parts.decoder.broken = True
            await asyncio.sleep(1)
            await talk.say("where is my order", then=8)
            await talk.say("can you hear me", then=3)
            assert [fact.code for fact in talk.of(Trouble)] == ["recogniser_unavailable"] * 2
            assert talk.turns.count(f"< {Phrases().deaf}") == 1
            await talk.call.write("where is it", None)
            await asyncio.sleep(3)
        assert talk.turns[-1] == "< Fine."

    virtual_time.run(main())


def test_without_a_voice_the_answer_is_there_to_be_read() -> None:
    async def main() -> None:
        async with talking(answering("It left ", "yesterday.")) as talk:
            await asyncio.sleep(1)
            talk.parts.voice.dead = True
            await talk.say("where is it", then=3)
            assert [fact.code for fact in talk.of(Trouble)] == ["voice_unavailable"]
            assert talk.turns[-1] == "< It left yesterday."
            talk.parts.voice.dead = False
            await talk.say("say it again", then=4)
        assert talk.heard.endswith("It left yesterday.")

    virtual_time.run(main())


def test_an_answerer_that_fails_is_apologised_for_and_the_call_goes_on() -> None:
    async def main() -> None:
        async with talking(ScriptedAnswerer(lambda _: [Say("Well. "), RuntimeError("bug")])) as talk:
            await asyncio.sleep(1)
            await talk.say("where is it", then=8)
            talk.answerer.script = lambda _: [Say("Here.")]
            await talk.say("again please", then=3)
        assert talk.of(Trouble)[0].code == "internal_error"
        assert Phrases().sorry in talk.of(ReplyDone)[1].pii.text
        assert talk.turns[-1] == "< Here."

    virtual_time.run(main())


def test_a_store_that_is_down_costs_the_turn_and_not_the_call() -> None:
    async def main() -> None:
        undrafted = CallSettings(times=TurnTimes(end_ms=160))
        async with talking(answering("Here."), FakeVoiceParts(), undrafted) as talk:
            await asyncio.sleep(1)
            talk.store_down = True
            await talk.say("where is it", then=8)
            assert talk.heard.endswith(Phrases().sorry)
            assert not talk.answerer.asked
            talk.store_down = False
            await talk.say("once more", then=3)
        assert talk.answerer.asked == ["once more"]

    virtual_time.run(main())


def test_fifty_interrupted_turns_leave_no_task_and_no_open_voice() -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            await asyncio.sleep(1)
            await talk.say("question zero", then=2)
            tasks = len(asyncio.all_tasks())
            for n in range(50):
                await talk.say(f"question number {n} please", then=1.8)
            assert len(asyncio.all_tasks()) <= tasks
        assert len(talk.answerer.asked) == 51
        assert sum(fact.interrupted for fact in talk.of(ReplyDone)) == 51
        assert talk.parts.workers.dropped_calls == ["s1"]
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_tells_what_it_is_doing() -> None:
    async def main() -> None:
        async with talking(answering("Yes.")) as talk:
            await asyncio.sleep(1)
            await talk.say("are you open", then=3)
        states = [fact.state for fact in talk.of(Activity)]
        assert states == ["speaking", "listening", "thinking", "speaking", "listening", "idle"]
        assert len(talk.of(SpeechStarted)) == 1

    virtual_time.run(main())


def test_says_the_opening_it_is_given_instead_of_the_greeting() -> None:
    async def main() -> None:
        settings = CallSettings(times=TurnTimes(), opening="I am back.")
        async with talking(settings=settings) as talk:
            await asyncio.sleep(1.5)
        assert talk.turns == ["< I am back."]

    virtual_time.run(main())


# --- telephone keys ----------------------------------------------------------------------------------


async def press(talk: Talk, keys: str, pause: float = 0.3) -> None:
    for key in keys:
        talk.call.press(key)
        await asyncio.sleep(pause)


def asking(digits: int, *, secret: bool = False) -> WorkflowChanged:
    """We have asked for a number."""
    return WorkflowChanged(
        workflow="order_status", state="active", awaiting="number", digits=digits, secret=secret
    )


def test_a_keyed_number_is_a_turn_of_the_customer_like_a_spoken_one() -> None:
    async def main() -> None:
        async with talking(answering("It is on its way.")) as talk:
            talk.conversation.apply(asking(5))
            await asyncio.sleep(1)
            await press(talk, "10437", 0.5)
            await asyncio.sleep(3)
        assert talk.turns == ["< Hello.", "> 10437", "< It is on its way."]
        turn = talk.of(CustomerTurn)[0]
        assert (turn.channel, turn.source) == ("voice", "keypad")
        latency = talk.of(ReplyDone)[-1].latency
        assert latency is not None and latency.first_audio_ms is not None and latency.first_audio_ms < 500

    virtual_time.run(main())


def test_a_key_interrupts_us_at_once_and_the_hash_behind_a_whole_number_does_not() -> None:
    async def main() -> None:
        async with talking(answering(LONG)) as talk:
            talk.conversation.apply(asking(5))
            await asyncio.sleep(1)
            await talk.say("where is it", then=2)
            said = len(talk.heard)
            await press(talk, "10437")
            assert len(talk.heard) - said < 20
            assert talk.of(ReplyDone)[1].interrupted
            await press(talk, "#")
            await asyncio.sleep(14)
        assert talk.turns[-2:] == ["> 10437", f"< {LONG}"]

    virtual_time.run(main())


def test_keys_and_words_of_one_moment_are_one_turn() -> None:
    async def main() -> None:
        async with talking(answering("Thank you.")) as talk:
            await asyncio.sleep(1)
            talk.leg.say(speech("my order number is"))
            await asyncio.sleep(0.5)
            await press(talk, "10437", 0.4)
            await asyncio.sleep(6)
        assert talk.turns[1:] == ["> my order number is 10437", "< Thank you."]
        assert talk.answerer.asked == ["my order number is 10437"], "no draft for the half of it"

    virtual_time.run(main())


def test_nought_asks_for_a_person_and_a_menu_key_says_its_words() -> None:
    async def main() -> None:
        keys = KeyChoices(menu={"1": "Where is my order?"}, answers={"9": "Yes."})
        async with talking(answering("Yes."), settings=CallSettings(keys=keys)) as talk:
            await asyncio.sleep(1)
            await press(talk, "1", 3)
            await press(talk, "0", 3)
            talk.conversation.apply(
                WorkflowChanged(workflow="refund", state="active", awaiting="confirmation")
            )
            await press(talk, "9", 3)
        assert talk.answerer.asked == ["Where is my order?", PERSON_WANTED, "Yes."]

    virtual_time.run(main())


def test_nothing_new_is_said_while_a_number_is_being_keyed() -> None:
    async def main() -> None:
        async with talking(answering("Thank you.")) as talk:
            await asyncio.sleep(1)
            await press(talk, "1")
            talk.leg.say(speech("uh"))
            await asyncio.sleep(1.5)
            assert talk.heard == "Hello."
            await press(talk, "*#")
            await talk.say("never mind the number", then=3)
        assert talk.answerer.asked == ["uh", "never mind the number"]

    virtual_time.run(main())


@pytest.mark.parametrize("how", ["keyed", "said", "typed"])
def test_a_secret_is_told_to_nobody_but_the_one_who_asks_for_it(how: str) -> None:
    async def main() -> None:
        async with talking(answering("Thank you.")) as talk:
            talk.conversation.apply(asking(4, secret=True))
            await asyncio.sleep(1)
            if how == "keyed":
                await press(talk, "4711")
            elif how == "typed":
                await talk.call.write("it is 4711")
            else:
                await talk.say("well my secret number today is 4711 I think so", then=3)
            await asyncio.sleep(3)
        assert talk.of(CustomerTurn)[0].pii.text in (
            "[secret 1]",
            "it is [secret 1]",
            "well my secret number today is [secret 1] i think so",
        )
        assert talk.conversation.secrets.reveal("[secret 1]") == "4711"
        assert not [fact for fact in talk.facts if "4711" in fact.model_dump_json()]
        assert not [words for words in talk.answerer.prepared_for if "4711" in words]
        assert how != "said" or talk.of(TranscriptPartial)

    virtual_time.run(main())


def test_another_machine_is_not_answered_sentence_by_sentence_and_not_for_ever() -> None:
    async def main() -> None:
        async with talking(answering("Yes.")) as talk:
            await asyncio.sleep(1)
            for text in (
                "thank you for calling your call is important to us",
                "for sales press one for support press two",
                "please stay on the line",
                "to hear this again press nine",
            ):
                await talk.say(text, then=3)
            await asyncio.sleep(8)
            assert talk.call._bot._ended, "we hung up"
        assert talk.answerer.asked in ([], talk.answerer.asked[:4])
        assert talk.turns == ["< Hello.", f"< {Phrases().machine}"]
        assert not talk.of(CustomerTurn)

    virtual_time.run(main())
