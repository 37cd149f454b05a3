"""The noise that callers of `bench sip` make, and its marks."""

import numpy as np

from bench.sip_sound import FRAMES, LINEAR, MARK_AT, NO_MARK, SAMPLES, marks, spoken


def test_codes_stand_for_what_g711_says() -> None:
    assert [LINEAR[code].item() for code in (0x80, 0x00, 0xFF, 0x7F, 0xFE)] == [32_124, -32_124, 0, 0, 8]


def test_each_second_has_one_mark() -> None:
    second = spoken()
    assert second.shape == (FRAMES, SAMPLES)
    assert marks(second).tolist() == [MARK_AT, *[NO_MARK] * (FRAMES - 1)]


def test_a_mark_is_found_wherever_a_server_cuts_its_packets() -> None:
    shifted = np.roll(spoken().ravel(), 75).reshape(FRAMES, SAMPLES)
    assert marks(shifted)[0] == MARK_AT + 75
