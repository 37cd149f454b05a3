"""When a connection counts as lost, and when as gone."""

from gateway.webrtc.liveness import Liveness, Patience

PATIENCE = Patience(connect_ms=30_000, quiet_ms=6_000, grace_ms=15_000)


def alive() -> Liveness:
    liveness = Liveness(PATIENCE, now_ms=0)
    liveness.connected(1_000)
    liveness.counted(10, 1_000)
    return liveness


def test_a_peer_that_never_connects_is_gone_after_the_connecting_time() -> None:
    liveness = Liveness(PATIENCE, now_ms=0)
    assert liveness.state(29_999) == "connecting"
    assert liveness.state(30_000) == "gone"


def test_packets_keep_a_connection_alive() -> None:
    liveness = alive()
    for second in range(2, 100):
        liveness.counted(10 * second, second * 1_000)
        assert liveness.state(second * 1_000) == "alive"


def test_quiet_means_lost_and_lost_for_long_means_gone() -> None:
    liveness = alive()
    for now in range(2_000, 7_000, 1_000):
        liveness.counted(10, now)
        assert liveness.state(now) == "alive"
    liveness.counted(10, 7_000)
    assert liveness.state(7_000) == "lost"
    assert liveness.state(21_999) == "lost"
    assert liveness.state(22_000) == "gone"


def test_a_path_that_comes_back_by_itself_is_alive_again() -> None:
    liveness = alive()
    liveness.counted(10, 7_000)
    liveness.counted(11, 8_000)
    assert liveness.state(8_000) == "alive"


def test_a_failed_peer_is_lost_at_once_and_a_new_one_brings_it_back() -> None:
    liveness = alive()
    liveness.failed(2_000)
    assert liveness.state(2_000) == "lost"
    liveness.failed(10_000)
    assert liveness.state(17_000) == "gone", "failing again gives no more time"
    liveness.connected(16_000)
    assert liveness.state(16_000) == "alive"


def test_a_new_peer_that_has_not_heard_anything_yet_does_not_look_alive() -> None:
    liveness = alive()
    liveness.failed(2_000)
    liveness.counted(0, 3_000)
    assert liveness.state(3_000) == "lost"
