"""A colleague is asked at the agents' page, at both ends, in a real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from gateway.desk.messages import BriefingChanged, Colleague, Presence
from pipelines.facts import CustomerTurn, Words
from tests.end_to_end.desk_scenes import (
    ROSA,
    TURNS,
    be_available,
    browser,
    consult,
    contact,
    desk,
    has,
    page,
)
from tests.fakes.scripted_desk import ScriptedDesk

__all__ = ["browser", "desk", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def colleague(name: str, calls: int = 0) -> Colleague:
    return Colleague(
        agent_id=f"a_{name.lower()}",
        name=name,
        state="available",
        queues=("refunds",),
        contacts={"voice": calls},
        capacity={"voice": 1},
    )


def test_an_agent_asks_a_colleague_and_hands_the_customer_over(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice"), Presence(agents=(colleague("Tom"), colleague("Mia", 1))))
    page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog", name="Transfer")
    ask = dialog.get_by_role("button", name="Ask first")
    expect(ask).to_be_disabled()
    dialog.get_by_text("Mia").click()
    expect(ask).to_be_disabled()
    dialog.get_by_text("Tom", exact=True).click()
    desk.script["consult"] = lambda _: [consult("asked", mine=True)]
    ask.click()
    expect(dialog).to_be_hidden()
    bar = page.get_by_role("region", name="You ask Tom")
    expect(bar.get_by_role("status")).to_have_text("It rings at Tom's desk. You still have Rosa Blum.")
    desk.tell(contact(channel="voice", hold=True), consult("talking", mine=True))
    expect(bar.get_by_role("status")).to_have_text("You talk with Tom. Rosa Blum hears music.")
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()
    desk.far_end.heard = 0
    page.wait_for_timeout(500)
    assert desk.far_end.heard > 1000, "the colleague hears the microphone, though the customer is on hold"
    desk.script["consult_end"] = lambda _: [
        contact(channel="voice", mine=False, agent_id="a_tom", agent="Tom"),
        consult("over", mine=True, why="handed_over"),
    ]
    bar.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("Tom has the customer now.")).to_be_visible()
    expect(bar).to_be_hidden()
    (asked,), (ended,) = desk.of("consult"), desk.of("consult_end")
    assert (asked.session, asked.agent, ended.session, ended.how) == ("s_1", "a_tom", "s_1", "hand_over")


def test_an_agent_goes_back_to_the_customer(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice", hold=True), consult("talking", mine=True))
    desk.script["consult_end"] = lambda _: [
        contact(channel="voice"),
        consult("over", mine=True, why="back"),
    ]
    page.get_by_role("button", name="Back to the customer").click()
    expect(page.get_by_role("button", name="Hold")).to_be_enabled()
    assert [command.how for command in desk.of("consult_end")] == ["back"]
    desk.tell(consult("asked", mine=True))
    page.get_by_role("button", name="Ask no more").click()
    page.wait_for_timeout(100)
    assert len(desk.of("consult_end")) == 2


def test_in_a_chat_nobody_is_asked_first(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact(), Presence(agents=(colleague("Tom"),)))
    page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog", name="Transfer")
    dialog.get_by_text("Tom", exact=True).click()
    expect(dialog.get_by_role("button", name="Ask first")).to_have_count(0)


def test_who_is_asked_accepts_by_the_keyboard_reads_along_and_leaves(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    desk.say("s_1", *TURNS)
    desk.script["consult_answer"] = lambda _: [consult("talking")]
    page.evaluate("() => document.activeElement.blur()")
    desk.tell(consult("asked"))
    card = page.get_by_role("dialog", name="Tom asks you about Rosa Blum")
    expect(card).to_be_focused()
    expect(card).to_contain_text("The tent arrived torn.")
    expect(page.locator("[aria-live=assertive]").first).to_contain_text("Tom asks you about Rosa Blum")
    assert page.title().startswith("☎ Tom asks you")
    expect(page.get_by_role("log")).to_have_count(0)
    page.wait_for_timeout(800)
    page.keyboard.press("a")
    expect(card).to_be_hidden()
    bar = page.get_by_role("region", name="Tom asks you")
    expect(bar.get_by_role("status")).to_have_text(
        "You talk with Tom about Rosa Blum. The customer hears music."
    )
    expect(page.get_by_role("log")).to_contain_text("10812")
    expect(page.get_by_role("tab")).to_have_count(1)
    expect(page.get_by_label("Message to the customer")).to_have_count(0)
    desk.tell(BriefingChanged(session="s_1", briefing={**ROSA, "summary": ["Now it is settled."]}))
    expect(page.get_by_text("Now it is settled.")).to_be_visible()
    desk.far_end.heard = 0
    page.wait_for_timeout(500)
    assert desk.far_end.heard > 1000
    desk.script["consult_end"] = lambda _: [consult("over", why="left")]
    bar.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("log")).to_have_count(0)
    expect(page.get_by_text("10812")).to_have_count(0)
    (answered,), (ended,) = desk.of("consult_answer"), desk.of("consult_end")
    assert (answered.consult, answered.answer, ended.how) == ("c_1", "accept", "back")
    assert [command.session for command in desk.of("watch")] == ["s_1"]
    page.wait_for_timeout(500)
    desk.far_end.heard = 0
    page.wait_for_timeout(500)
    assert desk.far_end.heard < 100


def test_who_is_asked_declines_or_misses_it(page: Page, desk: ScriptedDesk) -> None:
    desk.script["consult_answer"] = lambda _: [consult("over", why="declined")]
    desk.tell(consult("asked"))
    card = page.get_by_role("dialog", name=re.compile("Tom asks you"))
    expect(card).to_be_visible()
    page.keyboard.press("Alt+x")
    expect(card).to_be_hidden()
    assert [command.answer for command in desk.of("consult_answer")] == ["decline"]
    desk.tell(consult("asked", consult="c_2"))
    expect(card).to_be_visible()
    desk.tell(consult("over", consult="c_2", why="missed"))
    expect(card).to_be_hidden()
    expect(page.get_by_text("You missed a question of Tom.")).to_be_visible()


def test_a_customer_who_is_handed_over_stays_on_the_screen(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    desk.say("s_1", *TURNS)
    desk.tell(consult("talking"))
    expect(page.get_by_role("log")).to_contain_text("10812")
    desk.tell(contact(channel="voice"), consult("over", why="handed_over"))
    expect(page.get_by_role("button", name="Hold")).to_be_visible()
    desk.say("s_1", CustomerTurn(turn_id="c9", channel="voice", pii=Words(text="Who is this now?")))
    expect(page.get_by_role("log")).to_contain_text("Who is this now?")
    expect(page.get_by_role("log")).to_contain_text("10812")
    assert [command.after for command in desk.of("watch")] == [0, len(TURNS)]


def test_a_consult_outlasts_a_lost_connection(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice", hold=True), consult("talking", mine=True))
    desk.drop()
    expect(page.locator(".connection")).to_have_attribute("data-state", "waiting")
    expect(page.locator(".connection")).to_have_attribute("data-state", "open", timeout=20_000)
    expect(page.get_by_role("button", name="Back to the customer")).to_be_visible()
