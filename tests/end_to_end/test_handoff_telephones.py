"""Real Chromium on one side of a handed-over call and a real telephone (baresip) on the other.

What each side heard is written down by another Whisper: nobody hears a word that is not for them.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end import chromium, people
from tests.end_to_end.people import begin_call, heard_after, patience, says, silent
from tests.interop import talkers
from tests.interop.baresip import baresip
from tests.interop.handoff_office import ANSWER_S, Office, Words, office, words
from tests.interop.speech import Hear, speak, transcribe
from tests.interop.talkers import on_telephone

__all__ = ["office", "patience", "silent", "speak", "transcribe", "words"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.interop,
    pytest.mark.models,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def browser(silent: Path) -> Iterator[Browser]:
    with chromium.chromium(silent) as running:
        yield running


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    """Where telephones run, beside the pages of this thread."""
    with start_blocking_portal() as running:
        yield running


def quiet(page: Page) -> None:
    """Until nobody has spoken to the page for a while."""
    end = time.monotonic() + ANSWER_S
    while heard_after(page, chromium.recorded(page).seconds - 1.5).is_loud():
        assert time.monotonic() < end, "it never ends"
        page.wait_for_timeout(100)


def test_a_telephone_talks_to_an_agent_at_their_page(
    browser: Browser, office: Office, words: Words, transcribe: Hear, portal: BlockingPortal
) -> None:
    with (
        people.desk(browser, office.gateway.url, "alex", office.password) as alex,
        portal.wrap_async_context_manager(on_telephone(office.gateway.uri())) as alice,
    ):
        people.is_available(alex)
        portal.call(talkers.spoken_to, alice, 0, ANSWER_S)
        portal.call(alice.say, words.wish)
        expect(people.ringing(alex)).to_contain_text("is calling")
        portal.call(alice.say, words.secret)
        people.accept(alex)
        alex.wait_for_timeout(1_000 * words.secret.seconds + 1_000)
        assert not chromium.recorded(alex).is_loud(), "who reads hears nothing"

        people.connect(alex, "In call")
        alex.wait_for_timeout(1_000)
        before = chromium.recorded(alex).seconds
        portal.call(alice.say, words.question)
        people.spoken_to(alex, before)
        since = alice.heard().seconds
        says(alex, words.answer)
        portal.call(talkers.spoken_to, alice, since, 20)
        by_alex = transcribe(chromium.recorded(alex).without_pauses())
        people.end(alex)
        portal.call(alice.until, "CALL_CLOSED")
        people.wrap_up(alex, "resolved")
        by_alice = transcribe(alice.heard().without_pauses())
    assert re.search("help.*tomorrow morning", by_alice, re.I | re.S), by_alice
    assert re.search("roof", by_alex, re.I), by_alex
    assert not re.search("potato|colleague|help|tomorrow", by_alex, re.I), "not a word of the bot's"


def test_a_page_talks_to_an_agent_on_the_telephone_who_takes_the_call_with_a_key(
    browser: Browser, office: Office, words: Words, transcribe: Hear, portal: BlockingPortal
) -> None:
    with (
        portal.wrap_async_context_manager(baresip(office.bob)) as bob,
        chromium.opened(browser, office.gateway.url) as customer,
    ):
        begin_call(customer)
        says(customer, words.wish)
        portal.call(bob.until, "CALL_INCOMING", ANSWER_S)
        portal.call(bob.answer)
        portal.call(bob.until, "CALL_ESTABLISHED")
        portal.call(bob.say, words.hello)
        says(customer, words.secret)
        portal.call(talkers.spoken_to, bob, 0, ANSWER_S, 2.5)
        quiet(customer)
        since = chromium.recorded(customer).seconds
        portal.call(bob.press, "1")
        people.spoken_to(customer, since)

        since = bob.heard().seconds
        says(customer, words.question)
        portal.call(talkers.spoken_to, bob, since, 20)
        since = chromium.recorded(customer).seconds
        portal.call(bob.say, words.answer)
        people.spoken_to(customer, since)
        since = chromium.recorded(customer).seconds
        portal.call(bob.hang_up)
        people.spoken_to(customer, since)
        by_customer = transcribe(chromium.recorded(customer).without_pauses())
        by_agent = transcribe(bob.heard().without_pauses())
        customer.get_by_role("button", name="Hang up").click()
    assert re.search("help.*colleague.*tomorrow morning.*me again", by_customer, re.I | re.S), by_customer
    assert not re.search("press|verified|bob|roof", by_customer, re.I), "no word of the whisper, no echo"
    assert re.search("not verified.*press.*roof", by_agent, re.I | re.S), by_agent
    assert not re.search("potato|colleague|tomorrow|me again", by_agent, re.I), "nothing else of either"
