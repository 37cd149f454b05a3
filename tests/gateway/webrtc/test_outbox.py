"""What is kept and what goes first when a client reads too slowly."""

from gateway.webrtc.outbox import MOST_CHARACTERS, MOST_MESSAGES, Outbox


def taken(outbox: Outbox) -> list[str]:
    return list(iter(outbox.take, None))


def test_messages_leave_in_order() -> None:
    outbox = Outbox()
    for text in "abc":
        assert outbox.put(text, passing=False)
    assert taken(outbox) == ["a", "b", "c"]
    assert outbox.take() is None


def test_when_full_the_oldest_passing_message_goes() -> None:
    outbox = Outbox()
    for n in range(MOST_MESSAGES):
        assert outbox.put(f"{n}", passing=n in (5, 7))
    assert outbox.put("new", passing=False)
    left = taken(outbox)
    assert "5" not in left
    assert "7" in left
    assert left[-1] == "new"


def test_durable_messages_are_never_dropped_for_passing_ones() -> None:
    outbox = Outbox()
    for n in range(MOST_MESSAGES):
        outbox.put(f"{n}", passing=False)
    assert outbox.put("caption", passing=True), "losing it is no reason to end a call"
    assert taken(outbox) == [f"{n}" for n in range(MOST_MESSAGES)]


def test_a_backlog_of_durable_messages_only_is_hopeless() -> None:
    outbox = Outbox()
    for n in range(MOST_MESSAGES):
        outbox.put(f"{n}", passing=False)
    assert not outbox.put("one more", passing=False)


def test_size_counts_as_well_as_number() -> None:
    outbox = Outbox()
    assert outbox.put("x" * (MOST_CHARACTERS - 10), passing=True)
    assert outbox.put("y" * 100, passing=False)
    assert taken(outbox) == ["y" * 100]
    assert outbox.put("z" * MOST_CHARACTERS, passing=False), "what was taken makes room"
