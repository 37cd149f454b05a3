"""Records and changes as JSON, for a memory that several nodes share.  [core]

Keys that a node does not know are ignored, so that nodes of two releases can work side by side.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gateway.queue.contacts import News
from gateway.queue.estimate import Figures
from gateway.queue.records import Change, Entry, Key, Kind, Lease, Place, Record, Seat

RECORDS: Mapping[Kind, TypeAdapter[Any]] = {
    "entry": TypeAdapter(Entry),
    "seat": TypeAdapter(Seat),
    "lease": TypeAdapter(Lease),
    "place": TypeAdapter(Place),
    "figures": TypeAdapter(Figures),
}
NEWS: TypeAdapter[tuple[News, ...]] = TypeAdapter(tuple[News, ...])


class Unreadable(ValueError):
    """This is no record, or no change, of ours."""


@dataclass(frozen=True, slots=True)
class Written:
    """A change as it stands in the log."""

    after: str
    "The entry that it follows; it is wrong after any other."
    change: Change


def fields(records: Mapping[Key, Record | None]) -> Iterator[tuple[str, str | None]]:
    """Each record with its name in the memory; None: to be dropped."""
    for (kind, name), record in records.items():
        yield f"{kind} {name}", None if record is None else RECORDS[kind].dump_json(record).decode()


def record(field: str, text: str) -> tuple[Key, Record]:
    """The opposite of `fields`, for one; raises `Unreadable`."""
    key = _key(field)
    try:
        found: Record = RECORDS[key[0]].validate_json(text)
    except ValidationError as error:
        raise Unreadable(f"a broken record of kind `{key[0]}`") from error
    return key, found


def written(after: str, change: Change) -> str:
    """A change as an entry of the log."""
    records = dict(fields(change.records))
    news = NEWS.dump_python(change.news, mode="json")
    return json.dumps({"after": after, "records": records, "news": news, "buried": change.buried})


def read(text: str) -> Written:
    """An entry of the log; raises `Unreadable`."""
    try:
        values = json.loads(text)
        records: dict[Key, Record | None] = {}
        for field, value in values["records"].items():
            key, found = (_key(field), None) if value is None else record(field, value)
            records[key] = found
        news = NEWS.validate_python(values["news"], strict=False)
        return Written(str(values["after"]), Change(records, news, buried=tuple(values["buried"])))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unreadable("a broken entry of the log") from error


def _key(field: str) -> Key:
    kind, _, name = field.partition(" ")
    for known in RECORDS:
        if kind == known:
            return known, name
    raise Unreadable("a record of no known kind")
