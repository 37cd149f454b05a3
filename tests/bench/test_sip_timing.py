"""Lateness, delay and loss of packets whose times are known."""

from pathlib import Path

import numpy as np
import pytest

from bench.sip_sound import FRAMES, MARK_AT, NO_MARK, SAMPLE_NS, SAMPLES
from bench.sip_timing import (
    FRAME_NS,
    SLOTS,
    Recording,
    delays_ms,
    heard,
    heard_marks,
    lateness_ms,
    phase,
    sent_marks,
    slot,
)
from bench.sip_wire import ARRIVAL

MS = 1_000_000


def recording(calls: int = 2, ticks: int = 100, delay_ms: int = 50) -> Recording:
    """Each call's packets come back so much later, marks and all."""
    sent = np.arange(ticks)[:, None] * FRAME_NS + np.arange(SLOTS) * (FRAME_NS // SLOTS)
    rows = []
    for call in range(calls):
        for tick in range(ticks):
            mark = MARK_AT if (tick + phase(call)) % FRAMES == 0 else NO_MARK
            when = sent[tick, slot(call)] + delay_ms * MS
            rows.append((when, 10_000 + 2 * call, tick, tick * SAMPLES, mark))
    ports = np.array([10_000 + 2 * call for call in range(calls)])
    return Recording(np.array(rows, ARRIVAL), ports, sent, 0, np.full(sent.shape, 3 * MS))


def test_packets_on_the_grid_are_not_late() -> None:
    assert (
        lateness_ms(np.arange(100) * FRAME_NS, np.arange(100, dtype=np.uint32) * SAMPLES).tolist()
        == [0] * 100
    )


def test_a_packet_is_as_late_as_it_came_after_its_place() -> None:
    came = np.arange(100) * FRAME_NS
    came[30] += 12 * MS
    late = lateness_ms(came, np.arange(100, dtype=np.uint32) * SAMPLES)
    assert late[30] == 12 and late.sum() == 12


def test_an_early_packet_makes_the_others_of_its_second_late() -> None:
    came = np.arange(150) * FRAME_NS
    came[60] -= 5 * MS
    late = lateness_ms(came, np.arange(150, dtype=np.uint32) * SAMPLES)
    assert late[60] == 0
    assert late[50:60].tolist() == [5] * 10 and late[61:100].tolist() == [5] * 39
    assert not late[:50].any() and not late[100:].any()


def test_a_pause_between_packets_is_not_lateness_if_the_timestamp_tells_of_it() -> None:
    steps = np.r_[np.arange(10), np.arange(20, 30)]
    assert not lateness_ms(steps * FRAME_NS, steps.astype(np.uint32) * SAMPLES).any()


def test_timestamps_run_over_their_32_bits() -> None:
    timestamps = (np.arange(100, dtype=np.int64) * SAMPLES + 2**32 - 1_000).astype(np.uint32)
    assert not lateness_ms(np.arange(100) * FRAME_NS, timestamps).any()


def test_delay_is_from_the_first_sample_of_a_mark_to_the_same_sample() -> None:
    found = heard(recording(delay_ms=50))
    assert (found.delay_p50_ms, found.delay_p99_ms) == (50, 50)
    assert found.marks == 4
    assert (found.late_p99_ms, found.missing, found.caller_late_p99_ms) == (0, 0, 3)


def test_delay_does_not_depend_on_how_packets_are_cut() -> None:
    cut = recording(calls=1)
    cut.arrivals["mark"] = np.where(cut.arrivals["mark"] == NO_MARK, NO_MARK, MARK_AT + 80)
    cut.arrivals["ns"] -= 80 * SAMPLE_NS
    assert heard(cut).delay_p50_ms == 50


def test_a_mark_that_reaches_into_the_next_packet_is_one() -> None:
    came = recording(calls=1).arrivals
    came["mark"][1] = 0
    assert len(heard_marks(came)) == 2


def test_a_mark_of_before_the_span_is_nobodys_delay() -> None:
    assert delays_ms(np.array([100 * MS]), np.array([50 * MS, 130 * MS])) == [30]


def test_marks_of_different_calls_are_sent_apart() -> None:
    span = recording(calls=2)
    assert sent_marks(span, 0)[0] != sent_marks(span, 1)[0]
    assert len({phase(call) for call in range(FRAMES)}) == FRAMES


def test_few_calls_are_spread_over_all_of_a_frame() -> None:
    places = sorted(slot(call) for call in range(10))
    assert max(np.diff([*places, places[0] + SLOTS])) <= 2 * SLOTS // 10
    assert len({slot(call) for call in range(SLOTS)}) == SLOTS


def test_what_did_not_come_is_missing() -> None:
    whole = recording(calls=2)
    half = Recording(whole.arrivals[:100], whole.ports, whole.sent_ns, 0, whole.late_ns)
    assert heard(half).missing == 0.5
    with pytest.raises(ValueError, match="no packet"):
        heard(Recording(whole.arrivals[:0], whole.ports, whole.sent_ns, 0, whole.late_ns))


def test_a_recording_is_read_as_it_was_kept(tmp_path: Path) -> None:
    kept = recording()
    kept.save(tmp_path / "span.npz")
    assert heard(Recording.load(tmp_path / "span.npz")) == heard(kept)
