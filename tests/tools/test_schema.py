from enum import Enum
from typing import Annotated, Any, Literal

import pytest

from tools.arguments import Digits
from tools.schema import BadArguments, describe


class Speed(Enum):
    SLOW = 1
    FAST = 2


async def ship(
    permit: Any,
    order_id: Annotated[str, Digits(5), "Which order."],
    count: int,
    how: Literal["air", "sea"] = "sea",
    speed: Speed = Speed.SLOW,
    note: Annotated[str, "A note."] | None = None,
    tags: list[str] | None = None,
    gift: bool = False,
    weight: float | None = None,
) -> None:
    """Ship an
    order.

    More that models need not read.
    """


def test_a_signature_becomes_openais_schema() -> None:
    assert describe(ship).json_schema() == {
        "type": "function",
        "function": {
            "name": "ship",
            "description": "Ship an order.",
            "parameters": {
                "type": "object",
                "properties": {
                    "order_id": {"type": "string", "pattern": "^[0-9]{5}$", "description": "Which order."},
                    "count": {"type": "integer"},
                    "how": {"type": "string", "enum": ["air", "sea"], "default": "sea"},
                    "speed": {"type": "string", "enum": ["1", "2"], "default": 1},
                    "note": {"type": "string", "maxLength": 500, "description": "A note."},
                    "tags": {
                        "type": "array",
                        "items": {"type": "string", "maxLength": 500},
                        "maxItems": 20,
                    },
                    "gift": {"type": "boolean", "default": False},
                    "weight": {"type": "number"},
                },
                "required": ["order_id", "count"],
                "additionalProperties": False,
            },
        },
    }


def test_arguments_are_read_with_defaults_and_strangers_are_dropped() -> None:
    sent = {"order_id": 10437, "count": "2", "speed": 2, "note": "null", "amount": 1_000_000}
    assert describe(ship).read(sent) == {
        "order_id": "10437",
        "count": 2,
        "how": "sea",
        "speed": Speed.FAST,
        "note": None,
        "tags": None,
        "gift": False,
        "weight": None,
    }


def test_all_faults_are_told_at_once_and_no_value_with_them() -> None:
    with pytest.raises(BadArguments) as caught:
        describe(ship).read({"order_id": "secret", "how": "rocket"})
    assert str(caught.value) == "order_id must be 5 digits; count is missing; how must be one of air, sea"


def test_a_parameter_that_models_cannot_be_told_is_our_bug() -> None:
    async def unannotated(permit: Any, thing) -> None:  # type: ignore[no-untyped-def]
        """Do."""

    async def mixed(permit: Any, thing: int | str) -> None:
        """Do."""

    for function in (unannotated, mixed):
        with pytest.raises(TypeError):
            describe(function)


def test_a_method_is_described_without_self_and_under_another_name_if_wanted() -> None:
    class Box:
        async def open(self, permit: Any, lid: str) -> None:
            """Open it."""

    signature = describe(Box().open, "open_box")
    assert signature.name == "open_box"
    assert [parameter.name for parameter in signature.parameters] == ["lid"]
