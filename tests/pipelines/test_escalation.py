import pytest

from pipelines.escalation import Escalation, EscalationSettings
from pipelines.facts import Fact, HandoffRequested
from tests.pipelines.told import customer, finished, human, note, understood, workflow

ANGRY = customer("c1", "This is ridiculous, you are useless!!")
CROSS = customer("c1", "I am very disappointed")


def wishes(*facts: Fact, escalation: Escalation | None = None) -> list[str]:
    """The reasons for which persons are wished for; each wish is put in the log, as its runner does."""
    triggers = escalation or Escalation()
    reasons = []
    for fact in facts:
        wish = triggers.apply(fact)
        if wish is not None:
            reasons.append(wish.reason)
            triggers.apply(wish)
    return reasons


def missed(turn: str, command: str = "clarify") -> list[Fact]:
    return [customer(turn, f"something odd {turn}"), understood(turn, command)]


def test_nothing_is_wished_for_while_all_goes_well() -> None:
    good = [customer("c1", "where is my order"), understood("c1", "start(order_status)", confidence=0.9)]
    assert wishes(*good, customer("c2", "10437"), understood("c2", "fill(order_id)")) == []


def test_two_failed_tries_in_a_row_are_enough() -> None:
    assert wishes(*missed("c1")) == []
    assert wishes(*missed("c1"), *missed("c2", "unclear(order_id)")) == ["repeated_failure"]


def test_an_answer_in_between_counts_anew() -> None:
    answered = [customer("c2", "10437"), understood("c2", "fill(order_id)")]
    assert wishes(*missed("c1"), *answered, *missed("c3")) == []


def test_a_tool_that_fails_is_a_failed_try_once_a_turn() -> None:
    down = [finished("c1.1", "look_up_order", "failed"), finished("c1.2", "look_up_order", "failed")]
    assert wishes(*down) == []
    assert wishes(*down, finished("c2.1", "look_up_order", "failed")) == ["repeated_failure"]
    by_hand = [finished(f"q{n}.1", "look_up_order", "failed", agent_id="a_1") for n in range(3)]
    assert wishes(*by_hand) == [], "what fails for a colleague is no try of the bot's"


def test_guessing_twice_in_a_row_is_low_confidence() -> None:
    guesses = [understood(turn, "chat", confidence=0.2) for turn in ("c1", "c2")]
    assert wishes(*guesses) == ["low_confidence"]
    assert wishes(guesses[0], understood("c2", "chat", confidence=0.9), guesses[1]) == []


def test_anger_counts_at_once_and_crossness_the_second_time() -> None:
    assert wishes(ANGRY) == ["negative_sentiment"]
    assert wishes(CROSS) == []
    assert wishes(CROSS, customer("c2", "I am still waiting")) == ["negative_sentiment"]


@pytest.mark.parametrize(
    "text",
    [
        "I will talk to my lawyer",
        "we'll sue you",
        "This goes to the ombudsman",
        "I want my data under the GDPR",
        "I am taking you to court. I'll take this to court",
    ],
)
def test_words_of_law_count_at_once(text: str) -> None:
    assert wishes(customer("c1", text)) == ["legal"]


@pytest.mark.parametrize(
    "text", ["I like Sue and her tents", "the courtyard door", "my courteous neighbour", ""]
)
def test_words_that_only_look_like_law_do_not(text: str) -> None:
    assert wishes(customer("c1", text)) == []


def test_a_wish_is_stated_once_and_nothing_while_a_person_is_on_the_way() -> None:
    assert wishes(ANGRY, ANGRY, *missed("c2"), *missed("c3"), customer("c4", "my lawyer")) == [
        "negative_sentiment"
    ]
    assert wishes(HandoffRequested(reason="customer_asked"), ANGRY, customer("c2", "my lawyer")) == []


def test_a_wish_that_nobody_took_up_is_stated_again_for_new_reasons_only() -> None:
    escalation = Escalation()
    first = [escalation.apply(fact) for fact in (*missed("c1"), *missed("c2"), *missed("c3"))]
    assert [wish.reason for wish in first if wish] == ["repeated_failure"]
    again = [escalation.apply(fact) for fact in missed("c4")]
    assert [wish.reason for wish in again if wish] == ["repeated_failure"], "two more have failed"
    furious = [escalation.apply(ANGRY), escalation.apply(ANGRY)]
    assert [wish.reason for wish in furious if wish] == ["negative_sentiment"]


def test_after_a_hand_back_everything_counts_anew_but_not_what_was_said_before() -> None:
    escalation = Escalation()
    assert wishes(*missed("c1"), *missed("c2"), escalation=escalation) == ["repeated_failure"]
    assert wishes(human("h1", "hi"), note("done", "hand_back"), escalation=escalation) == []
    assert wishes(*missed("c3"), escalation=escalation) == []
    assert wishes(*missed("c4"), escalation=escalation) == ["repeated_failure"]


def test_the_same_anger_does_not_ask_for_a_person_twice() -> None:
    escalation = Escalation()
    assert wishes(ANGRY, escalation=escalation) == ["negative_sentiment"]
    escalation.resume()
    assert wishes(customer("c2", "this is still terrible, useless"), escalation=escalation) == []
    calm = [customer(f"c{n}", f"the number is {n}") for n in range(3, 9)]
    assert wishes(*calm, ANGRY, escalation=escalation) == ["negative_sentiment"], "it had passed"


def test_law_is_named_once_a_session() -> None:
    escalation = Escalation()
    assert wishes(customer("c1", "my lawyer"), escalation=escalation) == ["legal"]
    escalation.resume()
    assert wishes(customer("c2", "my lawyer again"), escalation=escalation) == []


def test_who_said_no_to_a_person_is_asked_again_only_when_it_got_worse() -> None:
    escalation = Escalation()
    assert wishes(*missed("c1"), *missed("c2"), escalation=escalation) == ["repeated_failure"]
    escalation.resume()
    assert wishes(workflow("offer_person", "cancelled"), escalation=escalation) == []
    assert wishes(*missed("c3"), *missed("c4"), escalation=escalation) == []
    assert wishes(*missed("c5"), escalation=escalation) == ["repeated_failure"]


def test_each_trigger_can_be_switched_off() -> None:
    off = EscalationSettings(failed_tries=None, low_confidence=None, sentiment=False, legal=False)
    odd = [understood(f"c{n}", "clarify", confidence=0.0) for n in range(9)]
    assert wishes(ANGRY, customer("c1", "my lawyer"), *odd, escalation=Escalation(off)) == []


def test_a_reason_may_have_a_skill_of_its_own() -> None:
    wish = Escalation(EscalationSettings(skills=(("legal", "complaints"),))).apply(
        customer("c1", "my lawyer")
    )
    assert wish == HandoffRequested(reason="legal", skill="complaints")
