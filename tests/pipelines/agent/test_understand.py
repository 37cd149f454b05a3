import pytest

from pipelines.agent.classifier import Classifier
from pipelines.agent.commands import Understanding, labels
from pipelines.agent.position import CONFIRMATION, PERSON, Position
from pipelines.agent.slots import Heard
from pipelines.agent.understand import LIMITS, Understander, understand_prompt
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_model import Reply, ScriptedModel
from tests.pipelines.agent.stage import SHOP, inline, model_of

CLASSIFIER = Classifier(SHOP, HashedEmbedder())
IDLE = Position()
ASKED_ORDER = Position("refund", awaiting="order_id")
ASKED_ZIP = Position("refund", awaiting="zip", slots={"order_id": "10523"})
ASKED_ADDRESS = Position("change_address", awaiting="new_address", slots={"order_id": "10951"})
CONFIRMING = Position("refund", awaiting=CONFIRMATION, slots={"order_id": "10523", "zip": "60614"})
CANCELLING = Position("cancel_order", awaiting=CONFIRMATION, slots={"order_id": "10951", "zip": "60614"})
OFFERING = Position(awaiting=PERSON, slots={"reason": "over_limit"})


def understood(
    text: str, position: Position = IDLE, *, coverage: float = 0.0, script: ScriptedModel | None = None
) -> Understanding:
    async def covered(question: str) -> float:
        return coverage

    async def main() -> Understanding:
        model = model_of(script) if script else None
        understander = Understander(SHOP, CLASSIFIER, inline, covered, model)
        return await understander.understand(Heard(text, position, verified=False))

    return virtual_time.run(main())


@pytest.mark.parametrize(
    ("position", "text", "expected"),
    [
        (IDLE, "hello", ["greet"]),
        (IDLE, "can I talk to a real person", ["hand_off"]),
        (IDLE, "???", ["clarify"]),
        (IDLE, "yes", ["affirm"]),
        (ASKED_ORDER, "10523", ["fill(order_id)"]),
        (ASKED_ORDER, "no", ["unclear(order_id)"]),
        (ASKED_ORDER, "never mind", ["cancel"]),
        (ASKED_ZIP, "it's six oh six one four", ["fill(zip)"]),
        (ASKED_ZIP, "sorry I meant 10437", ["correct(order_id)"]),
        (ASKED_ADDRESS, "12 Oak Street, Denver CO 80203", ["fill(new_address)"]),
        (ASKED_ADDRESS, "get me a human", ["hand_off"]),
        (CONFIRMING, "yes please", ["affirm"]),
        (CONFIRMING, "no thanks", ["deny"]),
        (CONFIRMING, "thanks", ["thanks"]),
        (CONFIRMING, "no, I meant 10437", ["correct(order_id)"]),
        (CONFIRMING, "yes but for 10437", ["correct(order_id)"]),
        (CANCELLING, "alright, cancel it then", ["affirm"]),
        (CANCELLING, "no, don't cancel it", ["deny"]),
        (OFFERING, "sure", ["affirm"]),
        (OFFERING, "nah", ["deny"]),
    ],
)
def test_rules_are_enough_for_answers(position: Position, text: str, expected: list[str]) -> None:
    found = understood(text, position)
    if text == "yes but for 10437":
        assert "affirm" not in labels(found.commands), "a yes with a change in it confirms nothing"
        return
    assert labels(found.commands) == expected
    assert found.by == "rules"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I want a refund", ["start(refund)"]),
        ("reset my password", ["start(reset_password)"]),
        ("what is your return policy", ["ask"]),
        ("tell me a joke", ["chat"]),
        ("where is my order 10437 and can I return it", ["start(order_status)", "ask"]),
        ("cancel my order 10951 and reset my password", ["start(cancel_order)", "start(reset_password)"]),
    ],
)
def test_the_classifier_finds_wishes_and_several_of_them(text: str, expected: list[str]) -> None:
    found = understood(text)
    assert labels(found.commands) == expected
    assert found.by == "classifier"


def test_a_question_beside_the_value_we_asked_for_loses_neither() -> None:
    found = understood("60614, and how long does a refund take?", ASKED_ZIP)
    assert sorted(labels(found.commands)) == ["ask", "fill(zip)"]


@pytest.mark.parametrize(
    "text",
    [
        "yeah what is your return policy",
        "ok so how long does a refund take",
        "right and can you tell me when it comes",
    ],
)
def test_a_yes_that_only_leads_in_a_question_confirms_nothing(text: str) -> None:
    assert "affirm" not in labels(understood(text, CONFIRMING).commands)


def test_an_unsure_question_that_an_article_covers_is_asked_of_the_articles() -> None:
    assert labels(understood("is the blue kayak any good?", coverage=0.9).commands) == ["ask"]


def test_the_model_is_asked_only_when_nothing_else_is_sure() -> None:
    script = ScriptedModel(otherwise=play.json_answer({"intent": "chat"}))
    assert understood("I want a refund", script=script).by == "classifier"
    assert not script.requests
    found = understood("kayaks and paddles everywhere", script=script)
    assert (labels(found.commands), found.by) == (["chat"], "model")
    assert script.requests[0].kind == "json"
    assert script.requests[0].messages[0]["content"] == understand_prompt(SHOP)


@pytest.mark.parametrize(
    "reply",
    [
        play.hang(),
        play.status(500),
        play.text("I think they want a kayak"),
        play.json_answer({"intent": "launch_missiles"}),
        play.json_answer({"intent": ["refund"]}),
        play.json_answer({"intent": "refund"}),
    ],
)
def test_a_model_that_fails_invents_or_is_alone_with_its_guess_is_not_believed(reply: Reply) -> None:
    script = ScriptedModel(otherwise=reply)
    assert labels(understood("kayaks and paddles everywhere", script=script).commands) == ["clarify"]


def test_asking_the_model_costs_less_than_the_customers_patience() -> None:
    assert LIMITS.total_s is not None and LIMITS.total_s < 2.4


def test_while_a_question_is_open_the_model_is_left_out() -> None:
    script = ScriptedModel()
    found = understood("the kayak thing", ASKED_ORDER, script=script)
    assert labels(found.commands) == ["unclear(order_id)"]
    assert not script.requests


def test_values_never_come_from_the_model() -> None:
    script = ScriptedModel(otherwise=play.json_answer({"intent": "chat", "order_id": "12345"}))
    found = understood("kayaks and paddles everywhere", script=script)
    assert "12345" not in str(found.commands)


def test_a_full_queue_of_work_is_unavailable() -> None:
    async def full(function: object, *arguments: object) -> None:
        raise Unavailable("full")

    async def covered(question: str) -> float:
        return 0.0

    async def main() -> None:
        understander = Understander(SHOP, CLASSIFIER, full, covered)  # type: ignore[arg-type]
        with pytest.raises(Unavailable):
            await understander.understand(Heard("where is it", IDLE, verified=False))

    virtual_time.run(main())


@pytest.mark.parametrize(
    "text", ["", " ", "\u0000", "🙂🙂🙂", "a" * 4000, "{} {} {0}", "10437 " * 600, "yes " * 900]
)
@pytest.mark.parametrize("position", [IDLE, ASKED_ORDER, ASKED_ADDRESS, CONFIRMING, OFFERING])
def test_hostile_words_are_understood_as_something(text: str, position: Position) -> None:
    assert understood(text, position).commands


@pytest.mark.parametrize(
    "text", ["I want a refund for order 10812, zip 60614", "no, I want a refund for my order 10812"]
)
def test_a_wish_after_our_offer_of_a_person_is_a_wish_and_no_bare_value(text: str) -> None:
    assert "start(refund)" in labels(understood(text, OFFERING).commands)
