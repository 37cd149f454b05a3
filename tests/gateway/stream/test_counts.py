"""The metrics of media streams."""

from gateway.stream.counts import FRAMES, MARKS_OUT, Counts


def test_frames_are_counted_by_provider_and_direction() -> None:
    counts = Counts("test_counts")
    counts.heard(3)
    counts.sent(2)
    assert FRAMES.labels("test_counts", "in")._value.get() == 3
    assert FRAMES.labels("test_counts", "out")._value.get() == 2


def test_marks_that_are_out_add_up_over_all_legs() -> None:
    before = MARKS_OUT._value.get()
    one, other = Counts("test_counts"), Counts("test_counts")
    one.marks_out(3)
    other.marks_out(2)
    one.marks_out(1)
    assert MARKS_OUT._value.get() == before + 3
    one.marks_out(0)
    other.marks_out(0)
    assert MARKS_OUT._value.get() == before
