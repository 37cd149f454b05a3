from pipelines.agent.glossary import glossary_of
from tests.pipelines.agent.stage import SHOP


def test_it_speaks_of_a_third_person() -> None:
    glossary = glossary_of(SHOP)
    assert glossary.intents["refund"] == "get a refund"
    assert glossary.intents["reset_password"] == "reset their password"


def test_it_knows_questions_deeds_and_proofs() -> None:
    glossary = glossary_of(SHOP, "de")
    assert glossary.questions["order_id"] == "What is the order number?"
    assert glossary.deeds["request_refund"] == "refund"
    assert (glossary.proofs, glossary.identity_tool) == (frozenset({"zip"}), "verify_identity")
    assert (glossary.note_tool, glossary.language) == ("create_ticket", "de")
    assert glossary_of(SHOP.model_copy(update={"note": None})).note_tool is None
