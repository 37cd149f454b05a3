from gateway.events import FACT
from gateway.store.tables import events, files, follow_ups, metadata, summaries, wrap_ups


def test_an_events_place_in_its_session_is_its_key() -> None:
    assert [column.name for column in events.primary_key] == ["session_id", "seq"]


def test_personal_data_has_a_column_of_its_own() -> None:
    for table in (events, files, follow_ups, summaries, wrap_ups):
        assert "pii" in table.c and table.c.pii.nullable


def test_what_is_known_of_a_contact_goes_with_it() -> None:
    about_contacts = [table for table in metadata.tables.values() if "session_id" in table.c]
    for table in about_contacts:
        if table.name not in ("sessions", "audit"):
            [key] = table.c.session_id.foreign_keys
            assert key.ondelete == "CASCADE", table.name


def test_every_type_name_fits_its_column() -> None:
    names = FACT.json_schema()["discriminator"]["mapping"]
    assert max(map(len, names)) <= 64
