import pytest

from tools.places import canonical


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("12 oak st", "12 oak street"),
        ("n clark ave", "north clark avenue"),
        ("springfield il", "springfield illinois"),
        ("new york ny", "new york new york"),
        ("washington dc", "wa district of columbia"),
        ("hartford ct", "hartford connecticut"),
    ],
)
def test_abbreviations_equal_what_they_stand_for(written: str, said: str) -> None:
    assert canonical(written.split()) == canonical(said.split())


def test_other_words_stay_as_they_are() -> None:
    assert canonical(["742", "evergreen"]) == ["742", "evergreen"]
