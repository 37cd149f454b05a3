from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import Fact
from pipelines.wrap_up import WrapUpDraft, draft
from tests.pipelines.told import customer, finished, human, reply, understood, workflow

GLOSSARY = Glossary(intents={"refund": "get a refund"})
BEGUN = [customer("c1", "money back please"), understood("c1", "start(refund)"), workflow("refund", "active")]


def drafted(*facts: Fact) -> WrapUpDraft:
    return draft(BriefingFold(GLOSSARY).apply_all(facts).briefing())


def test_it_says_what_was_wanted_done_agreed_and_is_still_to_do() -> None:
    made = finished("q1.1", "request_refund", receipt="R-1", agent_id="a_1", amount=84.0)
    told = drafted(*BEGUN, made, human("h1", "Done. I will call you on Monday."))
    assert told.text == (
        "Wanted: get a refund (“money back please”)\n"
        "Done: Request refund: receipt R-1 (amount 84.00)\n"
        "Agreed: I will call you on Monday.\n"
        "To do: Keep: I will call you on Monday."
    )


def test_what_the_bot_said_is_not_what_was_agreed() -> None:
    assert drafted(*BEGUN, reply("c1", "It will arrive tomorrow.")).agreed == ()


def test_what_is_open_becomes_tasks() -> None:
    told = drafted(
        *BEGUN,
        finished("c1.1", "request_refund", "failed", "unconfirmed"),
        finished("c1.2", "look_up_order", "failed", "timeout"),
        finished("c1.3", "cancel_order", "refused", "over_limit", limit={"refund_limit": 500.0}),
        customer("c2", "Do you rent skis?"),
    )
    assert told.follow_ups == (
        "Check whether it was done: request refund",
        "Do by hand: look up order",
        "Decide: Cancel order refused: over limit (refund limit 500.00)",
        "Answer: “Do you rent skis?”",
    )


def test_without_a_receipt_nothing_was_done_and_an_empty_contact_says_so() -> None:
    assert drafted(*BEGUN, human("h1", "I have refunded it.")).done == ()
    assert drafted().text == "Wanted: unknown\nDone: nothing with a receipt"
