"""Calls at the agents' page, and supervisors, in a real Chromium."""

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.desk.messages import (
    Sessions,
)
from tests.end_to_end import chromium
from tests.end_to_end.desk_scenes import (
    LIVE,
    TURNS,
    WAITS,
    be_available,
    browser,
    contact,
    desk,
    desk_of,
    has,
    opened,
    page,
)
from tests.fakes.scripted_desk import ScriptedDesk

__all__ = ["browser", "desk", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


# --- calls -----------------------------------------------------------------------------------------------


def test_the_microphone_is_heard_only_while_agent_and_customer_talk(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice", state="briefing", floor="bot"))
    page.wait_for_timeout(1000)
    assert desk.far_end.heard < 100
    has(page, desk, contact(channel="voice"))
    page.wait_for_timeout(1000)
    assert desk.far_end.heard > 1000
    assert chromium.heard(page) > 0.001
    page.keyboard.press("Alt+m")
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    page.wait_for_timeout(500)
    desk.far_end.heard = 0
    page.wait_for_timeout(500)
    assert desk.far_end.heard < 100
    assert [command.on for command in desk.of("mute")] == [True]


def test_hold_and_keys(page: Page, desk: ScriptedDesk) -> None:
    desk.script["hold"] = lambda command: [contact(channel="voice", hold=command.on)]
    be_available(page)
    has(page, desk, contact(channel="voice"))
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("On hold").first).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Hold")).to_be_visible()
    page.get_by_role("button", name="Keypad").click()
    page.get_by_role("dialog").get_by_role("button", name="1", exact=True).click()
    page.keyboard.press("#")
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("1#")
    page.wait_for_timeout(100)
    assert "".join(command.digits for command in desk.of("press")) == "1#"


def test_a_call_goes_on_while_the_connection_is_away(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice"))
    page.wait_for_timeout(500)
    desk.online = False
    desk.drop()
    expect(page.locator(".connection")).to_have_attribute("data-state", "waiting")
    before = chromium.heard(page)
    desk.far_end.heard = 0
    page.wait_for_timeout(500)
    assert chromium.heard(page) > before
    assert desk.far_end.heard > 1000
    desk.online = True
    expect(page.locator(".connection")).to_have_attribute("data-state", "open", timeout=20_000)
    assert desk.far_end.connections == 1
    expect(page.get_by_role("button", name="Hold")).to_be_visible()


def test_a_reload_in_a_call_brings_the_audio_back(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice"))
    page.reload()
    expect(page.get_by_text("Audio is connected")).to_be_visible()
    expect(page.get_by_role("button", name="Hold")).to_be_visible()
    desk.far_end.heard = 0
    page.wait_for_timeout(1000)
    assert desk.far_end.heard > 1000
    assert desk.far_end.connections == 2


def test_audio_that_another_tab_took_is_not_taken_back_by_itself(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    desk.hang_up()
    expect(page.get_by_text("Your audio is somewhere else")).to_be_visible()
    page.wait_for_timeout(500)
    assert desk.far_end.connections == 1
    page.get_by_role("button", name="Connect here").click()
    expect(page.get_by_text("Audio is connected")).to_be_visible()


def test_a_microphone_that_cannot_be_had_has_a_remedy(page: Page, desk: ScriptedDesk) -> None:
    reject = "async () => { throw new DOMException('', 'NotAllowedError') }"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {reject} }}")
    page.get_by_text("Available", exact=True).click()
    expect(page.get_by_text("The microphone is blocked")).to_be_visible()
    expect(page.get_by_role("button", name="Connect here")).to_be_enabled()


# --- supervisors -----------------------------------------------------------------------------------------


def test_a_supervisor_sees_all_listens_whispers_and_takes_over(browser: Browser) -> None:
    with desk_of("supervisor") as desk, opened(browser, desk) as page:
        desk.script["supervise"] = lambda command: (
            [contact("s_5", channel="voice")] if command.mode == "take_over" else []
        )
        desk.tell(Sessions(live=(LIVE, WAITS)))
        page.get_by_role("button", name="All sessions").click()
        rows = page.get_by_role("row")
        expect(rows).to_have_count(3)
        expect(rows.nth(1)).to_contain_text("In line")
        expect(rows.nth(2)).to_contain_text("Tom")
        rows.nth(2).get_by_role("button").click()
        expect(page.get_by_text("You look on. Nobody is told.")).to_be_visible()
        desk.say("s_5", *TURNS)
        expect(page.get_by_role("log")).to_contain_text("10812")
        page.get_by_role("button", name="Listen").click()
        expect(page.get_by_text("You listen. Nobody hears you.")).to_be_visible()
        page.wait_for_timeout(700)
        assert desk.far_end.heard < 100
        page.get_by_role("button", name="Whisper").click()
        expect(page.get_by_text("Only the agent hears you.")).to_be_visible()
        page.wait_for_timeout(700)
        assert desk.far_end.heard > 1000
        page.get_by_role("button", name="Take over").click()
        expect(page.get_by_role("button", name="Hold")).to_be_visible()
        assert [command.mode for command in desk.of("supervise")] == ["monitor", "whisper", "take_over"]


def test_listening_in_goes_on_after_a_restart(browser: Browser) -> None:
    with desk_of("supervisor") as desk, opened(browser, desk) as page:
        desk.tell(Sessions(live=(LIVE,)))
        page.get_by_role("button", name="All sessions").click()
        page.get_by_role("row").nth(1).get_by_role("button").click()
        page.get_by_role("button", name="Listen").click()
        expect(page.get_by_text("You listen. Nobody hears you.")).to_be_visible()
        desk.drop()
        expect(page.locator(".connection")).to_have_attribute("data-state", "waiting")
        expect(page.locator(".connection")).to_have_attribute("data-state", "open", timeout=20_000)
        page.wait_for_timeout(200)
        assert [command.mode for command in desk.of("supervise")] == ["monitor", "monitor"]


def test_who_leaves_a_session_sees_no_more_of_it(browser: Browser) -> None:
    with desk_of("supervisor") as desk, opened(browser, desk) as page:
        desk.tell(Sessions(live=(LIVE,)))
        page.get_by_role("button", name="All sessions").click()
        page.get_by_role("row").nth(1).get_by_role("button").click()
        desk.say("s_5", *TURNS)
        expect(page.get_by_role("log")).to_contain_text("10812")
        page.get_by_role("button", name="Leave").click()
        expect(page.get_by_text("10812")).to_have_count(0)
        page.wait_for_timeout(100)
        assert [command.session for command in desk.of("unwatch")] == ["s_5"]


def test_agents_have_no_view_of_all_sessions(page: Page) -> None:
    expect(page.get_by_role("button", name="All sessions")).to_have_count(0)
