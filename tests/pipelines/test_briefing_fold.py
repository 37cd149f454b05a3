import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evals.briefing_session import invented
from pipelines.briefing import Briefing
from pipelines.briefing_fold import MOST, BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import Fact, HandoffRequested
from tests.pipelines.told import (
    called,
    customer,
    finished,
    human,
    note,
    reply,
    understood,
    verified,
    workflow,
)

GLOSSARY = Glossary(intents={"refund": "get a refund"}, questions={"order_id": "What is the order number?"})


def briefing(*facts: Fact) -> Briefing:
    return BriefingFold(GLOSSARY).apply_all(facts).briefing()


def test_a_session_of_which_nothing_is_known_has_a_briefing() -> None:
    empty = briefing()
    assert empty.summary[0] == "The customer (not verified) has called."
    assert empty.next_best_action == "Ask what they need." and empty.language == "en"


def test_who_they_are_and_how_we_know() -> None:
    who = briefing(customer("c1", "10523 and 60614"), verified()).who
    assert (who.name, who.customer_id, who.verified, who.method) == (
        "Maya Lindqvist",
        "C0001",
        True,
        "order+zip",
    )


def test_what_the_wire_claims_is_kept_as_a_claim() -> None:
    fold = BriefingFold(GLOSSARY)
    fold.claim({"caller": "+4930987654", "X-Session": 7})
    fold.claim({"caller": "+4930111111"})
    who = fold.briefing().who
    assert who.claims == {"caller": "+4930111111", "X-Session": "7"} and not who.verified


def test_a_chat_that_becomes_a_call_keeps_everything() -> None:
    chat = [
        customer("c1", "I want a refund for order 10523"),
        understood("c1", "start(refund)"),
        workflow("refund", "active", "zip", order_id="10523"),
        reply("c1", "What is the ZIP code? I will check that."),
    ]
    before, after = briefing(*chat), briefing(*chat, customer("c2", "hello, it's me again", "voice"))
    assert after.who.channels == ("chat", "voice") and after.who.channel == "voice"
    assert (after.why, after.facts, after.promised) == (before.why, before.facts, before.promised)
    assert after.why.source_turn == "c1"


def test_why_a_person_was_asked_for() -> None:
    assert briefing(HandoffRequested(reason="over_limit")).why.reason == "over_limit"


def test_a_question_of_ours_is_open_until_something_is_said() -> None:
    asked = [customer("c1", "my refund"), reply("c1", "Thank you. What is the order number?")]
    question = briefing(*asked).open_question
    assert question and (question.text, question.source_turn, question.by) == (
        "What is the order number?",
        "r-c1",
        "bot",
    )
    assert briefing(*asked, customer("c2", "10523")).open_question is None


def test_the_offer_of_a_person_is_no_open_question() -> None:
    offered = [
        customer("c1", "x"),
        workflow("offer_person", "active", "person"),
        reply("c1", "A colleague?", "fixed"),
    ]
    assert briefing(*offered).open_question is None


def test_a_customers_question_is_open_until_it_is_answered() -> None:
    asked = [customer("c1", "Do you rent skis?"), understood("c1", "ask")]
    unknown = [*asked, reply("c1", "I'm sorry, I don't know that.", "fixed")]
    question = briefing(*unknown).open_question
    assert question is not None and question.text == "Do you rent skis?"
    assert briefing(*asked, reply("c1", "Yes, we do.", "knowledge")).open_question is None
    assert briefing(*unknown, human("h1", "We do, from December on.")).open_question is None
    person = [customer("c1", "can I talk to a person?"), reply("c1", "One moment.", "fixed")]
    assert briefing(*person).open_question is None


def test_promises_of_the_bot_and_of_people_are_kept_with_their_turn() -> None:
    told = briefing(
        reply("c1", "It should arrive by Friday."),
        reply("c2", "Refunds will be made within 5 days.", "knowledge"),
        reply("c3", "I will do anything.", "model"),
        human("h1", "I'll call you tomorrow."),
    )
    assert [(each.text, each.source_turn, each.by) for each in told.promised] == [
        ("It should arrive by Friday.", "r-c1", "bot"),
        ("I'll call you tomorrow.", "h1", "human"),
    ]


def test_promises_and_notes_are_bounded_and_the_newest_stay() -> None:
    many = [
        fact for n in range(50) for fact in (human(f"h{n}", f"I will call you at {n}."), note(f"note {n}"))
    ]
    told = briefing(*many)
    assert len(told.promised) == len(told.notes) == MOST
    assert told.promised[-1].text == "I will call you at 49." and told.notes[-1].text == "note 49"


def test_what_proves_an_identity_is_in_no_part_of_it() -> None:
    told = briefing(
        customer("c1", "refund order 10523, my zip is six oh six one four"),
        understood("c1", "start(refund)"),
        workflow("refund", "active", "confirmation", order_id="10523", zip="60614"),
        called("c1.1", "verify_identity", "attempt", order_id="10523", zip_code="60614"),
        finished("c1.1", "verify_identity", verified=True, zip="60614", name="Maya Lindqvist"),
        verified(),
        human("h1", "I will send it to 60614."),
        note("zip 60614"),
        finished("c1.2", "look_up_order", ship_to="12 Oak Street, Chicago, IL 60614"),
    )
    text = told.model_dump_json()
    assert "60614" not in text and "six oh six" not in text and "10523" in text
    assert [each.field for each in told.redactions] == ["facts.zip"]


def test_folding_the_log_again_gives_the_same_briefing() -> None:
    facts = [
        customer("c1", "refund 10523"),
        understood("c1", "start(refund)"),
        workflow("refund", "active", "zip", order_id="10523"),
        reply("c1", "What is the ZIP code?"),
    ]
    live = BriefingFold(GLOSSARY)
    for fact in facts:
        live.apply(fact)
        live.briefing()
    assert live.briefing() == briefing(*facts)


WORDS = st.sampled_from(
    [
        "refund",
        "10523",
        "60614",
        "order",
        "I",
        "want",
        "{name}",
        "<b>",
        "zip",
        "…",
        "\x00",
        "will",
        "by Friday.",
        "?",
    ]
)
TEXT = st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=8).map(" ".join))
VALUE = st.one_of(
    TEXT, st.integers(-9, 99_999), st.floats(0, 999), st.booleans(), st.none(), st.lists(TEXT, max_size=2)
)
VALUES = st.dictionaries(
    st.sampled_from(["order_id", "zip", "title", "amount", "limit", "email", "then"]), VALUE
)
STATE = st.sampled_from(["active", "failed", "done"])
TURN = st.sampled_from(["c1", "c2", "c3"])
TOOL = st.sampled_from(["verify_identity", "request_refund", "look_up_order"])


def facts() -> st.SearchStrategy[Fact]:
    commands = st.sampled_from(["start(refund)", "ask", "clarify", "hand_off", "fill(order_id)", "odd("])
    outcome = st.sampled_from(["done", "refused", "failed"])
    return st.one_of(
        st.builds(customer, TURN, TEXT),
        st.builds(understood, TURN, commands, commands),
        st.builds(reply, TURN, TEXT, st.sampled_from(["workflow", "fixed"])),
        st.builds(human, TURN, TEXT),
        st.builds(note, TEXT),
        st.builds(lambda values, state: workflow("refund", state, "zip", **values), VALUES, STATE),
        st.builds(lambda tool, values: called("c1.1", tool, **values), TOOL, VALUES),
        st.builds(
            lambda tool, end, receipt, values: finished("c1.1", tool, end, "over_limit", receipt, **values),
            TOOL, outcome, st.sampled_from([None, "R-1"]), VALUES,
        ),
        st.builds(verified, st.just("Maya"), st.just("m@example.com"), st.just("60614")),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(facts(), max_size=14))
def test_whatever_happens_nothing_is_invented(log: list[Fact]) -> None:
    told = briefing(*log)
    assert invented(told, log) == []
    for role in ("agent", "supervisor", "admin", "phone"):
        shown: Any = told.for_role(role)
        assert len(shown.summary) == 3
    assert len(told.spoken()) <= 225


def test_an_endless_contact_costs_a_fact_no_more_than_a_short_one() -> None:
    fold = BriefingFold(GLOSSARY)
    for n in range(400):
        fold.apply_all(
            [customer(f"c{n}", f"word {n} of many that somebody says"), reply(f"c{n}", "I will see.")]
        )
    begun = time.perf_counter()
    fold.apply(customer("c-last", "where is my order"))
    fold.briefing()
    assert time.perf_counter() - begun < 1.0  # ordinarily about a millisecond
