import pytest

from pipelines.briefing_parts import (
    Deed,
    Known,
    Limit,
    Note,
    OpenQuestion,
    Packet,
    Promise,
    Redaction,
    Who,
    Why,
)
from pipelines.disclosure import Role, disclosed, without_numbers

WRITTEN = "write to maya@example.com or call +49 30 987654"
CLAIMS = {"caller": "+4930987654", "trunk": "carrier"}
WHO = Who(name="Maya Lindqvist", customer_id="C1", verified=True, email="maya@example.com", claims=CLAIMS)


def known(key: str, value: str | float) -> Known:
    return Known(key=key, value=value, source_turn="c1", confirmed=True, source="tool")


PACKET = Packet(
    who=WHO,
    why=Why(intent="get a refund", words=WRITTEN, source_turn="c1"),
    facts=(known("order_id", "10812"), known("ship_to", "12 Oak Street"), known("total", 749.0)),
    done=(
        Deed(
            tool="reset_password",
            receipt="P-1",
            result={"sent_to": "maya@example.com"},
            text="",
            source_turn="c1",
        ),
    ),
    policy_limits=(
        Limit(
            tool="change_address",
            code="already_shipped",
            text="",
            limit={},
            asked={"new_address": "1 Elm"},
            source_turn="c1",
        ),
    ),
    promised=(Promise(text="I will write to maya@example.com", source_turn="r1", by="bot"),),
    notes=(Note(purpose="private", agent="Ada", text="her phone is 030 987 654 321"),),
    open_question=OpenQuestion(text="When does it come?", source_turn="c1", by="customer"),
    redactions=(Redaction(field="facts.zip", how="withheld"),),
)


def told(role: Role) -> Packet:
    return PACKET.model_copy(update=disclosed(PACKET, role))


def test_an_agent_knows_who_it_is_but_not_how_to_reach_them_elsewhere() -> None:
    packet = told("agent")
    assert packet.who.name == "Maya Lindqvist" and packet.who.email == "m***@example.com"
    assert packet.who.claims == {"caller": "…654", "trunk": "carrier"}
    assert packet.why.words == "write to m***@example.com or call …"
    assert [fact.key for fact in packet.facts] == ["order_id", "ship_to", "total"]
    assert packet.done[0].result == {"sent_to": "m***@example.com"}
    assert packet.notes[0].text == "her phone is …"


def test_a_supervisor_sees_all_that_is_in_the_packet() -> None:
    assert told("supervisor") == PACKET


def test_an_admin_gets_no_personal_data() -> None:
    packet = told("admin")
    text = packet.model_dump_json(exclude={"redactions"})
    for secret in ("Maya", "example.com", "987654", "Oak", "Elm", "10812", "749", "write to", "carrier"):
        assert secret not in text
    assert packet.why.intent == "get a refund" and packet.who.customer_id == "C1"
    assert not packet.promised and not packet.notes and not packet.facts and packet.open_question is None


def test_over_the_telephone_a_first_name_and_the_matter_must_do() -> None:
    packet = told("phone")
    assert packet.who.name == "Maya" and packet.who.email is None and "caller" not in packet.who.claims
    assert packet.why.words == "" and packet.promised == ()
    assert {fact.key: fact.value for fact in packet.facts} == {"order_id": "10812", "total": 749.0}


@pytest.mark.parametrize("role", ["agent", "admin", "phone"])
def test_what_is_missing_is_named_and_what_was_missing_before_still_is(role: Role) -> None:
    fields = {each.field for each in told(role).redactions}
    assert {"facts.zip", "who.email", "who.claims.caller"} <= fields
    assert len(fields) == len(told(role).redactions)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my zip is 60614.", "my zip is …."),
        ("It's six zero six one four, thanks", "It's …, thanks"),
        ("order 10812, 60614", "order 10812, …"),
        ("606 14", "…"),
        ("60614 and again 6-0-6-1-4", "… and again …"),
        ("order 10437", "order 10437"),
        ("160614", "160614"),
        ("Straße 60614", "strasse …"),
        ("", ""),
    ],
)
def test_a_withheld_number_is_found_however_it_was_said(text: str, kept: str) -> None:
    assert without_numbers(text, frozenset({"60614"})) == kept
    assert without_numbers(text, frozenset()) == text
