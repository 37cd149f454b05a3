"""What was played at a provider, by marks and by time."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.stream.playout import GROUP_WAIT_MS, MARK_PATIENCE_MS, MOST_MARKS, RemotePlayout
from pipelines.audio import FRAME_MS
from tests.contracts.leg import tone

FRAME = tone(1, rate=8_000)[0]


def playout(*, marks: bool = True, ahead_ms: int = 400, group: int = 1) -> RemotePlayout:
    return RemotePlayout(marks=marks, ahead_ms=ahead_ms, group=group)


def write(remote: RemotePlayout, count: int, now_ms: int) -> list[str]:
    """Write frames and send what may be sent; the marks that go with it."""
    for _ in range(count):
        remote.write(FRAME, now_ms)
    return send(remote, now_ms)


def send(remote: RemotePlayout, now_ms: int) -> list[str]:
    marks = []
    while remote.take(now_ms):
        if (name := remote.mark()) is not None:
            marks.append(name)
    return marks


def test_a_mark_follows_every_100_ms() -> None:
    remote = playout()
    assert write(remote, 12, 0) == ["w0-100", "w0-200"]
    assert remote.marks_out == 2


def test_time_counts_up_to_the_next_mark_and_a_mark_goes_on_from_there() -> None:
    remote = playout()
    write(remote, 10, 0)
    assert [remote.played_ms(now) for now in (0, 60, 100, 500)] == [0, 60, 100, 100]
    remote.marked("w0-100", 500)
    assert [remote.played_ms(now) for now in (500, 540, 900)] == [100, 140, 200]


def test_a_mark_that_comes_early_is_believed() -> None:
    remote = playout()
    write(remote, 10, 0)
    remote.marked("w0-200", 120)
    assert remote.played_ms(120) == 200
    assert remote.marks_out == 0


def test_the_tail_behind_the_last_mark_is_counted_by_time() -> None:
    remote = playout()
    write(remote, 7, 0)
    remote.marked("w0-100", 110)
    assert [remote.played_ms(now) for now in (110, 130, 1_000)] == [100, 120, 140]


def test_without_marks_time_counts_and_a_pause_is_not_played() -> None:
    remote = playout(marks=False)
    assert write(remote, 5, 0) == []
    assert remote.played_ms(1_000) == 100
    write(remote, 5, 1_000)
    assert remote.played_ms(1_060) == 160


def test_a_provider_without_a_buffer_gets_each_frame_when_it_is_due() -> None:
    remote = playout(marks=False, ahead_ms=40)
    write(remote, 10, 0)
    sent = [2 + len([1 for _ in range(9) if remote.take(now)]) - 2 for now in range(20, 180, 20)]
    assert sent == [1] * 8


def test_frames_wait_for_company_but_not_for_long() -> None:
    remote = playout(group=5)
    for number in range(3):
        remote.write(FRAME, number * 10)
    assert remote.take(GROUP_WAIT_MS - 1) == []
    assert len(remote.take(GROUP_WAIT_MS)) == 3
    for _ in range(7):
        remote.write(FRAME, 100)
    assert len(remote.take(100)) == 5
    assert remote.take(100) == [] and remote.waiting


def test_what_is_cleared_is_neither_played_nor_played_later() -> None:
    remote = playout()
    write(remote, 30, 0)
    remote.marked("w0-100", 110)
    assert remote.clear(150) == 600 - 140
    assert remote.played_ms(10_000) == 140
    assert remote.marks_out == 0 and not remote.waiting
    assert write(remote, 5, 10_000) == ["w1-240"]
    remote.marked("w0-200", 10_010)
    assert remote.played_ms(10_010) == 150, "a mark of before the clear says nothing"


def test_marks_that_do_not_come_back_are_given_up_and_one_that_does_is_believed_again() -> None:
    remote = playout()
    write(remote, 20, 0)
    assert not remote.give_up(100 + MARK_PATIENCE_MS - 1)
    assert remote.give_up(100 + MARK_PATIENCE_MS)
    later = 100 + MARK_PATIENCE_MS + 300
    assert remote.played_ms(later) == 400
    assert not remote.give_up(later + 10_000), "once is enough"
    for number in range(3 * MOST_MARKS):
        write(remote, 5, later + number * 100)
    assert remote.marks_out <= MOST_MARKS + 1
    (name,) = write(remote, 5, later + 20_000)
    remote.marked(name, later + 20_050)
    write(remote, 10, later + 21_000)
    assert remote.played_ms(later + 30_000) == 400 + 97 * 100 + 100, "up to the next mark"


def test_a_mark_that_nobody_sent_is_ignored() -> None:
    remote = playout()
    write(remote, 10, 0)
    remote.marked("w9-999999", 10)
    assert remote.played_ms(10) == 10


Step = tuple[str, int]


@given(
    st.booleans(),
    st.integers(1, 5),
    st.lists(
        st.tuples(st.sampled_from(["write", "mark", "look", "clear"]), st.integers(0, 500)), max_size=60
    ),
)
def test_played_never_goes_back_and_the_sums_always_agree(marks: bool, group: int, steps: list[Step]) -> None:
    remote, now, written, dropped, before = playout(marks=marks, group=group), 0, 0, 0, 0
    names: list[str] = []
    for kind, gap in steps:
        now += gap
        match kind:
            case "write":
                written += FRAME_MS
                names += write(remote, 1, now)
            case "mark" if names:
                remote.marked(names.pop(0), now)
            case "clear":
                dropped += remote.clear(now)
        played = remote.played_ms(now)
        assert before <= played <= written - dropped
        assert played + remote.queued_ms(now) + dropped == written
        before = played


def test_relayed_frames_go_out_at_once_and_are_not_counted_as_said() -> None:
    remote = playout()
    marks = write(remote, 2, 0)
    for now in range(0, 2_000, FRAME_MS):
        assert remote.relay(FRAME, now)
        marks += send(remote, now)
        assert not remote.waiting
        while len(marks) > 1:  # a fifth of a second later
            remote.marked(marks.pop(0), now)
    remote.marked(marks[0], 2_100)
    assert remote.said_ms(2_200) == 40
    assert remote.clear(2_200) == 0


def test_a_flood_of_live_frames_is_cut_to_80_ms_by_time_and_not_by_marks_that_are_late() -> None:
    remote = playout()
    assert [remote.relay(FRAME, 0) for _ in range(6)] == [True] * 4 + [False] * 2
    send(remote, 0)
    assert remote.relay(FRAME, 20), "no mark has come back, but time has passed"
    assert not remote.relay(FRAME, 20)


def test_live_frames_for_a_provider_that_takes_nothing_are_bounded() -> None:
    remote = playout(ahead_ms=40)
    write(remote, 10, 0)  # fills what the provider may hold, and 160 ms wait
    taken = sum(remote.relay(FRAME, 0) for _ in range(10))
    assert taken == 0
    held = playout()
    assert sum(held.relay(FRAME, now) for now in range(0, 60_000, FRAME_MS)) == 4, "nobody takes them"


def test_what_was_relayed_and_said_is_told_apart_when_all_is_dropped() -> None:
    remote = playout(marks=False)
    write(remote, 3, 0)
    for _ in range(2):
        remote.relay(FRAME, 0)
    assert remote.clear(20) == 40
    assert remote.said_ms(1_000) == 20
