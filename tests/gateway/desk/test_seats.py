from gateway.desk.messages import Offered
from gateway.desk.seat import Seat, Tab
from gateway.desk.seats import Seats, packet
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import CustomerTurn, IdentityVerified, Values, Words
from tests import virtual_time
from tests.gateway.desk.desk_world import account, consult, contact, everything


def here(seats: Seats, name: str, **fields: object) -> Tab:
    seat = Seat(account(name, **fields))  # type: ignore[arg-type]
    seats.add(seat)
    tab = Tab(seat)
    seat.tabs.append(tab)
    return tab


def offer(session: str) -> Offered:
    return Offered(
        lease="l_1",
        handoff_id="h_1",
        session=session,
        channel="chat",
        queue="general",
        reason="",
        since=1.0,
        until=2.0,
        briefing={},
    )


def test_who_comes_and_goes() -> None:
    seats = Seats()
    tab = here(seats, "nadia")
    assert seats.get("a_nadia") is tab.seat and list(seats) == [tab.seat]
    newer = Seat(account())
    seats.add(newer)
    seats.remove(tab.seat)  # of a former visit
    assert seats.get("a_nadia") is newer
    seats.remove(newer)
    assert seats.get("a_nadia") is None


def test_a_briefing_goes_to_those_who_have_watch_or_are_offered_the_session() -> None:
    async def test() -> None:
        seats = Seats()
        owner, other, ringing = here(seats, "nadia"), here(seats, "tom"), here(seats, "mia")
        owner.seat.take(contact())
        ringing.seat.offers["l_1"] = offer("s_1")
        await everything(owner)
        briefing = BriefingFold(Glossary()).briefing()
        seats.briefing_changed("s_1", briefing)
        seats.briefing_changed("s_1", briefing)
        for tab, count in ((owner, 1), (other, 0), (ringing, 1)):
            assert [m["type"] for m in await everything(tab)] == ["briefing"] * count

    virtual_time.run(test())


def test_a_briefing_shows_each_role_what_it_may_see() -> None:
    fold = BriefingFold(Glossary())
    fold.apply(CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="I am Maria Ott")))
    fold.apply(
        IdentityVerified(
            customer_id="C-1",
            method="email",
            pii=Values(values={"name": "Maria Ott", "email": "m@ott.example"}),
        )
    )
    briefing = fold.briefing()
    assert "Maria" in str(packet(briefing, "agent"))
    assert "Maria" not in str(packet(briefing, "admin"))


def test_typing_is_shown_to_those_who_have_the_session() -> None:
    async def test() -> None:
        seats = Seats()
        owner, other = here(seats, "nadia"), here(seats, "tom")
        owner.seat.take(contact())
        await everything(owner)
        seats.customer_typing("s_1", True)
        seats.customer_typing("s_1", False)
        assert await everything(owner) == [{"type": "typing", "session": "s_1", "on": False}]
        assert not await everything(other)

    virtual_time.run(test())


def test_a_consult_is_shown_to_the_two_and_what_is_known_to_who_is_asked() -> None:
    async def test() -> None:
        seats = Seats()
        asks, asked, other = here(seats, "nadia"), here(seats, "tom"), here(seats, "mia")
        briefing = BriefingFold(Glossary()).briefing()
        seats.consult_changed(consult("asked"), briefing)
        (to_asked,), (to_asker,) = await everything(asked), await everything(asks)
        assert to_asked["briefing"] == packet(briefing, "agent") and not to_asked["mine"]
        assert to_asker["mine"] and "briefing" not in to_asker
        assert to_asked["customer"] == "Ms. Ott"
        seats.briefing_changed("s_1", briefing)
        assert [m["type"] for m in await everything(asked)] == ["briefing"]
        assert not await everything(other)

    virtual_time.run(test())
