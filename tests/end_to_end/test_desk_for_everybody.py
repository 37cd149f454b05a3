"""The agents' page for everybody: keyboard, screen reader, phones, contrast; and what it keeps of others."""

import json
import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.desk.messages import (
    BriefingChanged,
    Colleague,
    Presence,
    Sessions,
)
from pipelines.facts import (
    CustomerTurn,
    TranscriptPartial,
    Words,
)
from tests.end_to_end import chromium
from tests.end_to_end.built_pages import PHONE, violations
from tests.end_to_end.desk_scenes import (
    LIVE,
    ROSA,
    SCENES,
    TURNS,
    WAITS,
    Scene,
    browser,
    contact,
    desk,
    desk_of,
    field,
    has,
    in_chat,
    lines,
    opened,
    page,
    picture,
    screen,
    sign_in,
)
from tests.fakes.scripted_desk import ScriptedDesk

__all__ = ["browser", "desk", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_the_keyboard_goes_around_without_tabbing_through_everything(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact("s_1"), contact("s_2", customer="Otto", since=time.time()))
    first = page.get_by_role("button", name=re.compile("^Rosa"))
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name=re.compile("^Otto"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Conversation with Otto")).to_be_visible()
    page.get_by_role("tab", name="Briefing").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Copilot")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Hand back to the bot")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_only_what_is_final_is_announced(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    live = page.locator(".hidden > [aria-live=polite]").first
    desk.say("s_1", TranscriptPartial(stable_chars=0, pii=Words(text="Half a")))
    expect(lines(page).last).to_contain_text("Half a")
    expect(live).to_have_text("")
    desk.say("s_1", CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="Half a sentence.")))
    expect(live).to_have_text("Rosa Blum: Half a sentence.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_page_meets_wcag_aa(
    browser: Browser, desk: ScriptedDesk, scene: Scene, device: str, scheme: str
) -> None:
    with opened(browser, desk, color_scheme=scheme, **screen(device)) as page:
        scene(page, desk)
        picture(page, f"{scene.__name__}-{device}-{scheme}")
        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("device", ["desk", "phone"])
def test_the_supervisors_view_meets_wcag_aa(browser: Browser, device: str) -> None:
    tom = Colleague(
        agent_id="a_tom",
        name="Tom",
        state="available",
        queues=("refunds",),
        contacts={"voice": 1},
        capacity={"voice": 1},
    )
    with desk_of("supervisor") as desk, opened(browser, desk, **screen(device)) as page:
        desk.tell(Sessions(live=(LIVE, WAITS)), Presence(agents=(tom,)))
        page.get_by_role("button", name="All sessions").click()
        expect(page.get_by_role("row")).to_have_count(3)
        picture(page, f"sessions-{device}")
        assert violations(page) == []
        page.get_by_role("row").nth(2).get_by_role("button").click()
        desk.say("s_5", *TURNS)
        picture(page, f"supervises-{device}")
        assert violations(page) == []


@pytest.mark.parametrize("device", ["desk", "phone"])
def test_the_sign_in_meets_wcag_aa(browser: Browser, desk: ScriptedDesk, device: str) -> None:
    with chromium.opened(browser, desk.url, **screen(device)) as page:
        sign_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("do not fit together")
        picture(page, f"sign-in-{device}")
        assert violations(page) == []


def test_on_a_phone_one_column_is_shown_at_a_time(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk, **PHONE) as page:
        columns = page.get_by_role("navigation", name="Columns")
        expect(page.get_by_role("radio", name="Away")).to_be_visible()
        has(page, desk, contact(), BriefingChanged(session="s_1", briefing=ROSA))
        desk.say("s_1", *TURNS)
        expect(field(page)).to_be_visible()
        columns.get_by_role("button", name="Briefing").click()
        expect(field(page)).to_be_hidden()
        page.get_by_role("button", name="Show where this was said").first.click()
        expect(lines(page).first).to_be_focused()
        columns.get_by_role("button", name="Contacts").click()
        expect(page.get_by_role("radio", name="Away")).to_be_visible()


def test_what_is_kept_in_the_browser_is_no_ones_data(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    page.get_by_role("button", name="Switch the ring off").click()
    kept = json.loads(page.evaluate("() => JSON.stringify({ ...localStorage, ...sessionStorage })"))
    assert kept == {"warmline.ring": "off"}
