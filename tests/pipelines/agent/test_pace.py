from pipelines.agent.pace import ANSWERS, SLOW_S, Pace


def test_nothing_is_known_of_a_model_that_has_answered_nobody() -> None:
    assert Pace().is_slow is None


def test_a_model_is_slow_if_most_of_its_last_answers_were() -> None:
    pace = Pace()
    pace.began(SLOW_S + 0.1)
    assert pace.is_slow
    pace.began(0.2)
    pace.began(0.2)
    assert pace.is_slow is False


def test_what_is_long_past_counts_no_more() -> None:
    pace = Pace()
    for _ in range(100):
        pace.began(0.1)
    for _ in range(ANSWERS):
        pace.began(2.0)
    assert pace.is_slow
