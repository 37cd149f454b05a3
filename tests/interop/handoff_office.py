"""A gateway with an agent at the desk and one on the telephone, and what is said in calls with them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop import ports
from tests.interop.baresip import Settings
from tests.interop.sounds import Sound
from tests.interop.speech import Speak
from tests.interop.telephone_gateway import TelephoneGateway, telephone_gateway

ANSWER_S = 60.0
"For what the gateway's models do, on a machine that does other things too."
QUEUES = [{"name": "general", "overflow": {"queue": "telephones", "after_s": 1}}, {"name": "telephones"}]
"Who is at the desk goes first."
BOB = {"key": "bob", "number": "200", "name": "Bob", "queues": "telephones", "rest_s": 1}


@dataclass(frozen=True, slots=True)
class Office:
    """A gateway whose people are Alex and Sam at the desk and, on the telephone, Bob."""

    gateway: TelephoneGateway
    password: str
    "Of Alex."
    password_of_sam: str
    bob: Settings
    "The telephone of an agent."


@contextmanager
def opened(folder: Path, models: Path, **phone: Any) -> Iterator[Office]:
    """A gateway whose people are Alex at the desk and, on the telephone, Bob."""
    bob = Settings("200", port=ports.free(3))
    trunk = {"name": "line", "networks": ["127.0.0.0/8"], "calls": 4, "address": f"127.0.0.1:{bob.port}"}
    sections = {"queues": {"named": QUEUES, "phones": [{**BOB, **phone}]}}
    dial = {"allowed": ["200"]}
    with telephone_gateway(folder, models, [trunk], "--demo-agents", sections=sections, dial=dial) as running:
        (file,) = folder.rglob("demo-agents.json")
        passwords = json.loads(file.read_text())
        yield Office(running, passwords["alex"], passwords["sam"], bob)


@pytest.fixture(scope="module")
def office(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(tmp_path_factory.mktemp("gateway"), models_folder) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in these calls."""

    wish: Sound
    secret: Sound
    question: Sound
    answer: Sound
    hello: Sound
    yes: Sound


@pytest.fixture(scope="module")
def words(speak: Speak) -> Words:
    return Words(
        wish=speak("I would like to talk to a person, please."),
        secret=speak("My secret word is potato."),
        question=speak("The tent that I bought has a hole in the roof."),
        answer=speak("I will send you another one tomorrow morning."),
        hello=speak("Hello? Bob speaking."),
        yes=speak("Yes, put them through."),
    )
