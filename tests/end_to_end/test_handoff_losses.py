"""Agents' browsers are killed, and the model server is, while a customer is in the middle of a handoff."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from tests.end_to_end import chromium, people
from tests.end_to_end.chromium import Program
from tests.end_to_end.people import Office, begin_call, heard_after, office, patience, said, says, silent
from tests.interop.sounds import Sound
from tests.interop.speech import Hear, Speak, speak, transcribe

__all__ = ["office", "patience", "silent", "speak", "transcribe"]
pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(500)]

LONGEST_SILENCE_S = 3.0
FOUND_MS = 90_000
"From a loss to the next offer: the desk's grace, and a machine that does other things too."
STORY = (
    "I will look for that now. It takes a moment, because there are so many orders in our books today. "
    "We have tents, and boots, and lamps, and stoves, and bags, and maps, and knives, and ropes. "
    "We also have canoes, and paddles, and jackets, and hats, and gloves, and bottles, and cups, and plates."
)

Launch = Callable[[], Program]


@pytest.fixture(scope="module")
def launch(silent: Path) -> Iterator[Launch]:
    with chromium.chromiums(silent) as launching:
        yield launching


class Doomed:
    """Alex's desk in a browser that is going to be killed."""

    def __init__(self, launch: Launch, office: Office) -> None:
        self._program = launch()
        self._stack = ExitStack()
        desk = people.desk(self._program.browser, office.url, "alex", office.passwords["alex"])
        self.page: Page = self._stack.enter_context(desk)
        people.is_available(self.page)

    def kill(self) -> None:
        self._program.kill()
        with suppress(Error):
            self._stack.close()


def gap_after_last_words(sound: Sound, rate: float = 0.02) -> float:
    """The longest silence between two things that were said, s."""
    frame = int(sound.rate * rate)
    loud = [
        bool(abs(sound.samples[at : at + frame].astype(int)).mean() > 150)
        for at in range(0, len(sound.samples) - frame, frame)
    ]
    while loud and not loud[-1]:
        loud.pop()
    longest = now = 0
    for is_loud in loud:
        now = 0 if is_loud else now + 1
        longest = max(longest, now)
    return longest * rate


def test_an_agents_browser_is_killed_while_it_rings_while_they_read_and_while_they_talk(
    launch: Launch, office: Office, speak: Speak, transcribe: Hear
) -> None:
    story = speak(STORY)
    with chromium.opened(launch().browser, office.url) as customer:
        first = Doomed(launch, office)
        begin_call(customer)
        says(customer, speak(people.WISH))
        expect(people.ringing(first.page)).to_be_visible()
        first.kill()
        says(customer, speak("What is your return policy?"))
        expect(said(customer, "reply").last).to_contain_text(re.compile("return", re.I))

        second = Doomed(launch, office)
        expect(people.ringing(second.page)).to_be_visible(timeout=FOUND_MS)
        people.accept(second.page)
        second.kill()
        says(customer, speak("When is your store open?"))
        expect(said(customer, "reply").last).to_contain_text(re.compile("store|open|a.m|hours", re.I))

        third = Doomed(launch, office)
        expect(people.ringing(third.page)).to_be_visible(timeout=FOUND_MS)
        people.accept(third.page)
        people.connect(third.page, "In call")
        says(third.page, story)
        third.page.wait_for_timeout(5_000)
        since = chromium.recorded(customer).seconds - 2
        third.kill()
        expect(customer.get_by_role("log")).to_contain_text("Our colleague lost the connection.")
        customer.wait_for_timeout(6_000)
        after = heard_after(customer, since)
        words = transcribe(after)
        assert re.search("still here", words, re.I), words
        gap = gap_after_last_words(after)
        if folder := os.environ.get("PICTURES"):
            (Path(folder) / "gap.txt").write_text(f"{gap:.2f} s: {words}")
        assert gap <= LONGEST_SILENCE_S, f"silent for {gap} s"

        fourth = Doomed(launch, office)
        expect(people.ringing(fourth.page)).to_be_visible(timeout=FOUND_MS)
        people.accept(fourth.page)
        people.connect(fourth.page, "In call")
        people.end(fourth.page)
        people.wrap_up(fourth.page, "resolved")
        fourth.kill()


def model_server(office: Office) -> int:
    """The process that the gateway keeps its language model in."""
    for process in office.gateway.children():
        if "llama" in Path(f"/proc/{process}/cmdline").read_text():
            return process
    raise AssertionError("there is no model server")


def test_the_model_server_is_killed_in_the_middle_of_a_handoff(launch: Launch, office: Office) -> None:
    agent = Doomed(launch, office)
    with chromium.opened(launch().browser, office.url) as customer:
        people.writes(customer, people.WISH)
        expect(people.ringing(agent.page)).to_be_visible()
        os.kill(model_server(office), signal.SIGKILL)
        people.accept(agent.page)
        people.connect(agent.page, "In chat")
        people.writes(customer, "Are you there?")
        expect(said(agent.page, "customer").last).to_contain_text("Are you there?")
        people.write(agent.page, "Yes, I am.")
        expect(said(customer, "human").last).to_contain_text("Yes, I am.")
        people.hand_back(agent.page, "")
        expect(said(customer, "reply").last).to_contain_text("It's me again")
        people.writes(customer, "What is your return policy?")
        expect(said(customer, "reply").last).to_contain_text(re.compile("return|days", re.I))
        end = time.monotonic() + 60
        while time.monotonic() < end and not is_back(office):
            time.sleep(0.5)
        assert is_back(office), "the model server was begun anew"
    agent.kill()


def is_back(office: Office) -> bool:
    try:
        return model_server(office) > 0
    except (AssertionError, OSError):
        return False
