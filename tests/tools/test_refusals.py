import re

from tools import refusals


def test_codes_are_stable_words_and_differ() -> None:
    codes = [refusal.code for refusal in refusals.ALL]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def test_every_sentence_can_be_said_aloud() -> None:
    for refusal in (
        *refusals.ALL,
        refusals.too_late(30),
        refusals.over_limit(50_000),
        refusals.over_own_limit(100_000),
        refusals.invented("zip"),
    ):
        assert refusal.sentence.endswith((".", "?"))
        assert "_" not in refusal.sentence


def test_limits_are_told_as_they_are() -> None:
    assert "within 14 days" in refusals.too_late(14).sentence
    assert "$500 " in refusals.over_limit(50_000).sentence
    assert "$1,234.50 " in refusals.over_limit(123_450).sentence
    assert (
        refusals.over_limit(50_000).limit == refusals.over_own_limit(50_000).limit == {"refund_limit": 500.0}
    )
    assert refusals.too_late(14).limit == {"refund_days": 14}


def test_only_a_refund_over_the_limit_asks_for_a_person_at_once() -> None:
    assert set(refusals.WISHES) == {"over_limit"}
    assert refusals.WISHES["over_limit"].skill == "refunds"
    assert refusals.over_limit(1).offer_person
