"""People call the whole gateway, and are called by it: another Whisper says what they heard."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.interop import ports
from tests.interop.baresip import Baresip, Settings, baresip
from tests.interop.sounds import Sound
from tests.interop.speech import Hear, Speak, speak, transcribe
from tests.interop.telephone_gateway import TelephoneGateway, telephone_gateway

__all__ = ["speak", "transcribe"]
pytestmark = [pytest.mark.interop, pytest.mark.models, pytest.mark.timeout(300)]

QUIET_S = 1.6
"So long a pause ends what is said, once there was something of it."
SOMETHING_S, ENOUGH_S = 1.2, 5.0
"Speech, without its pauses: a busy machine makes pauses after the first words too."
ANSWER_S = 60.0
QUESTION = "What is your return policy?"
ANSWER = re.compile(r"return|thirty|30|days", re.I)
GREETING = re.compile(r"help", re.I)
OPENING = "This is a call about your tent."


@pytest.fixture(scope="module")
def question(speak: Speak) -> Sound:
    return speak(QUESTION)


@pytest.fixture(scope="module")
def bob() -> Settings:
    """The telephone that can be called through the trunk: it has the same ports in every test."""
    return Settings("200", port=ports.free(3))


@pytest.fixture(scope="module")
def ours(
    bob: Settings, models_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TelephoneGateway]:
    """One gateway for every test: telephones on this machine are its trunk, and may use SRTP."""
    trunk: dict[str, Any] = {
        "name": "line",
        "networks": ["127.0.0.0/8"],
        "srtp": "optional",
        "calls": 4,
        "address": f"127.0.0.1:{bob.port}",
    }
    folder = tmp_path_factory.mktemp("gateway")
    with telephone_gateway(folder, models_folder, [trunk], dial={"allowed": ["200"]}) as running:
        yield running


async def listen(telephone: Baresip, since_s: float) -> tuple[Sound, float]:
    """What is said after a moment of the recording, once it is over or long enough; and where that is, s."""
    async with asyncio.timeout(ANSWER_S):
        while True:
            await asyncio.sleep(0.2)
            heard = telephone.heard()
            new = heard.after(since_s)
            quiet = new.after(max(new.seconds - QUIET_S, 0))
            over = new.loud_s > SOMETHING_S and not quiet.is_loud()
            if over or new.loud_s > ENOUGH_S:
                return new, heard.seconds


@pytest.mark.parametrize(
    "settings",
    [
        Settings(transport="udp", codec="PCMU"),
        Settings(transport="tcp", codec="G722"),
        Settings(transport="tls", codec="PCMA", srtp=True),
    ],
    ids=lambda way: f"{way.transport}-{way.codec}",
)
def test_a_caller_asks_and_hears_the_answer(
    settings: Settings, ours: TelephoneGateway, question: Sound, transcribe: Hear
) -> None:
    async def main() -> None:
        async with baresip(settings) as alice:
            await alice.dial(ours.uri(settings.transport))
            await alice.until("CALL_ESTABLISHED")
            greeting, end = await listen(alice, 0)
            assert GREETING.search(await asyncio.to_thread(transcribe, greeting))
            await alice.say(question)
            answer, _ = await listen(alice, end + question.seconds)
            assert ANSWER.search(await asyncio.to_thread(transcribe, answer))
            call = await talking(ours)
            assert call["direction"] == "in"
            await alice.hang_up()
            await reached(ours, call["call"], "ended")

    asyncio.run(main())


def test_a_caller_is_transferred_to_a_person(
    ours: TelephoneGateway, bob: Settings, question: Sound, transcribe: Hear
) -> None:
    async def main() -> None:
        async with baresip(Settings()) as alice, baresip(replace(bob, answers="auto")) as person:
            await alice.dial(ours.uri())
            await alice.until("CALL_ESTABLISHED")
            await listen(alice, 0)
            call = (await talking(ours))["call"]
            await asyncio.to_thread(ours.ask, "POST", f"/{call}/transfer", {"to": "200"})
            await person.until("CALL_ESTABLISHED")
            await reached(ours, call, "ended")
            await alice.say(question)
            await asyncio.sleep(question.seconds + 0.5)
            assert "return policy" in await asyncio.to_thread(transcribe, person.heard())
            await alice.hang_up()

    asyncio.run(main())


def test_we_call_somebody_who_asks_and_hears_the_answer(
    ours: TelephoneGateway, bob: Settings, question: Sound, speak: Speak, transcribe: Hear
) -> None:
    hello = speak("Hello? Bob speaking.")

    async def main() -> None:
        async with baresip(bob) as person:
            wanted = {"to": "200", "opening": OPENING}
            call = (await asyncio.to_thread(ours.ask, "POST", "", wanted))["call"]
            await person.until("CALL_INCOMING")
            await person.answer()
            await person.until("CALL_ESTABLISHED")
            await person.say(hello)
            opening, end = await listen(person, 0)
            assert "tent" in await asyncio.to_thread(transcribe, opening)
            await person.say(question)
            answer, _ = await listen(person, end + question.seconds)
            assert ANSWER.search(await asyncio.to_thread(transcribe, answer))
            await asyncio.to_thread(ours.ask, "DELETE", f"/{call}")
            await person.until("CALL_CLOSED")
            await reached(ours, call, "ended")

    asyncio.run(main())


async def calls(ours: TelephoneGateway) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await asyncio.to_thread(ours.ask, "GET", "")
    return found


async def talking(ours: TelephoneGateway) -> dict[str, Any]:
    """The call under way."""
    (call,) = [call for call in await calls(ours) if call["state"] == "talking"]
    return call


async def reached(ours: TelephoneGateway, call: str, state: str) -> None:
    """Wait until a call is in that state."""
    async with asyncio.timeout(15):
        found = ""
        while found != state:
            await asyncio.sleep(0.1)
            found = (await asyncio.to_thread(ours.ask, "GET", f"/{call}"))["state"]
