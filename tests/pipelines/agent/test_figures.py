import pytest

from pipelines.agent.figures import contradicts, unsupported

PASSAGE = "Return it within 30 days. Express shipping is $15.00 and 1,299 points expire on a Monday in June."


@pytest.mark.parametrize(
    "answer",
    [
        "You have thirty days.",
        "You have 30 days and express costs $15.",
        "That is one of our rules.",
        "1299 points, until June, on Mondays.",
        "No figures at all.",
    ],
)
def test_figures_of_the_passage_are_supported_however_they_are_written(answer: str) -> None:
    assert unsupported(answer, [PASSAGE]) == []


@pytest.mark.parametrize(
    ("answer", "figure"),
    [
        ("You have 45 days.", "45"),
        ("It costs $15.50.", "15.5"),
        ("Sixty days.", "60"),
        ("On a Tuesday.", "tuesday"),
    ],
)
def test_figures_that_nobody_gave_are_found(answer: str, figure: str) -> None:
    assert unsupported(answer, [PASSAGE]) == [figure]


def test_a_yes_or_no_that_no_passage_begins_with_contradicts() -> None:
    assert contradicts("No, by standard shipping.", ["Yes, by standard shipping."])
    assert contradicts("Yes, we do.", ["We ship to Canada."])
    assert not contradicts("Yes. You can.", ["No. Never.", "Yes, you can."])
    assert not contradicts("Nothing is free.", ["Yes."])
