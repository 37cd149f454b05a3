"""The agents' page in a real Chromium, against a desk that follows the test's script to the letter."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.desk.messages import (
    Answer,
    BriefingChanged,
    Colleague,
    CustomerTyping,
    FormerContact,
    History,
    Me,
    OfferEnded,
    Presence,
    Queue,
    ToolRan,
    Waiting,
)
from gateway.events import HandoffChanged
from pipelines.facts import (
    Cited,
    CustomerTurn,
    NoteAdded,
    Suggestion,
    TranscriptPartial,
    Words,
)
from tests.end_to_end import chromium
from tests.end_to_end.desk_scenes import (
    ROSA,
    TURNS,
    browser,
    contact,
    desk,
    field,
    has,
    lines,
    offer,
    page,
    ringing,
    side,
    sign_in,
)
from tests.fakes.scripted_desk import PASSWORD, ScriptedDesk, refusal

__all__ = ["browser", "desk", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


# --- signing in ------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_asked_and_told_what_is_wrong(browser: Browser, desk: ScriptedDesk) -> None:
    with chromium.opened(browser, desk.url) as page:
        sign_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("do not fit together")
        desk.sign_in_refusal = refusal("too_many_tries", 429, "Wait.", **{"retry-after": "90"})
        sign_in(page)
        expect(page.get_by_role("alert")).to_contain_text("Wait 2 minutes")
        desk.sign_in_refusal = None
        sign_in(page)
        expect(page.get_by_text("Anna")).to_be_visible()
        assert page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]") == [
            0,
            0,
            "",
        ]


def test_caps_lock_is_told_while_the_password_is_typed(browser: Browser, desk: ScriptedDesk) -> None:
    with chromium.opened(browser, desk.url) as page:
        password = page.get_by_label("Password")
        password.dispatch_event("keydown", {"key": "A", "modifierCapsLock": True})
        expect(page.get_by_text("Caps Lock is on.")).to_be_visible()
        password.dispatch_event("keyup", {"key": "A"})
        expect(page.get_by_text("Caps Lock is on.")).to_be_hidden()


def test_a_reload_keeps_the_sign_in_and_signing_out_ends_it(page: Page, desk: ScriptedDesk) -> None:
    page.reload()
    expect(page.get_by_text("Anna")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()


def test_a_password_is_changed_without_losing_the_desk(page: Page, desk: ScriptedDesk) -> None:
    page.get_by_role("button", name="Anna").click()
    dialog = page.get_by_role("dialog", name="Change your password")
    expect(dialog.get_by_label("Old password")).to_be_focused()
    for old, new, words in (("wrong", "x", "The old password is wrong."), (PASSWORD, "short", "12 to 256")):
        dialog.get_by_label("Old password").fill(old)
        dialog.get_by_label("New password").fill(new)
        dialog.get_by_role("button", name="Change it").click()
        expect(dialog.get_by_role("alert")).to_contain_text(words)
    dialog.get_by_label("New password").fill("staple tram nineteen")
    dialog.get_by_role("button", name="Change it").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".connection")).to_have_attribute("data-state", "open")
    has(page, desk, contact())
    page.get_by_role("button", name="Anna").click()
    expect(dialog).to_contain_text("when no customer is with you")


def test_signing_out_with_a_customer_is_asked_about(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    page.get_by_role("button", name="Sign out").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("A customer is with you.")
    dialog.get_by_role("button", name="Stay").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Sign out").click()
    dialog.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()


def test_a_sign_in_that_is_over_takes_everything_off_the_screen(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    desk.say("s_1", *TURNS)
    expect(lines(page).first).to_contain_text("order 10812")
    desk.signed_in = False
    desk.drop(4401)
    expect(page.get_by_role("alert")).to_contain_text("Your sign-in is over")
    expect(page.get_by_text("10812")).to_have_count(0)


# --- presence and offers -----------------------------------------------------------------------------------


def test_an_offer_shows_its_briefing_before_it_is_accepted(page: Page, desk: ScriptedDesk) -> None:
    page.get_by_text("Available", exact=True).click()
    expect(page.get_by_text("You are available. ")).to_be_visible()
    desk.script["accept"] = lambda _: [OfferEnded(lease="l_1", why="accepted"), contact(state="briefing")]
    desk.tell(offer())
    for words in (
        "wants $612.40 back",
        "up to $500",
        "rc_17",
        "A colleague looks at it today",
        "Not shown in full",
    ):
        expect(ringing(page)).to_contain_text(words)
    expect(page.locator("[aria-live=assertive]")).to_contain_text("A chat rings: Refunds")
    ringing(page).get_by_role("button", name="Accept").click()
    expect(ringing(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Connect now")).to_be_visible()
    expect(page.get_by_role("tabpanel")).to_contain_text("wants $612.40 back")
    page.get_by_role("button", name="Connect now").click()
    page.wait_for_timeout(100)
    assert [command.session for command in desk.of("connect")] == ["s_1"]


def test_a_key_accepts_but_not_in_the_middle_of_a_sentence(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact("s_0", customer="Otto"))
    field(page).click()
    desk.tell(offer())
    expect(ringing(page)).to_be_visible()
    page.keyboard.type("a sentence about a parcel")
    page.keyboard.press("Enter")
    expect(lines(page).last).to_contain_text("a sentence about a parcel")
    assert desk.of("accept") == []
    page.keyboard.press("Alt+a")
    page.wait_for_timeout(100)
    assert [command.lease for command in desk.of("accept")] == ["l_1"]


def test_an_offer_takes_the_keyboard_of_who_does_not_write(page: Page, desk: ScriptedDesk) -> None:
    desk.tell(offer())
    expect(ringing(page)).to_be_focused()
    page.keyboard.press("Enter")
    assert desk.of("accept") == []
    page.wait_for_timeout(800)
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert len(desk.of("accept")) == 1


def test_an_offer_is_declined_with_a_reason(page: Page, desk: ScriptedDesk) -> None:
    desk.script["decline"] = lambda _: [OfferEnded(lease="l_1", why="declined")]
    desk.tell(offer())
    ringing(page).get_by_role("button", name="Decline").click()
    ringing(page).get_by_role("button", name="Not my subject").click()
    expect(ringing(page)).to_be_hidden()
    assert [command.reason for command in desk.of("decline")] == ["wrong_skill"]


def test_an_offer_that_somebody_else_took_says_so(page: Page, desk: ScriptedDesk) -> None:
    desk.errors["accept"] = [("too_late", "Somebody else took it.")]
    desk.tell(offer())
    ringing(page).get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status", name="Notices")).to_contain_text("Somebody else took it.")
    desk.tell(OfferEnded(lease="l_1", why="accepted"))
    expect(ringing(page)).to_be_hidden()


def test_an_offer_rings_aloud_until_it_ends_unless_the_ring_is_off(page: Page, desk: ScriptedDesk) -> None:
    page.evaluate("""() => {
      window.tones = 0;
      const make = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function () { window.tones++; return make.call(this); };
    }""")
    page.get_by_role("heading", name="My contacts").click()
    desk.tell(offer())
    expect(ringing(page)).to_be_visible()
    page.wait_for_function("() => window.tones > 4")
    desk.tell(OfferEnded(lease="l_1", why="missed"))
    expect(ringing(page)).to_be_hidden()
    before = page.evaluate("() => window.tones")
    page.get_by_role("button", name="Switch the ring off").click()
    desk.tell(offer("s_2"))
    expect(ringing(page)).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("() => window.tones") == before


def test_notifications_are_asked_for_once_and_politely(page: Page, desk: ScriptedDesk) -> None:
    page.context.add_init_script(
        "Object.defineProperty(Notification, 'permission', { get: () => 'default' })"
    )
    page.reload()
    question = page.get_by_role("region", name="Notifications")
    expect(page.get_by_role("radio", name="Away")).to_be_visible()
    expect(question).to_have_count(0)
    page.get_by_text("Available", exact=True).click()
    expect(question).to_be_visible()
    question.get_by_role("button", name="No, thanks").click()
    expect(question).to_have_count(0)
    page.reload()
    expect(page.get_by_role("radio", name="Available")).to_be_checked()
    expect(question).to_have_count(0)


def test_a_missed_offer_makes_one_away_and_says_why(page: Page, desk: ScriptedDesk) -> None:
    page.get_by_text("Available", exact=True).click()
    expect(page.get_by_text("You are available. ")).to_be_visible()  # and not only about to be
    desk.tell(Me(state="away", voice=True, audio=True, reason="missed"))
    expect(page.get_by_role("radio", name="Away")).to_be_checked()
    expect(page.get_by_text("You missed an offer").first).to_be_visible()


def test_who_waits_is_shown_with_time_that_passes(page: Page, desk: ScriptedDesk) -> None:
    waiting = Waiting(
        handoff_id="h_9",
        session="s_9",
        queue="refunds",
        channel="voice",
        reason="customer_asked",
        since=time.time() - 65,
        position=1,
        priority=2,
    )
    desk.tell(Queue(waiting=(waiting,)))
    row = page.get_by_role("region", name=re.compile("Waiting")).get_by_role("listitem")
    expect(row).to_contain_text("Asked for a person · priority")
    before = row.locator(".queue-time").inner_text()
    page.wait_for_timeout(1500)
    assert row.locator(".queue-time").inner_text() != before


# --- a contact -------------------------------------------------------------------------------------------


def test_the_transcript_shows_everybody_and_everything(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    desk.say(
        "s_1",
        *TURNS,
        HandoffChanged(handoff_id="h_1", state="human_active", floor="human", reason="bridged", agent="Anna"),
        NoteAdded(purpose="private", agent_id="a_tom", agent="Tom", pii=Words(text="Was here last week.")),
        TranscriptPartial(stable_chars=6, pii=Words(text="Hello there")),
    )
    log = page.get_by_role("log")
    for words in (
        "I want my money back",
        "Look up order",
        "Identity checked: order number and ZIP code",
        "over what I may refund",
        "In line for a person",
        "Anna took over",
        "Was here last week.",
        "not seen by the customer",
    ):
        expect(log).to_contain_text(words)
    expect(lines(page).last.locator(".soft")).to_have_text("there")
    desk.tell(CustomerTyping(session="s_1", on=True))
    expect(page.get_by_role("img", name="Rosa Blum is typing")).to_be_visible()


def test_a_fact_leads_to_the_turn_it_comes_from(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact(), BriefingChanged(session="s_1", briefing=ROSA))
    desk.say("s_1", *TURNS)
    panel = page.get_by_role("tabpanel")
    panel.get_by_role("button", name="Show where this was said").first.click()
    expect(lines(page).first).to_be_focused()
    expect(lines(page).first).to_have_attribute("data-lit", "true")


def test_what_is_written_is_sent_once_even_over_a_lost_connection(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    field(page).fill("Good morning.")
    page.keyboard.press("Enter")
    expect(lines(page).last).to_contain_text("Good morning.")
    expect(lines(page).last).to_contain_text("You ·")
    desk.answers = False
    field(page).fill("One moment.")
    page.keyboard.press("Enter")
    expect(lines(page).last).to_contain_text("Sending…")
    desk.online = False
    desk.drop()
    expect(lines(page).last).to_contain_text("Will be sent when the connection is back")
    desk.online = desk.answers = True
    expect(lines(page).last).to_contain_text("You ·", timeout=20_000)
    expect(lines(page)).to_have_count(2)
    first, again = [command.id for command in desk.of("message")][1:]
    assert first == again


def test_canned_replies_are_chosen_with_a_slash(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()
    page.keyboard.type("/")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.type("bye")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("Thank you for your patience. Goodbye!")
    assert desk.of("message") == []


def test_typing_is_told_and_ends(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact())
    field(page).press_sequentially("Hel")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert [command.on for command in desk.of("typing")] == [True, False]


def test_nothing_of_one_contact_is_seen_with_another(page: Page, desk: ScriptedDesk) -> None:
    has(
        page,
        desk,
        contact("s_1"),
        BriefingChanged(session="s_1", briefing=ROSA),
        contact("s_2", customer="Otto"),
    )
    desk.say("s_1", *TURNS)
    field(page).fill("Dear Rosa")
    page.get_by_role("button", name=re.compile("^Otto")).click()
    main = page.get_by_role("region", name="Conversation", exact=True)
    for secret in ("10812", "$612.40"):
        expect(main.get_by_text(secret)).to_have_count(0)
        expect(page.get_by_role("tabpanel").get_by_text(secret)).to_have_count(0)
    expect(field(page)).to_have_value("")
    page.keyboard.press("Alt+ArrowUp")
    expect(field(page)).to_have_value("Dear Rosa")
    desk.tell(contact("s_1", state="closed"))
    expect(page.get_by_text("10812")).to_have_count(0)


def test_text_is_never_markup(page: Page, desk: ScriptedDesk) -> None:
    has(page, desk, contact(customer="<b>Rosa</b>"))
    text = "<img src=x onerror=alert(1)><b>bold</b>"
    desk.say("s_1", CustomerTurn(turn_id="c1", channel="chat", pii=Words(text=text)))
    expect(lines(page).first).to_contain_text("<b>bold</b>")
    assert page.locator("main img, main b").count() == 0


def test_a_contact_is_handed_back_with_a_note(page: Page, desk: ScriptedDesk) -> None:
    desk.script["hand_back"] = lambda _: [contact(state="ai_active", floor="bot", mine=False)]
    has(page, desk, contact())
    page.get_by_role("button", name="To the bot").click()
    page.get_by_role("dialog").get_by_label("What should it know").fill("The refund is agreed.")
    page.get_by_role("button", name="Hand back").click()
    expect(page.get_by_text("Nobody yet.")).to_be_visible()
    assert [command.note for command in desk.of("hand_back")] == ["The refund is agreed."]


def test_a_contact_is_sent_on_to_a_queue_or_a_colleague(page: Page, desk: ScriptedDesk) -> None:
    tom = Colleague(
        agent_id="a_tom", name="Tom", state="available", queues=(), contacts={"chat": 2}, capacity={"chat": 3}
    )
    has(page, desk, contact(), Presence(agents=(tom,)))
    page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Transfer")).to_be_disabled()
    expect(dialog).to_contain_text("2 chats")
    dialog.get_by_label("Tom").check()
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_be_hidden()
    page.keyboard.press("Alt+t")
    dialog.get_by_label("General").check()
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_be_hidden()
    assert [(command.agent, command.queue) for command in desk.of("transfer")] == [
        ("a_tom", None),
        (None, "general"),
    ]


def test_the_wrap_up_is_drafted_and_saved(page: Page, desk: ScriptedDesk) -> None:
    desk.script["end"] = lambda _: [contact(state="wrap_up", floor="none")]
    desk.script["wrap_up"] = lambda _: [contact(state="closed", floor="none")]
    has(page, desk, contact(), BriefingChanged(session="s_1", briefing=ROSA))
    page.keyboard.press("Alt+q")
    page.get_by_role("button", name="End it").click()
    summary = page.get_by_role("textbox", name=re.compile("^Summary"))
    expect(summary).to_have_value(re.compile("wants \\$612.40 back(.|\n)*Done: Order looked up. \\(rc_17\\)"))
    page.get_by_label("How did it end?").select_option("follow_up")
    page.get_by_label("Something is still to be done").check()
    page.get_by_label("What?").fill("Call the courier")
    page.get_by_label(re.compile("Until when")).fill("2031-01-31")
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_text("Nobody yet.")).to_be_visible()
    (saved,) = desk.of("wrap_up")
    assert (saved.disposition, str(saved.follow_up.due)) == ("follow_up", "2031-01-31")


# --- copilot, tools, notes, history ------------------------------------------------------------------------


def test_the_bot_suggests_and_answers_in_private(page: Page, desk: ScriptedDesk) -> None:
    cited = Cited(passage_id="p1", title="Refunds", heading="To a card", article="refunds")
    desk.script["ask"] = lambda command: [
        Answer(session="s_1", id=command.id, text="Five working days.", citations=(cited,))
    ]
    has(page, desk, contact())
    desk.say(
        "s_1",
        Suggestion(turn_id="c1", kind="reply", pii=Words(text="I can refund that today.")),
        Suggestion(turn_id="c1", kind="answer", citations=[cited], pii=Words(text="Refunds take five days.")),
    )
    page.get_by_role("button", name="Suggested: I can refund that today.").click()
    expect(field(page)).to_have_value("I can refund that today.")
    page.keyboard.press("Alt+i")
    panel = page.get_by_role("tabpanel")
    expect(panel.get_by_label("Private question to the bot")).to_be_focused()
    page.keyboard.type("How long?")
    page.keyboard.press("Enter")
    expect(panel).to_contain_text("Five working days.")
    expect(panel.get_by_role("link")).to_have_count(2)
    panel.get_by_role("button", name=re.compile("Refunds take five days")).click()
    expect(field(page)).to_have_value("Refunds take five days.")
    assert desk.of("message") == []


def test_a_tool_is_run_from_a_form_and_a_refusal_is_an_answer(page: Page, desk: ScriptedDesk) -> None:
    desk.script["run_tool"] = lambda command: [
        ToolRan(
            session="s_1",
            id=command.id,
            tool="request_refund",
            outcome="refused",
            code="over_limit",
            message="More than your role may refund.",
        )
    ]
    has(page, desk, contact())
    panel = side(page, "Tools")
    panel.get_by_label("Tool").select_option("request_refund")
    panel.get_by_role("button", name="Run").click()
    expect(panel).to_contain_text("Please fill this in.")
    panel.get_by_label("Order id").fill("10812")
    panel.get_by_label("Amount (optional)").fill("612.40")
    panel.get_by_label("Reason").select_option("damaged")
    panel.get_by_role("button", name="Run").click()
    expect(panel).to_contain_text("At most 500.")
    panel.get_by_label("Amount (optional)").fill("400")
    panel.get_by_label(re.compile("has said yes")).check()
    panel.get_by_role("button", name="Run").click()
    expect(panel).to_contain_text("More than your role may refund.")
    (ran,) = desk.of("run_tool")
    assert ran.arguments == {"order_id": "10812", "amount": 400, "reason": "damaged"}
    assert ran.confirmed


def test_notes_and_earlier_contacts(page: Page, desk: ScriptedDesk) -> None:
    former = FormerContact(
        session="s_0", at=1794000000, channel="voice", outcome="resolved", summary="Asked for a size."
    )
    has(page, desk, contact(), History(session="s_1", contacts=(former,)))
    expect(page.get_by_role("region", name="Earlier contacts")).to_contain_text("Asked for a size.")
    panel = side(page, "Notes")
    panel.get_by_label("New note").fill("Calls back at five.")
    panel.get_by_role("button", name="Save note").click()
    expect(panel.get_by_label("New note")).to_have_value("")
    assert [command.text for command in desk.of("note")] == ["Calls back at five."]
