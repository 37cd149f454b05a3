from gateway.rtp.source import MOVED_SILENCE_MS, SSRC_SILENCE_MS, STRANGER_SILENCE_MS, SourceLock

SDP = ("192.0.2.1", 4000)
NAT = ("198.51.100.7", 61_000)
STRANGER = ("203.0.113.66", 5000)


def locked(address: tuple[str, int] = SDP, ssrc: int = 1) -> SourceLock:
    """A lock that has heard `address` at 0 ms."""
    lock = SourceLock()
    lock.expect(SDP)
    assert not (lock.admit(address, ssrc, 9, 0) and address != SDP)
    assert lock.admit(address, ssrc, 10, 0)
    return lock


def test_before_anything_comes_we_send_to_the_address_in_sdp() -> None:
    lock = SourceLock()
    assert lock.destination is None
    lock.expect(SDP)
    assert lock.destination == SDP


def test_the_address_in_sdp_is_believed_at_once() -> None:
    lock = SourceLock()
    lock.expect(SDP)
    assert lock.admit(SDP, 1, 500, 0)
    assert lock.destination == SDP


def test_another_address_must_send_two_in_a_row() -> None:
    lock = SourceLock()
    lock.expect(SDP)
    assert not lock.admit(NAT, 1, 65_535, 0)
    assert not lock.admit(NAT, 1, 7, 0)
    assert not lock.admit(STRANGER, 1, 8, 0)
    assert not lock.admit(NAT, 1, 65_535, 20)
    assert lock.admit(NAT, 1, 0, 40)
    assert lock.destination == NAT


def test_what_is_authentic_needs_no_second_packet() -> None:
    lock = SourceLock()
    lock.expect(SDP)
    assert lock.admit(NAT, 1, 1, 0, authentic=True)


def test_while_the_locked_source_sends_a_stranger_never_gets_in() -> None:
    lock = locked(NAT)
    for now in range(0, 60_000, 20):
        assert lock.admit(NAT, 1, now, now)
        for ssrc in (1, 2):
            assert not lock.admit(STRANGER, ssrc, now, now + 1, authentic=True)
    assert lock.destination == NAT


def test_the_address_in_sdp_takes_over_from_any_other_at_once() -> None:
    lock = locked(NAT)
    assert lock.admit(SDP, 2, 1, 1)
    assert not lock.admit(NAT, 1, 11, 2)
    assert lock.destination == SDP


def test_a_nat_that_maps_anew_is_followed_after_a_moment() -> None:
    lock = locked(NAT)
    moved = (NAT[0], 61_001)
    assert not any(lock.admit(moved, 1, n, MOVED_SILENCE_MS - 10 + n) for n in range(5))
    assert not lock.admit(moved, 1, 100, MOVED_SILENCE_MS)
    assert lock.admit(moved, 1, 101, MOVED_SILENCE_MS + 20)


def test_a_stranger_is_taken_only_after_a_long_silence() -> None:
    lock = locked(NAT)
    assert not any(lock.admit(STRANGER, 2, n, n * 20) for n in range(STRANGER_SILENCE_MS // 20))
    lock.admit(STRANGER, 2, 200, STRANGER_SILENCE_MS)
    assert lock.admit(STRANGER, 2, 201, STRANGER_SILENCE_MS + 20)


def test_the_same_sender_may_begin_a_new_stream_once_the_old_one_is_silent() -> None:
    lock = locked(SDP, ssrc=1)
    assert not lock.admit(SDP, 2, 1, SSRC_SILENCE_MS - 1)
    assert lock.admit(SDP, 2, 2, SSRC_SILENCE_MS)
    assert lock.ssrc == 2


def test_a_new_address_in_sdp_is_sent_to_at_once_and_the_same_one_changes_nothing() -> None:
    lock = locked(NAT)
    lock.expect(SDP)
    assert lock.destination == NAT
    lock.expect(("192.0.2.9", 4002))
    assert lock.destination == ("192.0.2.9", 4002)
    lock.expect(None)
    assert lock.destination is None
