"""A customer's page and an agent's page in real Chromium, the real gateway and its models between them."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import chromium, people
from tests.end_to_end.gateway_process import GatewayProcess, serving
from tests.end_to_end.people import Wire, said
from tests.interop.sounds import Sound
from tests.interop.speech import Hear, Speak, speak, transcribe

__all__ = ["speak", "transcribe"]
pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(400)]

ANSWER_MS = 60_000
"An answer must have come by then, on a machine that does other things too."
QUIET_S = 20


@dataclass(frozen=True, slots=True)
class Office:
    gateway: GatewayProcess
    passwords: dict[str, str]

    @property
    def url(self) -> str:
        return self.gateway.url


@pytest.fixture(scope="module")
def office(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A real `warmline serve --demo-agents`, where Alex takes contacts and Sam supervises."""
    folder = tmp_path_factory.mktemp("gateway")
    with serving(folder, models_folder, "--demo-agents") as gateway:
        yield Office(gateway, people.passwords(folder))


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For microphones of people who speak when the test says so."""
    file = tmp_path_factory.mktemp("microphone") / "silence.wav"
    file.write_bytes(chromium.wav(np.zeros(chromium.SAMPLE_RATE, np.int16)))
    return file


@pytest.fixture(scope="module")
def browser(silent: Path) -> Iterator[Browser]:
    with chromium.chromium(silent) as running:
        yield running


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=ANSWER_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def alex(browser: Browser, office: Office) -> Iterator[Page]:
    with people.desk(browser, office.url, "alex", office.passwords["alex"]) as page:
        people.is_available(page)
        yield page


def says(page: Page, words: Sound) -> None:
    chromium.say(page, chromium.wav(words.samples, rate=words.rate))


def heard_after(page: Page, since: float) -> Sound:
    """What the page heard later than so many seconds from the beginning of its audio."""
    return chromium.recorded(page).after(since)


def spoken_to(page: Page, since: float, seconds: float = 15.0) -> Sound:
    """What somebody said to the page since then, once they have paused."""
    end = time.monotonic() + seconds
    while True:
        sound = heard_after(page, since)
        over = sound.loud_s > 0.5 and not sound.after(max(sound.seconds - 1.2, 0)).is_loud()
        if over or time.monotonic() > end:
            return sound
        page.wait_for_timeout(200)


def begin_call(page: Page) -> None:
    """Calls, and lets the greeting end."""
    panel = page.get_by_role("region", name="Call", exact=True)
    page.get_by_role("button", name="Start a call").click()
    expect(panel).to_have_attribute("data-phase", "speaking")
    expect(panel).to_have_attribute("data-phase", "listening")


def test_a_chat_goes_to_an_agent_and_back_and_is_wrapped_up(
    browser: Browser, office: Office, alex: Page
) -> None:
    with chromium.opened(browser, office.url) as customer:
        wire = Wire(customer)
        people.writes(customer, "My order 10437 is late. Where is it?")
        expect(said(customer, "reply").last).to_contain_text("ZIP")
        people.writes(customer, people.WISH)
        expect(people.ringing(alex)).to_contain_text("asked for a person")
        expect(people.ringing(alex)).to_contain_text("10437")
        people.is_accessible(alex, "rings")

        people.accept(alex)
        expect(alex.get_by_role("log")).to_contain_text("10437")
        assert alex.get_by_label("Message to the customer").is_disabled(), "not before they are connected"
        people.is_accessible(alex, "briefing")
        people.connect(alex, "In chat")
        expect(customer.get_by_text("You are talking with Alex now.")).to_be_visible()

        replies = said(customer, "reply").count()
        people.writes(customer, "Are you there? What is your return policy?")
        expect(said(alex, "customer").last).to_contain_text("Are you there?")
        people.write(alex, "Yes, this is Alex. Thirty days.")
        expect(said(customer, "human").last).to_contain_text("this is Alex")
        people.note(alex, "Regular of the Zanzibar club.")
        people.ask(alex, "When may they return a tent?")
        people.is_accessible(alex, "in-chat")
        alex.wait_for_timeout(3_000)
        assert said(customer, "reply").count() == replies, "the bot is silent while a person has the customer"

        people.hand_back(alex, "They get a new one, says Zanzibar.")
        expect(said(customer, "reply").last).to_contain_text("It's me again")
        people.writes(customer, "What is your return policy?")
        expect(said(customer, "reply").last).to_contain_text(re.compile("days|return", re.I))

        people.writes(customer, people.WISH)
        expect(people.ringing(alex)).to_be_visible()
        people.accept(alex)
        people.connect(alex, "In chat")
        people.end(alex)
        expect(alex.get_by_label("How did it end?")).to_be_visible()
        people.is_accessible(alex, "wrap-up")
        people.wrap_up(alex, "resolved")
        assert not wire.has("zanzibar") and not wire.has("note.added"), "what is private stays with us"
        assert wire.has("this is Alex")


def test_a_call_goes_to_an_agent_and_back(
    browser: Browser, office: Office, alex: Page, speak: Speak, transcribe: Hear
) -> None:
    wish, question = speak(people.WISH), speak("The tent that I bought has a hole in the roof.")
    answer = speak("I will send you another one tomorrow morning.")
    with chromium.opened(browser, office.url) as customer:
        wire = Wire(customer)
        begin_call(customer)
        says(customer, wish)
        expect(people.ringing(alex)).to_contain_text("is calling")
        says(customer, speak("My secret word is potato."))
        expect(said(customer, "customer").last).to_contain_text("potato")
        people.accept(alex)
        alex.wait_for_timeout(3_000)
        assert not chromium.recorded(alex).is_loud(), "who reads hears nothing of the caller"

        began, since = chromium.recorded(alex).seconds, chromium.recorded(customer).seconds
        people.connect(alex, "In call")
        customer.wait_for_timeout(1_000)
        says(customer, question)
        assert re.search("hole|roof", transcribe(spoken_to(alex, began)))
        expect(said(alex, "customer").last).to_contain_text(re.compile("roof|hole", re.I))
        says(alex, answer)
        expect(said(customer, "human").last).to_contain_text(re.compile("tomorrow", re.I))
        people.note(alex, "Regular of the Zanzibar club.")
        people.ask(alex, "When may they return a tent?")
        people.is_accessible(alex, "in-call")
        between = transcribe(heard_after(customer, since))
        assert re.search("colleague.*another one tomorrow", between, re.I | re.S), between
        assert not re.search("return|thirty|30|zanzibar", between, re.I), "not a word of what is private"
        assert "potato" not in transcribe(chromium.recorded(alex)).lower()

        before = chromium.recorded(customer).seconds
        people.hand_back(alex, "They get a new tent.")
        assert "me again" in transcribe(spoken_to(customer, before)).lower()
        before = chromium.recorded(customer).seconds
        says(customer, speak("What is your return policy?"))
        assert re.search("days|return", transcribe(spoken_to(customer, before, 30)), re.I)
        assert not wire.has("zanzibar")
        customer.get_by_role("button", name="Hang up").click()
