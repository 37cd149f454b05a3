"""Taking turns, frame by frame."""

from collections.abc import Callable

import pytest

from pipelines.audio import FRAME_MS
from pipelines.turn_actions import (
    Action,
    AskPresence,
    Began,
    Drafted,
    Emptied,
    Ended,
    GiveUp,
    Hold,
    Interrupt,
    OfferHelp,
    Paused,
    Release,
    Resumed,
)
from pipelines.turn_times import TurnTimes
from pipelines.turns import Answering, TurnTaking
from pipelines.voice import VoiceChange

Happened = list[tuple[int, Action]]
TIMES = TurnTimes(
    end_ms=200,
    undecided_ms=600,
    loose_ms=700,
    finished_ms=500,
    unsure_ms=1_000,
    unfinished_ms=1_400,
    hold_ms=200,
    interrupt_ms=800,
    ask_ms=20_000,
    offer_ms=15_000,
    give_up_ms=10_000,
)
"Of its own, so that tuning changes no test of behaviour."
SURE, UNSURE = 0.97, 0.03
"What the end-of-turn model says."


class Stage:
    """Lets time pass, and notes what turn taking makes of it, with the ms since the start."""

    def __init__(self, times: TurnTimes | None = None) -> None:
        self.turns = TurnTaking(times or TIMES, number_lengths={5})
        self.now_ms = 0
        self.happened: Happened = []

    def do(self, actions: list[Action]) -> None:
        self.happened += [(self.now_ms, action) for action in actions]

    def wait(self, ms: int, change: VoiceChange | None = None, *, near: bool = True) -> None:
        for n in range(ms // FRAME_MS):
            self.now_ms += FRAME_MS
            self.do(self.turns.hear(change if n == 0 else None, near=near))

    def voice(self, ms: int) -> None:
        self.wait(ms, VoiceChange.STARTED)

    def silence(self, ms: int) -> None:
        self.wait(ms, VoiceChange.STOPPED)

    def kinds(self) -> list[type[Action]]:
        return [type(action) for _, action in self.happened]

    def only(self, kind: type[Action]) -> list[Action]:
        return [action for _, action in self.happened if isinstance(action, kind)]


def test_a_complete_turn_ends_after_a_fifth_of_a_second() -> None:
    stage = Stage()
    stage.voice(1_000)
    stage.silence(60)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "Where is my order?"))
    stage.wait(60)
    assert stage.only(Ended) == [Ended("Where is my order?", silent_ms=200, decision_ms=200)]


def test_words_that_come_late_end_the_turn_when_they_come() -> None:
    stage = Stage()
    stage.voice(1_000)
    stage.silence(60)
    stage.do(stage.turns.verdict(1, SURE))
    stage.wait(400)
    assert not stage.only(Ended)
    stage.do(stage.turns.final(1, "Where is my order?"))
    assert stage.only(Ended) == [Ended("Where is my order?", silent_ms=540, decision_ms=200)]


@pytest.mark.parametrize(
    ("sounds", "text", "silent_ms"),
    [
        (SURE, "It is blue.", 200),
        (SURE, "I would like to know where my refund is.", 200),
        (SURE, "My order number is", 1_400),
        (SURE, "I want to return the shoes and", 1_400),
        (SURE, "Well, it said...", 1_400),
        (SURE, "I want a medium light", 700),
        (SURE, "My order number is 104.", 1_400),
        (SURE, "My order number is 10437.", 200),
        (UNSURE, "My order number is 10437.", 500),
        (UNSURE, "Where is it?", 500),
        (UNSURE, "It is blue.", 1_000),
        (None, "It is blue.", 600),
        (None, "My order number is", 1_400),
    ],
)
def test_how_long_we_wait_depends_on_sound_and_words(sounds: float | None, text: str, silent_ms: int) -> None:
    stage = Stage()
    stage.voice(1_000)
    stage.silence(20)
    if sounds is not None:
        stage.do(stage.turns.verdict(1, sounds))
    stage.do(stage.turns.final(1, text))
    stage.wait(2_000)
    [ended] = stage.only(Ended)
    assert isinstance(ended, Ended) and ended.silent_ms == silent_ms


def test_a_yes_ends_the_turn_early_where_we_asked_for_one() -> None:
    for asked, silent_ms in ((True, 200), (False, 700)):
        stage = Stage()
        stage.turns.expect(yes_no=asked)
        stage.voice(300)
        stage.silence(20)
        stage.do(stage.turns.verdict(1, SURE))
        stage.do(stage.turns.final(1, "Yes."))
        stage.wait(2_000)
        assert [end.silent_ms for end in stage.only(Ended) if isinstance(end, Ended)] == [silent_ms]


def test_a_number_is_whole_with_as_many_digits_as_we_asked_for() -> None:
    for asked, silent_ms in ((4, 500), (None, 1_400)):
        stage = Stage()
        stage.turns.expect(yes_no=False, digits=asked)
        stage.voice(700)
        stage.silence(20)
        stage.do(stage.turns.verdict(1, UNSURE))
        stage.do(stage.turns.final(1, "It is 4711."))
        stage.wait(2_000)
        assert [end.silent_ms for end in stage.only(Ended) if isinstance(end, Ended)] == [silent_ms]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("My order number is", "My order number is 10437."),
        ("My order number is 104", "My order number is 10437."),
        ("1, 0", "10437"),
        ("I want to return the", "I want to return the shoes."),
    ],
)
def test_a_second_of_breath_inside_a_number_or_a_sentence_ends_nothing(before: str, after: str) -> None:
    stage = Stage()
    stage.voice(700)
    stage.silence(100)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, before))
    stage.wait(1_000)
    stage.voice(700)
    stage.silence(100)
    stage.do(stage.turns.verdict(2, SURE))
    stage.do(stage.turns.final(2, after))
    stage.wait(200)
    assert [end.text for end in stage.only(Ended) if isinstance(end, Ended)] == [after]


def test_no_turn_ends_while_voice_may_be_coming_back() -> None:
    stage = Stage()
    stage.voice(700)
    stage.silence(60)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "It is blue."))
    for _ in range(4):
        stage.do(stage.turns.hear(None, stirring=True))
    assert not stage.only(Ended)
    stage.wait(20)
    assert stage.only(Ended), "it was a click"


def test_a_pause_in_the_middle_is_one_turn() -> None:
    stage = Stage()
    stage.voice(500)
    stage.silence(300)
    stage.do(stage.turns.verdict(1, UNSURE))
    stage.do(stage.turns.final(1, "I would like"))
    stage.voice(500)
    stage.silence(200)
    stage.do(stage.turns.verdict(2, SURE))
    stage.do(stage.turns.final(2, "I would like a refund."))
    kinds = [Began, Paused, Drafted, Resumed, Paused, Ended, Release]
    assert [a for a in stage.kinds() if a is not Hold] == kinds
    assert stage.only(Paused) == [Paused(1), Paused(2)]


def test_words_whose_turn_may_not_be_over_are_worth_a_draft() -> None:
    stage = Stage()
    stage.voice(500)
    stage.silence(100)
    stage.do(stage.turns.verdict(1, UNSURE))
    stage.do(stage.turns.final(1, "Where is my order"))
    assert stage.only(Drafted) == [Drafted("Where is my order", silent_ms=180)]
    stage.wait(2_000)
    assert [end.text for end in stage.only(Ended) if isinstance(end, Ended)] == ["Where is my order"]


@pytest.mark.parametrize("text", ["", "...", "my order number is", "and"])
def test_no_words_and_half_sentences_are_not_worth_a_draft(text: str) -> None:
    stage = Stage()
    stage.voice(500)
    stage.silence(100)
    stage.do(stage.turns.verdict(1, UNSURE))
    stage.do(stage.turns.final(1, text))
    assert not stage.only(Drafted)


def test_a_turn_that_is_over_with_its_words_needs_no_draft() -> None:
    stage = Stage()
    stage.voice(500)
    stage.silence(100)
    stage.do(stage.turns.verdict(1, SURE))
    stage.wait(200)
    stage.do(stage.turns.final(1, "Where is my order?"))
    assert stage.only(Ended) and not stage.only(Drafted)


def test_a_murmur_while_we_speak_is_not_worth_a_draft() -> None:
    stage = Stage()
    stage.turns.answering(Answering.YES)
    stage.voice(400)
    stage.silence(100)
    stage.do(stage.turns.final(1, "uh-huh"))
    assert not stage.only(Drafted)


def test_a_stale_transcript_never_ends_a_turn() -> None:
    stage = Stage()
    stage.voice(500)
    stage.silence(200)
    stage.do(stage.turns.verdict(1, SURE))
    stage.voice(500)
    stage.do(stage.turns.final(1, "Hello"))
    stage.silence(200)
    stage.do(stage.turns.final(1, "Hello"))
    stage.do(stage.turns.verdict(2, SURE))
    stage.wait(500)
    assert not stage.only(Ended)
    stage.do(stage.turns.final(2, "Hello where is my order"))
    assert stage.only(Ended)[0] == Ended("Hello where is my order", 780, 280)


def test_a_stale_verdict_counts_for_nothing() -> None:
    stage = Stage()
    stage.voice(500)
    stage.silence(200)
    stage.voice(500)
    stage.silence(20)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(2, "It is blue."))
    stage.wait(400)
    assert not stage.only(Ended)


def test_voice_without_words_is_forgotten() -> None:
    stage = Stage()
    stage.voice(300)
    stage.silence(20)
    stage.do(stage.turns.final(1, ""))
    stage.wait(600)
    assert stage.only(Emptied) and not stage.only(Ended)


def test_the_rest_of_known_words_is_waited_for_only_so_long() -> None:
    stage = Stage()
    stage.voice(800)
    stage.do(stage.turns.partial("where is"))
    stage.silence(5_000)
    assert [e.text for e in stage.only(Ended) if isinstance(e, Ended)] == ["where is"]


def test_a_turn_of_which_nothing_is_known_is_waited_for_longer_and_is_not_lost() -> None:
    stage = Stage()
    stage.voice(800)
    stage.silence(8_000)
    stage.do(stage.turns.final(1, "Where is my order?"))
    assert [e.text for e in stage.only(Ended) if isinstance(e, Ended)] == ["Where is my order?"]


def test_words_that_never_come_are_not_waited_for_for_ever() -> None:
    stage = Stage()
    stage.voice(800)
    stage.silence(13_000)
    assert stage.only(Emptied) and not stage.only(Ended)


def test_words_that_never_come_do_not_keep_our_answer_waiting() -> None:
    stage = answering()
    stage.voice(800)
    stage.silence(5_000)
    assert stage.only(Emptied)


def test_a_recogniser_that_fails_ends_the_utterance_without_a_turn() -> None:
    stage = Stage()
    stage.voice(800)
    stage.silence(100)
    stage.do(stage.turns.lost())
    stage.wait(5_000)
    assert stage.only(Emptied) and not stage.only(Ended)


def answering(state: Answering = Answering.YES) -> Stage:
    stage = Stage()
    stage.turns.answering(state)
    return stage


def test_voice_makes_us_hold_at_once_and_words_end_our_answer() -> None:
    stage = answering()
    stage.voice(300)
    assert [(ms, type(a)) for ms, a in stage.happened] == [(20, Began), (120, Hold)]
    stage.do(stage.turns.partial("no wait"))
    assert stage.kinds()[-1] is Interrupt


def test_long_voice_ends_our_answer_even_before_its_words_are_known() -> None:
    stage = answering()
    stage.voice(1_500)
    assert stage.kinds().count(Interrupt) == 1


@pytest.mark.parametrize("words", ["Uh-huh.", "Okay.", "10.", "Mm-hmm, right."])
def test_murmur_and_noise_let_us_go_on(words: str) -> None:
    stage = answering()
    stage.voice(400)
    stage.silence(150)
    stage.do(stage.turns.final(1, words))
    assert stage.kinds() == [Began, Hold, Paused, Release]
    stage.wait(600)
    assert stage.kinds()[-1] is Emptied


def test_a_sound_without_words_may_be_half_a_word_and_is_waited_for() -> None:
    stage = answering()
    stage.voice(400)
    stage.silence(250)
    stage.do(stage.turns.final(1, ""))
    assert stage.kinds() == [Began, Hold, Paused]
    stage.wait(80)
    assert stage.kinds()[-1] is Release
    stage.wait(600)
    assert stage.kinds()[-1] is Emptied


def test_a_number_that_we_asked_for_ends_our_question() -> None:
    stage = answering()
    stage.turns.expect(yes_no=False, digits=2)
    stage.voice(400)
    stage.silence(150)
    stage.do(stage.turns.final(1, "10."))
    assert Interrupt in stage.kinds()


def test_a_voice_in_the_background_neither_stops_us_nor_has_a_turn() -> None:
    stage = answering()
    stage.wait(2_000, VoiceChange.STARTED, near=False)
    stage.do(stage.turns.partial("and then she said"))
    stage.wait(100, VoiceChange.STOPPED, near=False)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "And then she said no."))
    assert stage.turns.background
    stage.wait(1_000, near=False)
    assert [action for _, action in stage.happened] == [Began(), Paused(1), Emptied(background=True)]
    assert not stage.turns.background


def test_words_in_the_background_that_never_come_are_nobodys_either() -> None:
    stage = Stage()
    stage.wait(800, VoiceChange.STARTED, near=False)
    stage.do(stage.turns.partial("where is"))
    stage.wait(5_000, VoiceChange.STOPPED, near=False)
    assert stage.only(Emptied) == [Emptied(background=True)] and not stage.only(Ended)


def test_a_caller_who_begins_like_the_background_is_heard_once_they_stand_out() -> None:
    stage = answering()
    stage.wait(400, VoiceChange.STARTED, near=False)
    assert stage.kinds() == [Began]
    stage.wait(20)
    assert stage.kinds() == [Began, Hold]
    stage.wait(200, VoiceChange.STOPPED, near=False)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "Where is my order?"))
    assert stage.only(Ended), "what stood out once is the caller's to its end"


def test_after_the_caller_a_voice_in_the_background_is_judged_anew() -> None:
    stage = Stage()
    stage.voice(800)
    stage.silence(60)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "Where is my order?"))
    stage.wait(500)
    stage.wait(400, VoiceChange.STARTED, near=False)
    assert stage.turns.background


def test_a_short_yes_to_the_last_second_of_a_question_is_an_answer() -> None:
    stage = answering(Answering.ENDING)
    stage.voice(300)
    stage.silence(200)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "Okay."))
    assert stage.only(Ended)


def test_a_short_no_ends_our_answer_though_its_voice_was_brief() -> None:
    stage = answering()
    stage.voice(100)
    stage.silence(200)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "No!"))
    assert stage.kinds()[:3] == [Began, Paused, Interrupt]
    assert Ended not in stage.kinds(), "they want the word; what they want it for comes next"
    stage.wait(600)
    assert stage.kinds()[-2:] == [Ended, Release]


def test_a_speech_without_end_is_taken_as_it_is() -> None:
    stage = Stage()
    stage.voice(26_000)
    [paused] = stage.only(Paused)
    assert isinstance(paused, Paused)
    stage.do(stage.turns.final(paused.pause, "and so on and on"))
    assert stage.only(Ended)
    assert stage.kinds()[-1] is Began, "they are still speaking"


def test_a_long_silence_is_asked_about_then_met_with_an_offer_then_ends_the_call() -> None:
    stage = Stage()
    stage.wait(100_000)
    steps = [(20_000, AskPresence), (35_000, OfferHelp), (45_000, GiveUp)]
    assert [(ms, type(a)) for ms, a in stage.happened] == steps


def test_our_own_question_is_no_silence_of_theirs() -> None:
    stage = Stage()
    stage.wait(20_000)
    stage.turns.answering(Answering.YES)
    stage.wait(3_000)
    stage.turns.answering(Answering.NO)
    stage.wait(14_980)
    assert stage.kinds() == [AskPresence]
    stage.wait(20)
    assert stage.kinds() == [AskPresence, OfferHelp]


def test_who_answers_the_question_is_asked_anew_after_the_next_silence() -> None:
    stage = Stage()
    stage.wait(20_000)
    stage.voice(400)
    stage.silence(100)
    stage.do(stage.turns.verdict(1, SURE))
    stage.do(stage.turns.final(1, "I am still here."))
    stage.wait(21_000)
    assert [kind for kind in stage.kinds() if kind in (AskPresence, OfferHelp)] == [AskPresence, AskPresence]


@pytest.mark.parametrize(
    "sign_of_life",
    [lambda turns: turns.written(), lambda turns: turns.answering(Answering.YES)],
)
def test_a_sign_of_life_starts_the_count_again(sign_of_life: Callable[[TurnTaking], None]) -> None:
    stage = Stage()
    stage.wait(19_000)
    sign_of_life(stage.turns)
    stage.turns.answering(Answering.NO)
    stage.wait(19_000)
    assert not stage.happened


def test_noise_is_no_sign_of_life() -> None:
    stage = Stage()
    for pause in range(1, 40):
        stage.voice(300)
        stage.silence(100)
        stage.do(stage.turns.final(pause, ""))
        stage.wait(2_000)
    assert stage.only(AskPresence) and stage.only(GiveUp)
