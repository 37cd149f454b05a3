"""Tickets for one stream."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.stream.ticket import GOOD_FOR_S, check, issue

SECRET = b"secret"
TICKET = issue(SECRET, "twilio", "abc123", 1_000)


def test_a_ticket_is_good_for_its_provider_and_for_a_minute() -> None:
    assert check(SECRET, "twilio", TICKET, 1_000) == "abc123"
    assert check(SECRET, "twilio", TICKET, 1_000 + GOOD_FOR_S) == "abc123"
    assert check(SECRET, "twilio", TICKET, 1_001 + GOOD_FOR_S) is None
    assert check(SECRET, "telnyx", TICKET, 1_000) is None
    assert check(b"other", "twilio", TICKET, 1_000) is None


def test_a_ticket_may_stand_in_an_address_and_in_plivos_headers() -> None:
    assert TICKET.isascii() and TICKET.isalnum()


@given(st.integers(0, len(TICKET) - 1), st.characters())
def test_one_changed_character_is_refused(at: int, other: str) -> None:
    mutant = TICKET[:at] + other + TICKET[at + 1 :]
    assert mutant == TICKET or check(SECRET, "twilio", mutant, 1_000) is None


@given(st.text())
def test_whatever_is_shown_is_refused_and_nothing_is_raised(ticket: str) -> None:
    assert check(SECRET, "twilio", ticket, 1_000) is None
