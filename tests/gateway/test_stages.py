from gateway.stages import Step, steps
from pipelines.facts import Latency


def test_a_turn_heard_decided_answered_and_spoken_in_that_order() -> None:
    latency = Latency(
        final_transcript_ms=150,
        decision_ms=240,
        understood_ms=260,
        first_token_ms=400,
        first_clause_ms=420,
        first_audio_ms=560,
    )
    assert steps(latency) == [
        Step("hear", 0, 150),
        Step("decide", 150, 240),
        Step("understand", 240, 260),
        Step("think", 260, 400),
        Step("speak", 400, 560),
    ]


def test_words_drafted_before_the_decision_cost_nothing_after_it() -> None:
    latency = Latency(
        drafted_ms=130,
        final_transcript_ms=130,
        understood_ms=150,
        first_token_ms=170,
        first_clause_ms=171,
        decision_ms=300,
        first_audio_ms=310,
    )
    assert [(step.name, step.end_ms - step.begin_ms) for step in steps(latency)] == [
        ("hear", 130),
        ("understand", 20),
        ("think", 20),
        ("speak", 1),
        ("decide", 129),
        ("speak", 10),
    ]


def test_tools_are_told_apart_from_thinking() -> None:
    latency = Latency(understood_ms=300, tools_ms=500, first_token_ms=850, first_audio_ms=900)
    assert steps(latency) == [
        Step("understand", 0, 300),
        Step("tools", 300, 800),
        Step("think", 800, 850),
        Step("speak", 850, 900),
    ]


def test_tools_that_ran_while_the_turn_was_being_decided_take_no_more_than_the_wait_for_words() -> None:
    latency = Latency(decision_ms=700, tools_ms=500, first_token_ms=750, first_audio_ms=800)
    assert steps(latency) == [Step("decide", 0, 700), Step("tools", 700, 750), Step("speak", 750, 800)]


def test_steps_always_add_up_to_the_first_audio_even_when_a_moment_came_later() -> None:
    latency = Latency(final_transcript_ms=-20, decision_ms=200, first_token_ms=900, first_audio_ms=500)
    assert steps(latency) == [Step("decide", 0, 200), Step("speak", 200, 500)]


def test_an_answer_that_was_never_heard_has_no_steps() -> None:
    assert steps(Latency(decision_ms=200, first_token_ms=300)) == []
    assert steps(Latency()) == []
