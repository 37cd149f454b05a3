"""A customer's page and an agent's page in real Chromium, the real gateway and its models between them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import chromium, people
from tests.end_to_end.people import (
    Office,
    Wire,
    begin_call,
    heard_after,
    office,
    patience,
    said,
    says,
    silent,
    spoken_to,
)
from tests.interop.speech import Hear, Speak, speak, transcribe

__all__ = ["office", "patience", "silent", "speak", "transcribe"]
pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def browser(silent: Path) -> Iterator[Browser]:
    with chromium.chromium(silent) as running:
        yield running


@pytest.fixture
def alex(browser: Browser, office: Office) -> Iterator[Page]:
    with people.desk(browser, office.url, "alex", office.passwords["alex"]) as page:
        people.is_available(page)
        yield page


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
        expect(customer.get_by_role("log")).to_contain_text("You are talking with Alex now.")

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
    wish, question = speak(people.WISH), speak("There is a big hole in the roof of my tent.")
    answer = speak("I will send you another one tomorrow morning.")
    with chromium.opened(browser, office.url) as customer:
        wire = Wire(customer)
        begin_call(customer)
        says(customer, wish)
        expect(people.ringing(alex)).to_contain_text("is calling")
        says(customer, speak("Nobody may know about the elephant in my garden."))
        expect(said(customer, "customer").last).to_contain_text(re.compile("elephant|garden", re.I))
        people.accept(alex)
        panel = customer.get_by_role("region", name="Call", exact=True)
        expect(panel).to_have_attribute("data-phase", "speaking")
        expect(panel).to_have_attribute("data-phase", "listening")
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
        assert re.search("colleague.*tomorrow", between, re.I | re.S), between
        assert not re.search("return|thirty|30|zanzibar", between, re.I), "not a word of what is private"
        assert not re.search("elephant|garden", transcribe(chromium.recorded(alex)), re.I)

        before = chromium.recorded(customer).seconds
        people.hand_back(alex, "They get a new tent.")
        assert "me again" in transcribe(spoken_to(customer, before)).lower()
        before = chromium.recorded(customer).seconds
        says(customer, speak("What is your return policy?"))
        assert re.search("days|return", transcribe(spoken_to(customer, before, 30)), re.I)
        assert not wire.has("zanzibar")
        customer.get_by_role("button", name="Hang up").click()


def test_a_chat_becomes_a_call_with_the_same_agent_and_a_chat_again(
    browser: Browser, office: Office, alex: Page, speak: Speak, transcribe: Hear
) -> None:
    with chromium.opened(browser, office.url) as customer:
        people.writes(customer, "My order 10437 is late. Where is it?")
        expect(said(customer, "reply").last).to_contain_text("ZIP")
        people.writes(customer, people.WISH)
        expect(people.ringing(alex)).to_be_visible()
        people.accept(alex)
        people.connect(alex, "In chat")
        people.write(alex, "I am looking. Please call if you like.")
        expect(said(customer, "human").last).to_contain_text("Please call")

        customer.get_by_role("button", name="Start a call").click()
        expect(alex.get_by_role("button", name="Connect now")).to_be_visible()
        expect(alex.get_by_role("tabpanel")).to_contain_text("10437")
        customer.wait_for_timeout(2_000)
        assert not chromium.recorded(alex).is_loud(), "nobody is put through unasked"
        since = chromium.recorded(alex).seconds
        people.connect(alex, "In call")
        customer.wait_for_timeout(1_000)
        says(customer, speak("There is a big hole in the roof of my tent."))
        assert re.search("hole|roof", transcribe(spoken_to(alex, since)))
        before = chromium.recorded(customer).seconds
        says(alex, speak("I will send you another one tomorrow morning."))
        assert "tomorrow" in transcribe(spoken_to(customer, before))
        expect(said(alex, "customer").last).to_contain_text(re.compile("roof|hole", re.I))
        expect(said(alex, "customer").first).to_contain_text("10437")

        customer.get_by_role("button", name="Hang up").click()
        expect(alex.locator(".call-who")).to_contain_text("In chat")
        people.write(alex, "Have a nice day.")
        expect(said(customer, "human").last).to_contain_text("nice day")
        people.end(alex)
        people.wrap_up(alex, "resolved")


def test_a_supervisor_listens_and_whispers(
    browser: Browser, office: Office, alex: Page, speak: Speak, transcribe: Hear
) -> None:
    with (
        chromium.opened(browser, office.url) as customer,
        people.desk(browser, office.url, "sam", office.passwords["sam"]) as sam,
    ):
        begin_call(customer)
        says(customer, speak(people.WISH))
        expect(people.ringing(alex)).to_be_visible()
        people.accept(alex)
        people.connect(alex, "In call")
        sam.get_by_role("button", name="All sessions").click()
        expect(sam.get_by_role("row")).to_contain_text(["Customer", "Alex"])
        people.is_accessible(sam, "sessions")
        sam.get_by_role("row").nth(1).get_by_role("button", name="Open").click()
        toolbar = sam.get_by_role("toolbar", name="Take part")
        toolbar.get_by_role("button", name="Listen").click()
        expect(sam.get_by_text("You listen. Nobody hears you.")).to_be_visible()

        marks = {page: chromium.recorded(page).seconds for page in (customer, alex, sam)}
        says(sam, speak("Nobody may hear this sentence."))
        says(customer, speak("There is a big hole in the roof of my tent."))
        assert re.search("hole|roof", transcribe(spoken_to(sam, marks[sam])))
        assert "nobody" not in transcribe(spoken_to(alex, marks[alex])).lower()
        toolbar.get_by_role("button", name="Whisper").click()
        expect(sam.get_by_text("Only the agent hears you.")).to_be_visible()
        marks[alex] = chromium.recorded(alex).seconds
        says(sam, speak("You may offer twenty dollars."))
        assert re.search("twenty|20", transcribe(spoken_to(alex, marks[alex])))
        assert not heard_after(customer, marks[customer]).is_loud(), "the customer hears nothing of it"
        people.is_accessible(sam, "supervises")
        customer.get_by_role("button", name="Hang up").click()
        expect(alex.get_by_label("How did it end?")).to_be_visible()
        people.wrap_up(alex, "resolved")
