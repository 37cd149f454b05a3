from gateway.events import FACT
from gateway.store.tables import events, metadata


def test_an_events_place_in_its_session_is_its_key() -> None:
    assert [column.name for column in events.primary_key] == ["session_id", "seq"]


def test_personal_data_has_a_column_of_its_own() -> None:
    assert "pii" in events.c and events.c.pii.nullable


def test_every_type_name_fits_its_column() -> None:
    names = FACT.json_schema()["discriminator"]["mapping"]
    assert max(map(len, names)) <= 64
    assert set(metadata.tables) == {"sessions", "events"}
