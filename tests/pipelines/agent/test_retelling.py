import pytest

from pipelines.agent.retelling import Retelling, notes_of
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.scripted_model import ScriptedModel
from tests.pipelines.agent.stage import model_of
from tests.pipelines.told import called, customer, finished, understood, verified, workflow

GLOSSARY = Glossary(intents={"refund": "get a refund"})
REFUSED = [
    customer("c1", "I want a refund for order 10812"),
    understood("c1", "start(refund)"),
    verified(),
    workflow("refund", "active", order_id="10812"),
    called("c1.1", "request_refund", order_id="10812"),
    finished("c1.1", "request_refund", "refused", "over_limit", amount=749.0, limit={"refund_limit": 500.0}),
]
TOLD = BriefingFold(GLOSSARY).apply_all(REFUSED).briefing()


def retold(answer: play.Reply, briefing: Briefing = TOLD) -> str | None:
    async def main() -> str | None:
        return await Retelling(model_of(ScriptedModel(otherwise=answer))).of(briefing)

    return virtual_time.run(main())


@pytest.mark.parametrize(
    "text",
    [
        "Maya Lindqvist wants a refund for order 10812.",
        "Maya Lindqvist wants a refund. It was refused: an amount of $749 is over the limit of $500.",
    ],
)
def test_what_says_no_more_than_the_notes_is_kept(text: str) -> None:
    assert retold(play.text(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Maya Lindqvist wants a refund of $794 for order 10812.",
        "Maya Johnson wants a refund for order 10812.",
        "The refund for order 10812 has been processed.",
        "The tent arrived damaged and she wants a refund.",
        "I have refunded the order.",
        "Maya Lindqvist wants a refund for order 10812, and the limit is $749.",
        "There is a refund for order 10812.",
        "Yes, the order is over the limit.",
        "Does she want a refund?",
        "",
        "word " * 200,
        '{"name": "request_refund", "arguments": {}}',
    ],
)
def test_what_adds_anything_is_dropped(text: str) -> None:
    assert retold(play.text(text)) is None


@pytest.mark.parametrize("trouble", [play.hang(), play.status(500), play.garbage(), play.disconnect()])
def test_a_model_that_is_down_is_not_missed(trouble: play.Reply) -> None:
    assert retold(trouble) is None


ASKED = [customer("c1", "Can I return skis that I rented?"), understood("c1", "ask")]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Yes, you can return the skis.", False),
        ("The skis that were rented can return.", False),
        ("The customer asked: can I return skis that I rented.", True),
    ],
)
def test_what_a_customer_said_stays_something_they_said(text: str, kept: bool) -> None:
    briefing = BriefingFold(GLOSSARY).apply_all(ASKED).briefing()
    assert (retold(play.text(text), briefing) is not None) == kept


def test_a_deed_may_be_told_with_its_receipt_only() -> None:
    done = [
        called("q1.1", "request_refund", "write", order_id="10812"),
        finished("q1.1", "request_refund", receipt="R-1", agent_id="a_1", amount=749.0, order_id="10812"),
    ]
    briefing = BriefingFold(GLOSSARY).apply_all([*REFUSED, *done]).briefing()
    text = "The request for a refund: receipt R-1."
    assert retold(play.text(text), briefing) == text and retold(play.text(text)) is None


def test_the_notes_hold_no_more_than_the_briefing_that_was_handed_in() -> None:
    assert "Lindqvist" in notes_of(TOLD) and "Lindqvist" not in notes_of(TOLD.for_role("admin"))
