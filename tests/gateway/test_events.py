from gateway.events import FACT, Event, LegJoined, SessionEnded
from pipelines.facts import CustomerTurn, Words


def test_an_event_is_a_fact_with_its_place_and_time() -> None:
    fact = CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="hello"))
    message = Event(18, 1795370000.12349, fact).message()
    assert message == {
        "seq": 18,
        "at": 1795370000.123,
        "type": "turn.customer",
        "turn_id": "c1",
        "channel": "chat",
        "pii": {"text": "hello"},
    }


def test_the_gateways_own_facts_come_back_from_their_json() -> None:
    for fact in (
        LegJoined(leg_id="w1", role="customer", kind="webrtc"),
        SessionEnded(outcome="resolved", reason="customer hung up", by="customer"),
    ):
        assert FACT.validate_json(fact.model_dump_json()) == fact
