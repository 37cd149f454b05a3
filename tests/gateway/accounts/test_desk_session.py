import hashlib

import pytest

from gateway.accounts.desk_session import ABSOLUTE_S, IDLE_S, LONGEST_TOKEN, open_desk_session, token_hash


def test_only_the_hash_of_a_token_is_kept_and_no_token_comes_twice() -> None:
    session, token = open_desk_session("a_1", 1, 100.0)
    assert session.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in repr(session) and len(token) <= LONGEST_TOKEN
    assert len({open_desk_session("a_1", 1, 100.0)[1] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("seen_at", "now", "expired"),
    [
        (0.0, IDLE_S - 1, False),
        (0.0, IDLE_S, True),
        (IDLE_S, 2 * IDLE_S - 1, False),
        (ABSOLUTE_S - 1, ABSOLUTE_S - 0.5, False),
        (ABSOLUTE_S - 1, ABSOLUTE_S, True),
    ],
)
def test_it_is_over_when_idle_for_half_an_hour_or_half_a_day_old(
    seen_at: float, now: float, expired: bool
) -> None:
    session, _ = open_desk_session("a_1", 1, 0.0)
    seen = type(session)(session.token_hash, "a_1", 1, 0.0, seen_at)
    assert seen.expired(now) is expired


@pytest.mark.parametrize("token", ["", "ü", "\ud800", "x" * 100_000])
def test_whatever_somebody_sends_as_a_token_has_a_hash(token: str) -> None:
    assert len(token_hash(token)) == 64
