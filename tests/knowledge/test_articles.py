"""The demo articles: complete, consistent among themselves and with the policy that the tools enforce."""

import re
from pathlib import Path

import pytest

import knowledge
from knowledge.article import Article
from knowledge.chunk import PASSAGE_WORDS, passages
from knowledge.ingest import read_folder
from tools.policy import PolicyLimits
from tools.shop.catalogue import STORES

FOLDER = Path(knowledge.__file__).parent / "articles"
READING = read_folder(FOLDER)
EVERYTHING = {
    article.slug: " ".join(passage.text for passage in passages(article))
    for article in READING.articles.values()
}

each_article = pytest.mark.parametrize("article", READING.articles.values(), ids=lambda article: article.slug)


def test_there_are_enough_and_none_has_a_problem() -> None:
    assert len(READING.articles) >= 45
    assert READING.problems == ()


@each_article
def test_every_section_opens_with_a_direct_answer_and_is_asked_in_other_words(article: Article) -> None:
    for section in article.sections:
        assert section.headings
        assert section.blocks
        assert section.asked
    assert all(len(passage.text.split()) <= PASSAGE_WORDS for passage in passages(article))


@each_article
def test_a_lead_can_be_read_out_as_it_stands(article: Article) -> None:
    for passage in passages(article):
        if passage.lead:
            assert passage.text[0].isupper() or passage.text[0].isdigit()
            assert passage.text.endswith((".", "?", "!"))
            assert not re.search(r"[*_`|#<>\[\]{}]|https?:", passage.text)


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        (r"free for orders over \$(\d+)|free over \$(\d+)|below \$(\d+), standard", {"75"}),
        (r"[Ee]xpress shipping is \$(\d+)", {"15"}),
        (r"overnight shipping is \$(\d+)", {"29"}),
        (r"original payment method in (\d+ to \d+) business days", {"5 to 7"}),
        (r"(\w+) year warranty", {"two"}),
        (r"(?:[Rr]efunds?|refunds up to|over) \$(500)\b", {"500"}),
    ],
)
def test_a_number_is_the_same_wherever_it_is_given(pattern: str, values: set[str]) -> None:
    found = [
        next(filter(None, match.groups()))
        for text in EVERYTHING.values()
        for match in re.finditer(pattern, text)
    ]
    assert found
    assert set(found) == values


def test_the_days_for_returns_are_those_that_the_tools_enforce() -> None:
    days = {
        match[1]
        for text in EVERYTHING.values()
        for match in re.finditer(r"(\d+) days (?:of|from) delivery|(?<=within )(\d+) days", text)
        if match[1]
    }
    assert days == {str(PolicyLimits().refund_days)}


def test_the_limit_for_refunds_is_the_one_that_the_tools_enforce() -> None:
    limit = f"${PolicyLimits().refund_limit_cents // 100}"
    assert f"Refunds over {limit} are handled by a person" in EVERYTHING["refunds"]
    assert f"start refunds up to {limit}" in EVERYTHING["virtual-assistant"]


def test_orders_can_be_cancelled_and_readdressed_only_before_they_ship() -> None:
    assert "as long as it has not shipped" in EVERYTHING["cancel-order"]
    assert "as long as the order has not shipped" in EVERYTHING["change-address"]


def test_identity_is_proven_as_the_tools_ask_for_it() -> None:
    rule = "The order number with the delivery ZIP code is enough, or your email address with the ZIP code."
    assert rule in EVERYTHING["identity-check"]


@pytest.mark.parametrize("city", ["Portland", "Denver"])
def test_the_stores_are_where_the_shop_says(city: str) -> None:
    (store,) = (store for store in STORES if store.city == city)
    assert store.address.split(",")[0] in EVERYTHING["store-locations"]


def test_no_real_address_or_number_is_given() -> None:
    text = " ".join(EVERYTHING.values())
    assert all(host == "fernhill.example" for host in re.findall(r"@([\w.]+\w)", text))
    assert all("555-01" in number for number in re.findall(r"[\d-]{10,}", text))
