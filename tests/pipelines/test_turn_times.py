"""How patience follows from sound and words."""

from pipelines.reading import Reading
from pipelines.turn_times import TurnTimes

TIMES = TurnTimes(
    end_ms=200,
    sure=0.9,
    doubtful=0.5,
    undecided_ms=650,
    loose_ms=800,
    finished_ms=500,
    unsure_ms=1_000,
    unfinished_ms=1_500,
)


def test_patience_falls_evenly_as_the_end_gets_more_probable() -> None:
    waits = [TIMES.patience_ms(Reading.STATED, p) for p in (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)]
    assert waits == [1_000, 1_000, 800, 600, 400, 200, 200]


def test_words_that_more_must_follow_are_waited_for_whatever_the_sound() -> None:
    assert {TIMES.patience_ms(Reading.UNFINISHED, p) for p in (None, 0.0, 1.0)} == {1_500}


def test_what_is_finished_is_not_waited_for_long_however_it_sounds() -> None:
    assert [TIMES.patience_ms(Reading.FINISHED, p) for p in (0.0, 0.95)] == [500, 200]


def test_what_lacks_its_full_stop_is_waited_for_though_it_sounds_finished() -> None:
    assert [TIMES.patience_ms(Reading.LOOSE, p) for p in (0.0, 0.95)] == [1_000, 800]


def test_without_a_verdict_there_is_one_patience_for_all_that_may_be_over() -> None:
    reads = (Reading.LOOSE, Reading.STATED, Reading.FINISHED)
    assert {TIMES.patience_ms(read, None) for read in reads} == {650}
