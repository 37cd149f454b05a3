import pytest

from gateway.desk.messages import Contact, ContactChanged
from gateway.desk.seat import Seat, Tab
from tests import virtual_time
from tests.gateway.desk.desk_world import account, consult, contact, everything


class Listens:
    """A session that is watched."""

    seq = 0
    behind = False
    closed = False

    def history(self, after: int) -> object:
        raise AssertionError("nobody reads here")

    def __aiter__(self) -> object:
        raise AssertionError("nobody reads here")

    def close(self) -> None:
        self.closed = True


def seat_of(name: str = "nadia", **fields: object) -> tuple[Seat, Tab]:
    seat = Seat(account(name, **fields))  # type: ignore[arg-type]
    tab = Tab(seat)
    seat.tabs.append(tab)
    return seat, tab


def changes(messages: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(m["state"], m["mine"]) for m in messages if m["type"] == "contact"]


def test_there_are_no_calls_for_somebody_without_audio_or_who_wants_none() -> None:
    seat, _ = seat_of()
    seat.state = "available"
    assert seat.presence().capacity == {"voice": 0, "chat": 3}
    seat.audio = True
    assert seat.presence().capacity == {"voice": 1, "chat": 3}
    seat.voice = False
    assert seat.presence().capacity == {"voice": 0, "chat": 3}


def test_customers_see_the_display_name() -> None:
    seat, _ = seat_of()
    assert (seat.presence().name, seat.presence().agent_id) == ("Nadia", "a_nadia")


def test_a_contact_is_theirs_until_it_is_closed() -> None:
    async def test() -> None:
        seat, tab = seat_of()
        seat.take(contact(state="briefing"))
        assert seat.has("s_1")
        seat.take(contact(state="wrap_up"))
        assert seat.has("s_1")
        seat.take(contact(state="closed"))
        assert not seat.has("s_1")
        assert changes(await everything(tab)) == [("briefing", True), ("wrap_up", True), ("closed", True)]

    virtual_time.run(test())


def test_a_contact_that_goes_to_somebody_else_can_no_longer_be_watched() -> None:
    async def test() -> None:
        seat, tab = seat_of()
        seat.take(contact())
        listens = Listens()
        tab.watched["s_1"] = listens  # type: ignore[assignment]
        seat.take(contact("a_tom"))
        assert listens.closed and not tab.watched
        assert changes(await everything(tab)) == [("human_active", True), ("human_active", False)]
        seat.take(contact("a_tom", "wrap_up"))
        assert not await everything(tab)

    virtual_time.run(test())


@pytest.mark.parametrize("end", [{"state": "closed"}, {"state": "ai_active", "outcome": "handed_back"}])
def test_the_end_of_an_earlier_handoff_takes_nothing_from_the_desk(end: dict[str, str]) -> None:
    async def test() -> None:
        seat, tab = seat_of()
        seat.take(contact(state="wrap_up"))
        seat.take(contact(handoff_id="h_2"))
        listens = Listens()
        tab.watched["s_1"] = listens  # type: ignore[assignment]
        await everything(tab)
        seat.take(contact(**end))
        assert not listens.closed and seat.has("s_1")
        assert list(seat.contacts) == ["h_2"]
        assert not await everything(tab), "the page would take the customer off the desk"

    virtual_time.run(test())


def test_a_customer_who_was_handed_back_is_theirs_no_more() -> None:
    async def test() -> None:
        seat, tab = seat_of()
        seat.take(contact())
        seat.take(contact(state="ai_active", outcome="handed_back"))
        assert not seat.contacts
        assert changes(await everything(tab)) == [("human_active", True), ("ai_active", False)]
        seat.take(contact(state="ai_active", outcome="handed_back"))
        assert not await everything(tab)

    virtual_time.run(test())

    virtual_time.run(test())


def test_a_supervisor_goes_on_watching_and_is_told_of_the_sessions_they_watch() -> None:
    async def test() -> None:
        seat, tab = seat_of("vera", role="supervisor")
        seat.take(contact())
        assert not await everything(tab)
        listens = Listens()
        tab.watched["s_1"] = listens  # type: ignore[assignment]
        seat.take(contact(state="closed"))
        assert not listens.closed
        assert changes(await everything(tab)) == [("closed", False)]

    virtual_time.run(test())


def test_who_may_not_see_personal_data_sees_no_name() -> None:
    seat, _ = seat_of("ada", role="admin")
    assert seat.view(contact()).customer is None
    seat, _ = seat_of()
    assert seat.view(contact()) == ContactChanged(**contact().model_dump(), mine=True)


def test_what_was_asked_for_counts_less_than_what_has_changed_meanwhile() -> None:
    async def test() -> None:
        seat, tab = seat_of()
        kept, gone = contact(), contact(handoff_id="h_2", session="s_2")
        lost = contact(handoff_id="h_3", session="s_3")
        for each in (kept, gone, lost):
            seat.take(each)
        await everything(tab)
        before = dict(seat.contacts)
        new = contact(handoff_id="h_4", session="s_4")
        listed: list[Contact] = [contact(state="briefing"), gone, new]
        seat.take(contact(state="wrap_up"))  # while we asked
        seat.take(contact(handoff_id="h_2", session="s_2", state="closed"))
        seat.take(contact(handoff_id="h_5", session="s_5"))
        seat.settle(listed, before)
        assert {key: each.state for key, each in seat.contacts.items()} == {
            "h_1": "wrap_up",
            "h_4": "human_active",
            "h_5": "human_active",
        }
        told = [(m["handoff_id"], m["state"]) for m in await everything(tab)]
        assert told[3:] == [("h_4", "human_active"), ("h_3", "closed")]

    virtual_time.run(test())


@pytest.mark.parametrize("state", ["offered", "dialling"])
def test_a_contact_that_only_rings_is_nobodys_yet(state: str) -> None:
    async def test() -> None:
        seat, tab = seat_of()
        seat.take(contact(state=state))
        assert not seat.has("s_1") and not await everything(tab)
        assert not seat.view(contact(state=state)).mine
        seat.take(contact(state="briefing"))
        assert seat.has("s_1")

    virtual_time.run(test())


def test_who_is_asked_may_read_the_session_from_their_yes_until_it_is_over() -> None:
    async def test() -> None:
        seat, tab = seat_of("tom")
        seat.take_consult(consult("asked"), {"summary": ["a"]})
        assert seat.consults_on("s_1") and not seat.may_read("s_1"), "the briefing is enough to say yes or no"
        seat.take_consult(consult("talking"), {"summary": ["a"]})
        assert seat.may_read("s_1") and not seat.may_read("s_2") and not seat.has("s_1")
        listens = Listens()
        tab.watched["s_1"] = listens  # type: ignore[assignment]
        seat.take(contact(hold=True))
        assert not listens.closed, "the customer was put on hold"
        seat.take_consult(consult("over", why="back"), None)
        assert listens.closed and not tab.watched
        assert not seat.consults and not seat.may_read("s_1")
        shown = [m for m in await everything(tab) if m["type"] == "consult"]
        assert [(m["state"], m["mine"], "briefing" in m) for m in shown] == [
            ("asked", False, True),
            ("talking", False, True),
            ("over", False, False),
        ]

    virtual_time.run(test())


def test_who_is_handed_the_customer_reads_on() -> None:
    seat, tab = seat_of("tom")
    seat.take_consult(consult("talking"), {})
    listens = Listens()
    tab.watched["s_1"] = listens  # type: ignore[assignment]
    seat.take(contact("a_tom", "bridging"))
    seat.take_consult(consult("over", why="handed_over"), None)
    assert not listens.closed


def test_who_asks_is_told_without_the_briefing_and_keeps_what_is_theirs() -> None:
    async def test() -> None:
        seat, tab = seat_of()
        seat.take(contact())
        seat.take_consult(consult("talking"), {"summary": ["a"]})
        seat.take_consult(consult("over", why="lost"), None)
        seat.take_consult(consult("over", why="lost"), None)
        shown = [m for m in await everything(tab) if m["type"] == "consult"]
        assert [(m["state"], m["mine"]) for m in shown] == [("talking", True), ("over", True)]
        assert "briefing" not in shown[0] and seat.may_read("s_1")

    virtual_time.run(test())
