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

    def __init__(self, launch: Launch, office: Office, *, available: bool = True) -> None:
        self._program = launch()
        self._stack = ExitStack()
        desk = people.desk(self._program.browser, office.url, "alex", office.passwords["alex"])
        self.page: Page = self._stack.enter_context(desk)
        if available:
            people.is_available(self.page)
        else:
            people.is_away(self.page)

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


def kill_model_server(office: Office) -> None:
    """Or leave it dead: it takes longer to come back each time."""
    if is_back(office):
        os.kill(model_server(office), signal.SIGKILL)


def comes_back(office: Office) -> None:
    """The model server is begun anew."""
    end = time.monotonic() + 120
    while not is_back(office):
        assert time.monotonic() < end, "the model server was not begun anew"
        time.sleep(0.2)


def is_back(office: Office) -> bool:
    try:
        return model_server(office) > 0
    except (AssertionError, OSError):
        return False


def test_the_model_server_is_killed_in_each_state_of_a_chats_handoff(launch: Launch, office: Office) -> None:
    with chromium.opened(launch().browser, office.url) as customer:
        agent = Doomed(launch, office, available=False)
        kill_model_server(office)  # it is away while we look who is there
        people.writes(customer, people.WISH)
        expect(said(customer, "reply").last).to_contain_text("What would you like?")
        kill_model_server(office)  # alternatives
        people.writes(customer, "I'll wait.")
        expect(said(customer, "reply").last).to_contain_text("All right.")
        kill_model_server(office)  # in line
        people.is_available(agent.page)
        expect(people.ringing(agent.page)).to_be_visible()
        kill_model_server(office)  # it rings
        people.accept(agent.page)
        kill_model_server(office)  # the agent reads, and is being connected
        people.connect(agent.page, "In chat")
        talk(customer, agent.page, "Are you there?", "Yes, I am.")
        kill_model_server(office)  # they talk
        talk(customer, agent.page, "That is good.", "It is.")

        agent.kill()
        kill_model_server(office)
        expect(customer.get_by_role("log")).to_contain_text("I've lost my colleague", timeout=FOUND_MS)
        kill_model_server(office)  # we look for another
        other = Doomed(launch, office)
        expect(people.ringing(other.page)).to_be_visible(timeout=FOUND_MS)
        people.accept(other.page)
        people.connect(other.page, "In chat")
        people.hand_back(other.page, "")
        expect(said(customer, "reply").last).to_contain_text("It's me again")
        kill_model_server(office)  # the bot has them again
        people.writes(customer, "What is your return policy?")
        expect(said(customer, "reply").last).to_contain_text(re.compile("return|days", re.I))

        people.writes(customer, people.WISH)
        expect(people.ringing(other.page)).to_be_visible()
        people.accept(other.page)
        people.connect(other.page, "In chat")
        people.end(other.page)
        expect(other.page.get_by_label("How did it end?")).to_be_visible()
        kill_model_server(office)  # wrap-up
        people.wrap_up(other.page, "resolved")
        other.kill()
    comes_back(office)


def talk(customer: Page, agent: Page, question: str, answer: str) -> None:
    """One line each way."""
    people.writes(customer, question)
    expect(said(agent, "customer").last).to_contain_text(question)
    people.write(agent, answer)
    expect(said(customer, "human").last).to_contain_text(answer)


def test_the_model_server_is_killed_in_each_state_of_a_calls_handoff(
    launch: Launch, office: Office, speak: Speak
) -> None:
    wish, question = speak(people.WISH), speak("What is your return policy?")
    answers = re.compile("return", re.I)
    comes_back(office)
    with chromium.opened(launch().browser, office.url) as customer:
        agent = Doomed(launch, office)
        begin_call(customer)
        kill_model_server(office)  # it is away while we look who is there
        says(customer, wish)
        expect(people.ringing(agent.page)).to_contain_text("is calling")
        kill_model_server(office)  # it rings, and the bot answers meanwhile
        says(customer, question)
        expect(said(customer, "reply").last).to_contain_text(answers)
        people.accept(agent.page)
        kill_model_server(office)  # the agent reads, and is being connected
        people.connect(agent.page, "In call")
        kill_model_server(office)  # they talk
        says(agent.page, speak(STORY))
        agent.page.wait_for_timeout(5_000)
        since = chromium.recorded(customer).seconds - 2
        agent.kill()
        expect(customer.get_by_role("log")).to_contain_text("Our colleague lost the connection.")
        kill_model_server(office)  # we look for another
        customer.wait_for_timeout(6_000)
        gap = gap_after_last_words(heard_after(customer, since))
        assert gap <= LONGEST_SILENCE_S, f"silent for {gap} s"
        other = Doomed(launch, office)
        expect(people.ringing(other.page)).to_be_visible(timeout=FOUND_MS)
        people.accept(other.page)
        people.connect(other.page, "In call")
        customer.get_by_role("button", name="Hang up").click()
        expect(other.page.get_by_label("How did it end?")).to_be_visible()
        kill_model_server(office)  # the customer has left; wrap-up
        people.wrap_up(other.page, "resolved")
        other.kill()
