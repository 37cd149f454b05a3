import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from gateway.events import FACT, AnyEventFact
from pipelines.facts import CustomerTurn, Fact, ReplyDelta, ToolCalled, Values, Words


def kinds(union: Any) -> Iterator[type[Fact]]:
    """The classes of a union, however it is nested."""
    if isinstance(union, type):
        yield union
    for part in get_args(union):
        yield from kinds(part)


KINDS = tuple(kind for kind in kinds(AnyEventFact) if issubclass(kind, Fact))


def test_every_fact_has_a_name_of_its_own() -> None:
    names = [kind.model_fields["type"].default for kind in KINDS]
    assert len(names) > 15 and len(set(names)) == len(names)


def test_a_fact_comes_back_from_its_json_as_it_was() -> None:
    said = CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="Grüße — 10437"))
    assert FACT.validate_json(said.model_dump_json()) == said
    called = ToolCalled(
        turn_id="c1",
        call_id="k1",
        tool="look_up_order",
        effect="read",
        pii=Values(values={"order_id": "10437"}),
    )
    assert FACT.validate_python(json.loads(called.model_dump_json())) == called


@pytest.mark.parametrize(
    "hostile",
    [
        "{}",
        "[]",
        '{"type": "turn.nobody"}',
        '{"type": "turn.customer", "turn_id": "c1", "channel": "smoke", "pii": {"text": "x"}}',
        '{"type": "turn.customer", "turn_id": "c1", "channel": "chat", "pii": {"text": "x"}, "admin": true}',
        '{"type": "turn.customer", "turn_id": "c1", "channel": "chat"}',
    ],
)
def test_what_is_no_fact_is_refused(hostile: str) -> None:
    with pytest.raises(ValidationError):
        FACT.validate_json(hostile)


def test_personal_data_stands_in_the_pii_object_only() -> None:
    personal = {"text", "values"}
    for kind in KINDS:
        if kind is not ReplyDelta:  # a passing fact that is never stored
            assert not personal & set(kind.model_fields), kind


def test_a_fact_cannot_be_changed() -> None:
    said = CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="hello"))
    with pytest.raises(ValidationError):
        said.turn_id = "c2"
