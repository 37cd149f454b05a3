"""What the transaction layer tells: values that nobody changes on the way."""

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from gateway.sip.transaction_events import Outgoing, TimedOut, TransactionEvent, Unreachable
from tests.gateway.sip.clock import UDP


def test_events_with_the_same_key_differ_in_what_happened() -> None:
    assert len({TimedOut("a"), TimedOut("a"), Unreachable("a"), TimedOut("b")}) == 3


def test_no_event_can_be_changed() -> None:
    outgoing = Outgoing(b"", UDP)
    with pytest.raises(FrozenInstanceError):
        outgoing.data = b"x"  # type: ignore[misc]
    assert all(kind.__dataclass_params__.frozen for kind in get_args(TransactionEvent))
