import json
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from gateway.events import FACT, Event
from gateway.web.calls import CallView, PlaceCall, PlacedCall, Transfer
from gateway.web.messages import (
    CLIENT,
    GATEWAY,
    ChatError,
    Code,
    HttpErrorBody,
    Message,
    parse,
)
from gateway.webrtc.signalling import Answer, Candidates, Offer

WIRE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()
ELSEWHERE = {"desk", "desk_command", "sign_in", "me", "password", "audit", "notice", "file", "file_rules"}
"Examples that the tests of the desk, of signing in, of webhooks and of files read."
BLOCKS = [
    (kind, text)
    for kind, text in re.findall(r"^```json (\w+)\n(.*?)^```", WIRE, re.MULTILINE | re.DOTALL)
    if kind not in ELSEWHERE
]
HTTP: dict[str, type[BaseModel]] = {
    "offer": Offer,
    "answer": Answer,
    "candidates": Candidates,
    "error": HttpErrorBody,
    "place": PlaceCall,
    "placed": PlacedCall,
    "call": CallView,
    "transfer": Transfer,
}


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_every_example_of_the_document_is_a_message_of_ours(kind: str, text: str) -> None:
    given = json.loads(text)
    match kind:
        case "client":
            assert parse(text).model_dump(exclude_unset=True) == given
        case "gateway":
            assert GATEWAY.validate_python(given).model_dump(exclude_none=True) == given
        case "event":
            fact = FACT.validate_python({k: v for k, v in given.items() if k not in ("seq", "at")})
            message = Event(given["seq"], given["at"], fact).message()
            assert given.items() <= message.items()
        case "ice":
            assert all(server["urls"] for server in given["iceServers"])
        case _:
            assert HTTP[kind].model_validate(given).model_dump(exclude_unset=True) == given


def test_the_document_has_an_example_of_every_chat_message() -> None:
    shown = {json.loads(text)["type"] for kind, text in BLOCKS if kind in ("client", "gateway")}
    ours = (
        CLIENT.json_schema()["discriminator"]["mapping"] | GATEWAY.json_schema()["discriminator"]["mapping"]
    )
    assert shown == set(ours)


def test_the_document_names_every_error_code() -> None:
    codes = get_args(Code)
    assert [code for code in codes if f"`{code}`" not in WIRE] == []
    paragraph = re.search(r"Codes: (.*?)\. A wrong token", WIRE, re.DOTALL)
    assert paragraph is not None
    assert set(re.findall(r"`(\w+)`", paragraph[1])) == set(codes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "malformed_json"),
        ("hello", "malformed_json"),
        ("[1, 2]", "malformed_json"),
        ('"text"', "malformed_json"),
        ("null", "malformed_json"),
        ('{"type": "message", "id": "m1", "text": "\\ud800"}', "malformed_json"),
        ("[" * 100_000, "malformed_json"),
        ("{}", "unknown_type"),
        ('{"type": 7}', "unknown_type"),
        ('{"type": "shout"}', "unknown_type"),
        ('{"type": "message", "id": "m1"}', "invalid_message"),
        ('{"type": "message", "id": "", "text": "hi"}', "invalid_message"),
        ('{"type": "message", "id": "' + "x" * 65 + '", "text": "hi"}', "invalid_message"),
        ('{"type": "message", "id": "a b", "text": "hi"}', "invalid_message"),
        ('{"type": "message", "id": "a\\u0000", "text": "hi"}', "invalid_message"),
        ('{"type": "message", "id": "m1", "text": "  \\n "}', "invalid_message"),
        ('{"type": "message", "id": "m1", "text": 5}', "invalid_message"),
        ('{"type": "hello", "protocol": "one"}', "invalid_message"),
        ('{"type": "hello", "protocol": 1, "last_seq": -1}', "invalid_message"),
        ('{"type": "hello", "protocol": 1, "last_seq": 1e99}', "invalid_message"),
        ('{"type": "typing", "on": "maybe"}', "invalid_message"),
        ('{"type": "ping"}', "invalid_message"),
    ],
)
def test_what_is_no_message_gets_an_error_that_says_why(text: str, code: str) -> None:
    with pytest.raises(ChatError) as raised:
        parse(text)
    assert raised.value.error.code == code
    assert raised.value.error.fault == "client"


def test_an_error_never_repeats_what_the_customer_wrote() -> None:
    with pytest.raises(ChatError) as raised:
        parse('{"type": "message", "id": 5, "text": "my secret"}')
    assert "secret" not in raised.value.error.message


def test_keys_that_we_do_not_know_are_ignored() -> None:
    assert parse('{"type": "message", "id": "m1", "text": "hi", "mood": "good"}') == Message(
        type="message", id="m1", text="hi"
    )
