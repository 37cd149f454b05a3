import json
import re
from pathlib import Path

import pytest

from gateway.desk.commands import TYPES, parse
from gateway.desk.dispatch import explain
from gateway.desk.messages import GATEWAY
from gateway.live import Busy, Draining
from gateway.protocol_error import ProtocolError
from pipelines.facts import Unavailable

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()
BLOCKS = re.findall(r"^```json (desk\w*)\n(.*?)^```", WIRE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_every_example_of_the_document_is_a_message_of_ours(kind: str, text: str) -> None:
    given = json.loads(text)
    if kind == "desk_command":
        assert parse(text).model_dump(mode="json", exclude_unset=True) == given
    else:
        assert GATEWAY.validate_python(given).model_dump(mode="json", exclude_none=True) == given


def test_the_document_has_an_example_of_every_message() -> None:
    shown = {
        kind: {json.loads(t)["type"] for k, t in BLOCKS if k == kind} for kind in ("desk", "desk_command")
    }
    assert shown["desk_command"] == set(TYPES)
    assert shown["desk"] == set(GATEWAY.json_schema()["discriminator"]["mapping"])


def test_the_document_names_the_codes_of_errors() -> None:
    errors = [
        Busy("x"),
        Draining("x"),
        Unavailable("x"),
        TimeoutError(),
        RuntimeError(),
        ProtocolError("not_yours", "x"),
    ]
    for error in errors:
        assert f"`{explain(error, None).code}`" in WIRE
