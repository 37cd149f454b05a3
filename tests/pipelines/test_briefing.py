import pytest

from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.disclosure import Role
from tests.pipelines.told import called, customer, finished, human, understood, verified, workflow

GLOSSARY = Glossary(intents={"refund": "get a refund"})
TOLD = (
    BriefingFold(GLOSSARY)
    .apply_all(
        [
            customer("c1", "refund order 10812, write to maya@example.com"),
            understood("c1", "start(refund)"),
            workflow("refund", "active", order_id="10812"),
            verified(),
            called("c1.1", "request_refund", order_id="10812"),
            finished(
                "c1.1", "request_refund", "refused", "over_limit", amount=749.0, limit={"refund_limit": 500.0}
            ),
            workflow("refund", "refused", order_id="10812"),
            human("h1", "I will write to maya@example.com."),
        ]
    )
    .briefing()
)


def test_the_sentences_follow_from_the_parts() -> None:
    assert TOLD.summary[0].startswith(
        "Maya Lindqvist (verified by order+zip) wants to get a refund: “refund order"
    )
    assert TOLD.summary[2] == TOLD.next_best_action == "Decide it: over limit, amount 749.00, order 10812."


@pytest.mark.parametrize("role", ["agent", "supervisor", "admin", "phone"])
def test_what_a_role_does_not_get_is_in_none_of_its_sentences(role: Role) -> None:
    told = TOLD.for_role(role)
    text = told.model_dump_json(exclude={"redactions"})
    assert ("maya@example.com" in text) == (role == "supervisor")
    assert ("Lindqvist" in text) == (role in ("agent", "supervisor"))
    assert ("10812" in text) == (role != "admin")
    assert (len(told.redactions) > len(TOLD.redactions)) == (role != "supervisor")


def test_filtering_twice_takes_no_more_and_gives_nothing_back() -> None:
    roles: tuple[Role, ...] = ("agent", "supervisor", "admin", "phone")
    for role in roles:
        assert "maya@example.com" not in TOLD.for_role("phone").for_role(role).model_dump_json()


def test_a_whisper_has_a_first_name_and_what_to_do() -> None:
    assert TOLD.spoken() == (
        "Maya, verified, wants to get a refund. Request refund refused: over limit (amount 749.00,"
        " order 10812; refund limit 500.00). Decide it: over limit, amount 749.00, order 10812."
    )


def test_a_briefing_survives_the_wire() -> None:
    assert Briefing.model_validate_json(TOLD.model_dump_json()) == TOLD
