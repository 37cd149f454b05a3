"""What other systems are told of a handoff: the turns that matter, and nothing an agent may not see."""

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.desk.messages import Contact
from gateway.handoff.notice import Kind, kind_of, notice, signature
from pipelines.briefing import Briefing
from pipelines.briefing_parts import Who

NOW = 1_795_000_000.0
ROSA = Briefing.of(None, None, who=Who(name="Rosa Blum", verified=True, email="rosa@example.com"))


def contact(state: str, **change: Any) -> Contact:
    known = {"session": "s_1", "channel": "chat", "floor": "bot", "since": NOW, "handoff_id": "h_1"}
    return Contact.model_validate({**known, "state": state, **change})


@pytest.mark.parametrize(
    ("state", "outcome", "kind"),
    [
        ("screen", None, None),
        ("alternatives", None, None),
        ("queued", None, "handoff.queued"),
        ("offered", None, None),
        ("briefing", None, None),
        ("bridging", None, None),
        ("human_active", None, "handoff.connected"),
        ("rescue", None, None),
        ("wrap_up", None, None),
        ("closed", "talked", "handoff.ended"),
        ("ai_active", "handed_back", "handoff.ended"),
        ("closed", "transferred", "handoff.ended"),
    ],
)
def test_three_turns_are_told(state: str, outcome: str | None, kind: Kind | None) -> None:
    assert kind_of(contact(state, outcome=outcome)) == kind


def test_a_notice_is_what_the_document_shows() -> None:
    wire = (Path(__file__).parents[3] / "docs" / "wire.md").read_text()
    (example,) = re.findall(r"^```json notice\n(.*?)^```", wire, re.MULTILINE | re.DOTALL)
    shown = json.loads(example)
    told = json.loads(notice("handoff.queued", "n_1", contact("queued"), ROSA, NOW))
    assert list(shown) == list(told)
    assert shown["briefing"].keys() <= told["briefing"].keys()
    assert told["briefing"]["who"]["name"] == "Rosa Blum"


def test_contact_data_are_masked_as_they_are_at_the_desk() -> None:
    body = notice("handoff.ended", "n_1", contact("closed", outcome="talked"), ROSA, NOW)
    assert b"rosa@example.com" not in body


def test_a_signature_covers_the_time_and_every_byte() -> None:
    at, made = (part.split("=")[1] for part in signature("secret", 7, b"body").split(","))
    assert (at, made) == ("7", hmac.new(b"secret", b"7.body", hashlib.sha256).hexdigest())
    others = {
        signature("secret", 8, b"body"),
        signature("secret", 7, b"bodY"),
        signature("Secret", 7, b"body"),
    }
    assert made not in {other.split("v1=")[1] for other in others} and len(others) == 3
