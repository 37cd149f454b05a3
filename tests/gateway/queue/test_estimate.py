import pytest

from gateway.queue.estimate import ENOUGH, LONGEST_S, Figures, wait_s

KNOWN = Figures(accepted=ENOUGH, accepted_s=6.0, handled=ENOUGH, handled_s=300.0)


@pytest.mark.parametrize(
    ("figures", "position", "places", "free", "seconds"),
    [
        (KNOWN, 1, 3, 1, 6),
        (KNOWN, 1, 3, 0, 106),
        (KNOWN, 3, 3, 0, 306),
        (KNOWN, 3, 3, 2, 106),
        (KNOWN, 1, 0, 0, None),
        (KNOWN, 100, 1, 0, None),
        (Figures(), 1, 3, 1, None),
        (Figures(accepted=ENOUGH, accepted_s=6.0), 1, 3, 1, 6),
        (Figures(accepted=ENOUGH, accepted_s=6.0), 1, 3, 0, None),
    ],
)
def test_a_wait_is_told_when_it_is_known(
    figures: Figures, position: int, places: int, free: int, seconds: int | None
) -> None:
    assert wait_s(figures, position, places, free) == seconds


def test_averages_follow_what_changes_and_forget_what_was() -> None:
    figures = Figures()
    for _ in range(5):
        figures = figures.accept(10).handle(100)
    assert (figures.accepted_s, figures.handled_s) == (10, 100)
    for _ in range(200):
        figures = figures.accept(20).handle(-5)
    assert 19.9 < figures.accepted_s <= 20 and 0 <= figures.handled_s < 0.1
    assert LONGEST_S == 3600
