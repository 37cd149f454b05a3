"""What stands beside the contacts on the agents' page: follow-ups, measures, the draft of a wrap-up."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gateway.desk.measured import Measured, Waits
from gateway.desk.messages import BriefingChanged, Sessions
from gateway.handoff.recent import Recent
from gateway.handoff.states import State
from gateway.web.follow_ups import FollowUpView
from pipelines.facts import Channel
from pipelines.wrap_up import WrapUpDraft
from tests.end_to_end.built_pages import PHONE, violations
from tests.end_to_end.desk_scenes import (
    LIVE,
    ROSA,
    browser,
    contact,
    desk,
    desk_of,
    has,
    in_chat,
    opened,
    picture,
    screen,
)
from tests.fakes.scripted_desk import ScriptedDesk
from tests.fakes.scripted_office import refusal

__all__ = ["browser", "desk"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
HOUR_S = 3600.0


@pytest.fixture
def chief() -> Iterator[ScriptedDesk]:
    with desk_of("supervisor") as running:
        yield running


def owed(follow_up_id: str = "f_call", due_s: float = -5.5 * HOUR_S, **change: Any) -> FollowUpView:
    """A callback; `due_s` from now."""
    given: dict[str, Any] = {
        "session": "s_5",
        "kind": "callback",
        "queue": "refunds",
        "created_at": time.time() - 6 * HOUR_S,
        "created_by": "customer",
        "attempts": 1,
        "number": "+12065550100",
        "words": "Maya Lopez",
        "summary": ["Wants $612.40 back for order 10812.", "The tent arrived torn."],
    }
    due_at = time.time() + due_s
    return FollowUpView(follow_up_id=follow_up_id, due_at=due_at, **{**given, **change})


TASK = {"kind": "task", "created_by": "a_anna", "number": None, "words": "Ask the courier for the file."}


def fill(desk: ScriptedDesk) -> None:
    message = {"kind": "message", "number": None, "words": "Otto Kranz, o•••@example.com", "attempts": 0}
    desk.office.follow_ups = [
        owed("f_task", 50 * HOUR_S, attempts=0, summary=[], **TASK),
        owed("f_message", -60, **message),
        owed(),
    ]


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Views").get_by_role("button", name=re.compile(f"^{name}"))


def look(page: Page, name: str = "Follow-ups") -> None:
    tab(page, name).click()
    expect(page.get_by_role("heading", name=re.compile(f"^{name}"), level=2)).to_be_visible()


def shown(page: Page) -> Locator:
    """The view that is looked at."""
    return page.get_by_role("main")


def too_wide(page: Page) -> int:
    """Pixels that would have to be scrolled sideways, of the page or of the view in it."""
    main = shown(page).evaluate("main => main.scrollWidth - main.clientWidth")
    document = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    return max(int(main), int(document))


def cards(page: Page) -> Locator:
    return page.get_by_role("article")


# --- follow-ups ------------------------------------------------------------------------------------------


def test_what_is_owed_stands_there_with_the_due_ones_first(browser: Browser, desk: ScriptedDesk) -> None:
    fill(desk)
    with opened(browser, desk) as page:
        expect(tab(page, "Follow-ups")).to_have_accessible_name("Follow-ups (3 open, 2 due)")
        look(page)
        assert cards(page).get_by_role("heading").all_inner_texts() == [
            "Call the customer back",
            "Answer the customer",
            "Ask the courier for the file.",
        ]
        call, message, task = cards(page).all()
        expect(call).to_contain_text("Overdue by 5 h")
        expect(call).to_contain_text("Maya Lopez, +12065550100")
        expect(call).to_contain_text("The tent arrived torn.")
        expect(call).to_contain_text("Refunds, wished by the customer, tried once")
        expect(call).to_contain_text("in session s_5")
        expect(call).to_contain_text("calls by itself")
        expect(message).to_contain_text("Due now")
        expect(task).to_contain_text("Due in 2 days")
        expect(task).to_contain_text("noted by you")
        expect(page.get_by_role("heading", name="Due (2)")).to_be_visible()
        expect(page.get_by_role("heading", name="Later (1)")).to_be_visible()


def test_one_is_closed_in_two_steps_by_keyboard(browser: Browser, desk: ScriptedDesk) -> None:
    fill(desk)
    with opened(browser, desk) as page:
        look(page)
        begin = cards(page).first.get_by_role("button", name=re.compile("^Close"))
        begin.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Done")).to_be_focused()
        page.keyboard.press("Escape")
        expect(begin).to_be_focused()
        assert desk.office.closed == []
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Not reached").click()
        expect(cards(page)).to_have_count(2)
        expect(page.get_by_role("heading", name=re.compile("^Follow-ups"))).to_be_focused()
        expect(page.get_by_text("Closed: Call the customer back.")).to_be_attached()
        expect(tab(page, "Follow-ups")).to_have_accessible_name("Follow-ups (2 open, 1 due)")
        assert desk.office.closed == [("f_call", "not_reached")]


def test_one_that_a_colleague_has_closed_goes_with_a_word(browser: Browser, desk: ScriptedDesk) -> None:
    desk.office.follow_ups = [owed()]
    with opened(browser, desk) as page:
        look(page)
        cards(page).get_by_role("button", name=re.compile("^Close")).click()
        desk.office.follow_ups = []
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_text("Somebody has closed it already.")).to_be_visible()
        expect(cards(page)).to_have_count(0)
        expect(page.get_by_text("Nothing is owed to anybody now.")).to_be_visible()


def test_what_cannot_be_read_is_said_and_tried_again(browser: Browser, desk: ScriptedDesk) -> None:
    fill(desk)
    away = refusal("unavailable", 503, "The session store does not answer.")
    desk.office.refusals["/api/desk/follow-ups"] = away
    with opened(browser, desk) as page:
        look(page)
        expect(page.get_by_role("alert")).to_contain_text("The session store does not answer.")
        expect(tab(page, "Follow-ups")).to_have_accessible_name("Follow-ups")
        desk.office.refusals.clear()
        page.get_by_role("button", name="Try again").click()
        expect(cards(page)).to_have_count(3)
        expect(page.get_by_role("alert")).to_have_count(0)


def test_one_that_cannot_be_closed_stays(browser: Browser, desk: ScriptedDesk) -> None:
    desk.office.follow_ups = [owed()]
    with opened(browser, desk) as page:
        look(page)
        desk.office.refusals["/api/desk/follow-ups/f_call"] = refusal("unavailable", 503, "Not now.")
        cards(page).get_by_role("button", name=re.compile("^Close")).click()
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_text("Not now.")).to_be_visible()
        expect(cards(page)).to_have_count(1)
        expect(page.get_by_role("button", name="Done")).to_be_enabled()


def test_the_count_follows_what_is_wrapped_up_and_what_is_gone_is_not_kept(
    browser: Browser, desk: ScriptedDesk
) -> None:
    with opened(browser, desk) as page:
        has(page, desk, contact(state="wrap_up", floor="none"))
        expect(tab(page, "Follow-ups")).to_have_accessible_name("Follow-ups")
        desk.office.follow_ups = [owed("f_task", 50 * HOUR_S, **TASK)]
        desk.tell(contact(state="closed", floor="none"))
        expect(tab(page, "Follow-ups")).to_have_accessible_name("Follow-ups (1 open)")
        look(page)
        expect(cards(page)).to_have_count(1)
        tab(page, "My desk").click()
        assert "courier" not in page.content(), "customers' data do not stay in the page"
        assert "/api/desk/follow-ups" in desk.office.asked


def test_a_half_written_wrap_up_is_there_when_one_comes_back(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk) as page:
        has(page, desk, contact(state="wrap_up", floor="none"))
        page.get_by_role("textbox", name="Summary").fill("She is sad about the tent.")
        look(page)
        expect(page.get_by_role("textbox", name="Summary")).to_be_hidden()
        tab(page, "My desk").click()
        expect(page.get_by_role("textbox", name="Summary")).to_have_value("She is sad about the tent.")


def test_a_supervisor_goes_from_a_follow_up_to_its_session_while_it_lasts(
    browser: Browser, chief: ScriptedDesk
) -> None:
    chief.office.follow_ups = [owed(), owed("f_other", session="s_over")]
    with opened(browser, chief) as page:
        chief.tell(Sessions(live=(LIVE,)))
        look(page)
        openers = page.get_by_role("button", name=re.compile("^Open the session"))
        expect(openers).to_have_count(1)
        openers.click()
        expect(page.get_by_role("log", name="Conversation with Rosa Blum")).to_be_visible()


# --- measures --------------------------------------------------------------------------------------------


def measured(node: str | None = None) -> Measured:
    now = time.time()
    recent = Recent()
    cases: list[tuple[str, Channel, str, float, str | None]] = [
        ("general", "voice", "customer_asked", 2.0, "talked"),
        ("general", "voice", "legal", 4.0, "handed_back"),
        ("refunds", "chat", "over_limit", 20.0, None),
    ]
    for queue, channel, reason, seconds, outcome in cases:
        one = recent.begin("h", reason, queue, now - HOUR_S)
        for state in (State.OFFERED, State.BRIEFING, State.HUMAN_ACTIVE):
            one.came_to(state, channel, one.began + seconds)
        one.heard(channel, one.began + seconds + 30.0)
        if channel == "voice":
            one.silent(seconds / 2)
        if outcome is not None:
            one.ended(outcome, channel, now)
    gone = recent.begin("h", "complaint", "general", now - HOUR_S)
    gone.came_to(State.QUEUED, "voice", now)
    gone.ended("abandoned_queued", "voice", now)
    line = Waits(queue="general", channel="voice", waiting=2, ringing=1, longest_s=95.0)
    return Measured(node=node, now=now, waiting=(line,), recent=recent.report(now))


def test_a_supervisor_sees_what_handoffs_took_and_how_they_went(
    browser: Browser, chief: ScriptedDesk
) -> None:
    with opened(browser, chief) as page:
        look(page, "Measures")
        expect(shown(page).get_by_text("No handoffs yet.")).to_be_visible()
        expect(shown(page).get_by_text("Nobody waits.")).to_be_visible()
        chief.office.measured = measured()  # and it comes by itself
        expect(page.locator(".figures")).to_be_visible(timeout=10_000)
        row = page.get_by_role("region", name="From the wish for a person").get_by_role("row")
        expect(row.nth(2)).to_have_text(re.compile("^GeneralCalls3(3.0 s4.0 s){3}33 s34 s1.5 s2.0 s$"))
        expect(row.nth(3)).to_have_text(re.compile("^RefundsChats1(20 s20 s){3}50 s50 s––$"))
        waiting = page.get_by_role("region", name="Waiting now").get_by_role("row").nth(1)
        expect(waiting).to_have_text("GeneralCalls211:35")
        causes, went = (page.get_by_role("region", name=name).first for name in ("By cause", "How it went"))
        expect(causes).to_contain_text("Over the bot's limit1 of 1 (100 %)")
        expect(went).to_contain_text("Left: in line1")
        expect(page.locator(".figures")).to_contain_text("With a person3 of 4 (75 %)")
        assert "this node" not in shown(page).inner_text()


def test_measures_of_one_node_of_many_say_so(browser: Browser, chief: ScriptedDesk) -> None:
    chief.office.measured = measured("gw-1")
    with opened(browser, chief) as page:
        look(page, "Measures")
        expect(page.get_by_text("at this node (gw-1) alone")).to_be_visible()


def test_measures_that_do_not_come_are_told_and_what_was_there_stays(
    browser: Browser, chief: ScriptedDesk
) -> None:
    chief.office.measured = measured()
    with opened(browser, chief) as page:
        look(page, "Measures")
        expect(page.locator(".figures")).to_be_visible()
        chief.office.refusals["/api/desk/measures"] = refusal("busy", 503, "The desk is not there.")
        expect(page.get_by_role("alert")).to_contain_text(
            "The desk is not there. These figures are of ", timeout=10_000
        )
        expect(page.locator(".figures")).to_be_visible()
        chief.office.refusals.clear()
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_measures_are_asked_for_only_while_they_are_looked_at(browser: Browser, chief: ScriptedDesk) -> None:
    with opened(browser, chief) as page:
        assert "/api/desk/measures" not in chief.office.asked
        look(page, "Measures")
        expect(page.get_by_text("No handoffs yet.")).to_be_visible()
        tab(page, "My desk").click()
        asked = chief.office.asked.count("/api/desk/measures")
        page.wait_for_timeout(4_500)
        assert chief.office.asked.count("/api/desk/measures") == asked


def test_an_agent_has_no_view_of_measures_or_of_all_sessions(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk) as page:
        names = page.get_by_role("navigation", name="Views").get_by_role("button").all_inner_texts()
        assert names == ["My desk", "Follow-ups"]


def test_an_admin_who_has_one_view_is_not_asked_which(browser: Browser) -> None:
    with desk_of("admin") as desk, opened(browser, desk) as page:
        expect(page.get_by_role("heading", name=re.compile("^Live sessions"))).to_be_visible()
        expect(page.get_by_role("navigation", name="Views")).to_have_count(0)
        assert desk.office.asked == [], "and asks for nothing that it may not have"


# --- the draft of a wrap-up ------------------------------------------------------------------------------


DRAFT = WrapUpDraft(text="Wanted: refund\nDone: nothing with a receipt", wanted="refund")


def test_a_wrap_up_begins_with_the_gateways_draft(browser: Browser, desk: ScriptedDesk) -> None:
    desk.office.draft = DRAFT
    with opened(browser, desk) as page:
        has(page, desk, contact(state="wrap_up", floor="none"), BriefingChanged(session="s_1", briefing=ROSA))
        expect(page.get_by_role("textbox", name="Summary")).to_have_value(DRAFT.text)
        assert "/api/desk/wrap-up?session=s_1" in desk.office.asked


def test_what_the_agent_wrote_is_not_written_over(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk) as page:
        has(page, desk, contact(state="wrap_up", floor="none"), BriefingChanged(session="s_1", briefing=ROSA))
        summary = page.get_by_role("textbox", name="Summary")
        expect(summary).to_have_value(re.compile("Rosa Blum wants"))  # the gateway has no draft
        summary.fill("Mine.")
        desk.office.draft = DRAFT
        asked = len(desk.office.asked)
        desk.tell(BriefingChanged(session="s_1", briefing={**ROSA, "summary": ["More is known."]}))
        while len(desk.office.asked) == asked:
            page.wait_for_timeout(20)
        expect(page.get_by_role("textbox", name="Summary")).to_have_value("Mine.")


# --- for everybody ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_follow_ups_meet_wcag_aa(browser: Browser, chief: ScriptedDesk, device: str, scheme: str) -> None:
    fill(chief)
    with opened(browser, chief, color_scheme=scheme, **screen(device)) as page:
        look(page)
        expect(cards(page)).to_have_count(3)
        cards(page).nth(1).get_by_role("button", name=re.compile("^Close")).click()
        picture(page, f"follow-ups-{device}-{scheme}")
        assert violations(page) == []
        assert too_wide(page) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_measures_meet_wcag_aa(browser: Browser, chief: ScriptedDesk, device: str, scheme: str) -> None:
    chief.office.measured = measured("gw-1")
    with opened(browser, chief, color_scheme=scheme, **screen(device)) as page:
        look(page, "Measures")
        expect(page.locator(".figures")).to_be_visible()
        picture(page, f"measures-{device}-{scheme}")
        assert violations(page) == []
        assert too_wide(page) <= 0


@pytest.mark.parametrize("fault", [False, True])
def test_empty_and_broken_views_meet_wcag_aa(browser: Browser, chief: ScriptedDesk, fault: bool) -> None:
    if fault:
        chief.office.refusals["/api/desk/"] = refusal("busy", 503, "Not right now.")
    with opened(browser, chief, **PHONE) as page:
        for name, words in (("Follow-ups", "Nothing is owed"), ("Measures", "Nobody waits.")):
            look(page, name)
            expect(shown(page).get_by_text("Not right now." if fault else words)).to_be_visible()
            assert violations(page) == []


def test_a_contact_beside_the_views_keeps_its_place(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk) as page:
        in_chat(page, desk)
        look(page)
        page.keyboard.press("Alt+i")
        expect(page.get_by_label("Private question to the bot")).to_be_focused()
        expect(tab(page, "My desk")).to_have_attribute("aria-current", "page")
