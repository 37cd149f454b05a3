import pytest

from pipelines.agent.recall import Recalled, recall
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.conversation import Conversation
from tests.pipelines.told import called, customer, finished, human, reply, understood, verified, workflow

FACTS = [
    customer("c1", "the sleeve of my jacket is torn, order 10437"),
    understood("c1", "start(order_status)"),
    verified(),
    workflow("order_status", "active", order_id="10437"),
    called("c1.1", "look_up_order", order_id="10437"),
    finished("c1.1", "look_up_order", status="in_transit", carrier="Northline", total=129.9),
    reply("c1", "It should arrive by November 24."),
    human("h1", "I will send a new jacket tomorrow."),
]


def told(question: str) -> Recalled:
    briefing = BriefingFold(Glossary()).apply_all(FACTS).briefing()
    return recall(briefing, Conversation.fold("s", FACTS).turns, question)


@pytest.mark.parametrize(
    ("question", "line", "turn"),
    [
        ("which carrier?", "Carrier of 10437: Northline.", "c1"),
        ("what was the price", "Total of 10437: 129.90.", "c1"),
        ("what about the sleeve?", "The customer: “the sleeve of my jacket is torn, order 10437”", "c1"),
        ("what was promised?", "The bot said: “It should arrive by November 24.”", "r-c1"),
    ],
)  # fmt: skip
def test_it_quotes_what_the_contact_has(question: str, line: str, turn: str) -> None:
    found = told(question)
    assert line in found.lines and turn in found.turns


def test_is_the_customer_verified() -> None:
    assert "Maya Lindqvist is verified by order+zip." in told("is the customer verified?").lines


@pytest.mark.parametrize("question", ["", "?", "the", "do you rent skis in Norway", "\x00" * 99, "…" * 99])
def test_it_finds_nothing_where_there_is_nothing(question: str) -> None:
    assert told(question) == Recalled((), ())


def test_it_answers_in_a_few_lines() -> None:
    assert len(told("order 10437 jacket").lines) <= 3
