"""The customer's page in a real Chromium, against a gateway that follows the test's script to the letter."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.responses import JSONResponse

from gateway.events import HandoffChanged, LegJoined, QueuePosition, SessionEnded
from pipelines.facts import (
    Activity,
    Cited,
    CustomerTurn,
    Fact,
    HandoffRequested,
    HumanTurn,
    Latency,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    SpeechStarted,
    ToolCalled,
    ToolFinished,
    TranscriptPartial,
    Trouble,
    Understood,
    Values,
    Words,
)
from tests.end_to_end import chromium
from tests.end_to_end.built_pages import PHONE, WEB_DEMO, violations
from tests.fakes.wire_gateway import WireGateway

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

LATENCY = Latency(decision_ms=212, final_transcript_ms=318, first_token_ms=402, first_audio_ms=556)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with tempfile.TemporaryDirectory() as folder:
        microphone = Path(folder) / "tone.wav"
        microphone.write_bytes(chromium.wav(chromium.tone(60)))
        with chromium.chromium(microphone) as running:
            yield running


@pytest.fixture
def gateway() -> Iterator[WireGateway]:
    if not (WEB_DEMO / "dist" / "index.html").exists():
        pytest.fail("the pages are not built: run `make pages` first", pytrace=False)
    with WireGateway(WEB_DEMO / "dist") as running:
        yield running


@pytest.fixture
def page(browser: Browser, gateway: WireGateway) -> Iterator[Page]:
    with chromium.opened(browser, gateway.url) as opened:
        expect(opened.get_by_text("Online")).to_be_visible()
        yield opened


def reply(text: str, turn_id: str = "r1", **more: Any) -> ReplyDone:
    return ReplyDone(turn_id=turn_id, answers="c1", pii=Words(text=text), **more)


def look_up(**result: Any) -> list[Fact]:
    order = Values(values={"order_id": "10437"})
    return [
        ReplyStarted(turn_id="r1", answers="c1"),
        ToolCalled(turn_id="r1", call_id="k1", tool="look_up_order", effect="read", pii=order),
        ToolFinished(turn_id="r1", call_id="k1", tool="look_up_order", elapsed_ms=12, **result),
    ]


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def messages(page: Page) -> Locator:
    return page.get_by_role("log").locator("li.line")


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Call", exact=True)


def call(page: Page) -> None:
    page.get_by_role("button", name="Start a call").click()
    expect(panel(page)).to_have_attribute("data-phase", "listening")


# --- writing ---------------------------------------------------------------------------------------------


def test_a_suggested_question_is_answered_with_what_was_done_for_it(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [
        *look_up(outcome="done", receipt_id="rc_1", pii=Values(values={"status": "in transit"})),
        reply("Your order is in transit.", source="workflow"),
    ]
    page.get_by_role("button", name=re.compile("Where is my order 10437")).click()
    expect(messages(page)).to_have_count(2)
    expect(messages(page).nth(1)).to_contain_text("Your order is in transit.")
    tool = messages(page).nth(1).get_by_role("group")
    expect(tool).to_contain_text("10437")
    tool.locator("summary").click()
    for shown in ("rc_1", "12 ms", "in transit", "look_up_order"):
        expect(tool).to_contain_text(shown)


def test_a_refused_tool_says_so_with_its_reason(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [*look_up(outcome="refused", code="over_limit"), reply("I may not.")]
    write(page, "A refund, please")
    tool = messages(page).last.get_by_role("group")
    expect(tool).to_contain_text("Not allowed")
    tool.locator("summary").click()
    expect(tool).to_contain_text("Over limit")


def test_sources_are_links_to_their_articles(page: Page, gateway: WireGateway) -> None:
    cited = Cited(passage_id="p1", title="Return policy", heading="How long", article="return-policy")
    gateway.script = lambda _: [reply("30 days.", source="knowledge", citations=[cited])]
    write(page, "What is your return policy?")
    link = page.get_by_role("list", name="Sources").get_by_role("link")
    expect(link).to_have_text("Return policyHow long")
    assert link.get_attribute("href") == "/articles/return-policy"


def test_words_appear_as_they_come_and_the_end_has_the_last_word(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [
        ReplyStarted(turn_id="r1", answers="c1"),
        ReplyDelta(turn_id="r1", offset=0, text="Hi 🌲 "),
        ReplyDelta(turn_id="r1", offset=5, text="there"),
    ]
    write(page, "Hello")
    expect(messages(page).last).to_contain_text("Hi 🌲 there")
    gateway.say(reply("Hi 🌲 there, how are you?"))
    expect(messages(page).last).to_contain_text("how are you?")
    expect(messages(page)).to_have_count(2)


def test_escape_stops_the_answer(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [ReplyStarted(turn_id="r1", answers="c1")]
    write(page, "Tell me everything")
    expect(page.get_by_role("button", name="Stop the answer")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    assert {"type": "cancel"} in gateway.received
    gateway.say(reply("Everything", interrupted=True))
    expect(messages(page).last).to_contain_text("Stopped")


def test_text_is_never_markup(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda text: [reply(text)]
    write(page, "<img src=x onerror=alert(1)><b>bold</b>")
    expect(messages(page)).to_have_count(2)
    assert page.get_by_role("log").locator("img, b").count() == 0


def test_a_person_is_asked_for_with_a_button(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [HandoffRequested(reason="customer_asked"), reply("One moment.")]
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_text("We are asking a colleague to join").first).to_be_visible()
    expect(page.get_by_role("button", name="A person was asked to join")).to_be_disabled()
    gateway.say(LegJoined(leg_id="l2", role="human", kind="chat"))
    expect(page.get_by_role("button", name="A person is here")).to_be_visible()


def test_a_person_is_waited_for_and_then_seen_by_name(page: Page, gateway: WireGateway) -> None:
    write(page, "A person, please")
    gateway.say(
        HandoffChanged(handoff_id="h_1", state="queued", floor="bot", reason="customer_asked"),
        QueuePosition(handoff_id="h_1", position=2, wait_s=170),
    )
    expect(page.get_by_text("You are number 2 in line. It takes about 3 minutes.")).to_be_visible()
    gateway.say(
        HandoffChanged(
            handoff_id="h_1",
            state="human_active",
            floor="human",
            reason="bridged",
            agent_id="a_1",
            agent="Anna",
        ),
        HumanTurn(
            turn_id="p1", channel="chat", agent_id="a_1", agent="Anna", pii=Words(text="Hello, I am Anna.")
        ),
    )
    expect(page.get_by_text("You are talking with Anna now.").first).to_be_visible()
    expect(page.get_by_text("in line")).to_have_count(0)
    expect(messages(page).last).to_contain_text("Hello, I am Anna.")
    expect(messages(page).last).to_contain_text("Anna ·")
    assert violations(page) == []


def test_trouble_and_errors_are_told_without_blocking(page: Page, gateway: WireGateway) -> None:
    gateway.refusals.append(
        {"type": "error", "code": "invalid_message", "fault": "client", "message": "Not like that."}
    )
    write(page, "Hello")
    expect(messages(page).last).to_contain_text("Not sent: Not like that.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Not sent")).to_have_count(0)
    gateway.say(Trouble(code="model_slow", message="I am still working on that.", retry=True))
    expect(messages(page).last).to_contain_text("I am still working on that.")


def test_an_ended_conversation_can_be_followed_by_a_new_one(page: Page, gateway: WireGateway) -> None:
    write(page, "Bye")
    gateway.say(SessionEnded(outcome="resolved", reason="customer_done", by="bot"))
    page.get_by_role("button", name="Start a new conversation").click()
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    assert gateway.sessions == 2


def test_the_transcript_can_be_kept(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [*look_up(outcome="done", receipt_id="rc_1"), reply("In transit.")]
    write(page, "Where is it?")
    expect(messages(page)).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download transcript").click()
    text = Path(download.value.path()).read_text()
    assert "You (written): Where is it?" in text
    assert "receipt rc_1" in text
    assert "In transit." in text


# --- a connection that comes and goes --------------------------------------------------------------------


def test_what_is_written_while_the_line_is_down_arrives_once(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda text: [reply(f"You said {text}", turn_id=f"r-{text}")]
    write(page, "one")
    expect(messages(page)).to_have_count(2)
    gateway.online = False
    gateway.drop()
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    write(page, "two")
    expect(messages(page).last).to_contain_text("Will be sent when the connection is back")
    gateway.online = True
    expect(messages(page)).to_have_count(4)
    expect(messages(page).last).to_contain_text("You said two")
    assert len(gateway.messages()) == 2


def test_a_message_without_an_ack_is_sent_again_and_shown_once(page: Page, gateway: WireGateway) -> None:
    gateway.acks = False
    write(page, "one")
    expect(messages(page)).to_have_count(1)
    gateway.acks = True
    gateway.drop()
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    expect(page.get_by_text("Online")).to_be_visible()
    write(page, "two")
    expect(messages(page)).to_have_count(2)
    first, again, second = gateway.messages()
    assert first == again != second


def test_a_reload_keeps_the_conversation(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda _: [reply("Hello to you.")]
    write(page, "Hello")
    expect(messages(page)).to_have_count(2)
    page.reload()
    expect(messages(page)).to_have_count(2)
    expect(messages(page).last).to_contain_text("Hello to you.")
    assert gateway.sessions == 1


def test_a_session_that_is_gone_is_followed_by_a_new_one(page: Page, gateway: WireGateway) -> None:
    write(page, "Hello")
    expect(messages(page)).to_have_count(1)
    gateway.forget()
    page.reload()
    expect(page.get_by_text("so a new one was started")).to_be_visible()
    write(page, "Hello again")
    expect(messages(page)).to_have_count(1)


# --- talking ---------------------------------------------------------------------------------------------


def test_both_hear_each_other_and_mute_is_silence(page: Page, gateway: WireGateway) -> None:
    call(page)
    page.wait_for_timeout(1000)
    assert gateway.heard > 5000
    assert chromium.heard(page) > 0.001
    page.get_by_role("button", name="Mute").click()
    expect(page.get_by_text("You are muted")).to_be_visible()
    page.wait_for_timeout(1000)
    gateway.heard = 0
    page.wait_for_timeout(500)
    assert gateway.heard < 100


def test_captions_firm_up_into_the_turn(page: Page, gateway: WireGateway) -> None:
    call(page)
    gateway.say(SpeechStarted(), TranscriptPartial(stable_chars=7, pii=Words(text="I want a refund")))
    expect(messages(page).last.locator(".soft")).to_have_text("a refund")
    gateway.say(TranscriptPartial(stable_chars=15, pii=Words(text="I want a refund for")))
    expect(messages(page).last.locator(".soft")).to_have_text("for")
    gateway.say(
        CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="I want a refund.")),
        Understood(turn_id="c1", commands=["start(refund)"], by="rules", confidence=1.0),
    )
    expect(messages(page)).to_have_count(1)
    expect(messages(page)).to_contain_text("I want a refund.")
    expect(messages(page)).to_contain_text("understood: refund")


def test_the_call_says_how_it_stands(page: Page, gateway: WireGateway) -> None:
    call(page)
    states: Sequence[tuple[Fact, str]] = [
        (Activity(state="thinking"), "Thinking"),
        (Activity(state="speaking"), "Speaking"),
        (SpeechStarted(), "Listening"),
    ]
    for fact, words in states:
        gateway.say(fact)
        expect(panel(page).get_by_role("heading").first).to_contain_text(words)


def test_an_interrupted_reply_shows_what_was_heard(page: Page, gateway: WireGateway) -> None:
    call(page)
    gateway.say(
        ReplyStarted(turn_id="r1", answers=None),
        ReplyDelta(turn_id="r1", offset=0, text="Refunds over $500 need a person to approve them."),
        reply("Refunds over $500", interrupted=True, heard_ms=900, latency=LATENCY),
    )
    expect(messages(page).last.get_by_text("Refunds over $500", exact=True)).to_be_visible()
    expect(messages(page).last).to_contain_text("this is what you heard")
    strip = page.get_by_role("region", name="Latency of the last spoken turn")
    for shown in (
        "556 ms",
        "Noticing you finished212 ms",
        "Hearing you106 ms",
        "Thinking84 ms",
        "speak154 ms",
    ):
        expect(strip).to_contain_text(shown)
    answered = messages(page).last.get_by_text("answered in 556 ms")
    expect(answered).to_contain_text("hearing you 106 ms, noticing you finished 212 ms, thinking 84 ms")


def test_one_can_write_while_talking(page: Page, gateway: WireGateway) -> None:
    gateway.script = lambda text: [reply(f"Got {text}.")]
    call(page)
    write(page, "10437")
    expect(messages(page).last).to_contain_text("Got 10437.")
    expect(page.get_by_role("button", name="Hang up")).to_be_visible()
    assert gateway.sessions == 1


def test_a_reply_cut_off_before_a_word_was_heard_leaves_no_trace(page: Page, gateway: WireGateway) -> None:
    call(page)
    gateway.say(
        ReplyStarted(turn_id="r1", answers=None), ReplyDelta(turn_id="r1", offset=0, text="Refunds over")
    )
    expect(messages(page)).to_have_text(re.compile("Refunds over"))
    gateway.say(reply("", interrupted=True, heard_ms=0))
    expect(messages(page)).to_be_hidden()


def test_a_call_goes_on_while_the_chat_connection_is_away(page: Page, gateway: WireGateway) -> None:
    call(page)
    gateway.say(Activity(state="speaking"))
    expect(panel(page)).to_have_attribute("data-phase", "speaking")
    gateway.online = False
    gateway.drop()
    expect(panel(page)).to_have_attribute("data-phase", "live")
    before = chromium.heard(page)
    page.wait_for_timeout(300)
    assert chromium.heard(page) > before
    gateway.online = True
    expect(panel(page)).to_have_attribute("data-phase", "listening")


@pytest.mark.parametrize("who", ["customer", "gateway"])
def test_either_side_may_hang_up(page: Page, gateway: WireGateway, who: str) -> None:
    call(page)
    if who == "customer":
        page.get_by_role("button", name="Hang up").click()
    else:
        gateway.hang_up()
    expect(panel(page).get_by_role("heading", name="Call ended")).to_be_visible()
    page.get_by_role("button", name="Call again").click()
    expect(panel(page)).to_have_attribute("data-phase", "listening")


def test_a_call_that_is_refused_says_why(page: Page, gateway: WireGateway) -> None:
    busy = "All lines are taken. Please call again in a minute."
    error = {"code": "busy", "fault": "gateway", "message": busy, "retry": True}
    gateway.offer_refusal = JSONResponse({"error": error}, 503)
    page.get_by_role("button", name="Start a call").click()
    expect(panel(page)).to_have_attribute("data-phase", "failed")
    expect(panel(page)).to_contain_text(busy)


@pytest.mark.parametrize(
    ("fault", "title"),
    [
        ("NotAllowedError", "The microphone is blocked"),
        ("NotFoundError", "No microphone found"),
        ("NotReadableError", "Another program uses the microphone"),
        (None, "Calls need a secure page"),
    ],
)
def test_a_microphone_that_cannot_be_had_has_a_remedy(
    page: Page, gateway: WireGateway, fault: str | None, title: str
) -> None:
    if fault is None:
        page.evaluate("() => { Object.defineProperty(window, 'isSecureContext', { value: false }) }")
    else:
        reject = "async () => { throw new DOMException('', fault) }"
        page.evaluate(f"fault => {{ navigator.mediaDevices.getUserMedia = {reject} }}", fault)
    page.get_by_role("button", name="Start a call").click()
    expect(panel(page).get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_role("button", name="Call again")).to_be_enabled()


# --- for everybody ---------------------------------------------------------------------------------------


def test_the_keyboard_does_everything(page: Page, gateway: WireGateway) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Alt+c")
    expect(panel(page)).to_have_attribute("data-phase", "listening")
    page.keyboard.press("Alt+m")
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("a/b?")
    expect(page.get_by_label("Your message")).to_have_value("a/b?")
    page.keyboard.press("Alt+c")
    expect(panel(page)).to_have_attribute("data-phase", "over")


def test_only_whole_sentences_are_announced(page: Page, gateway: WireGateway) -> None:
    live = page.locator("[aria-live=polite]").first
    write(page, "Hello")
    expect(messages(page).last).to_contain_text("You · ")  # it arrived: the reply comes after it
    gateway.say(
        ReplyStarted(turn_id="r1", answers=None), ReplyDelta(turn_id="r1", offset=0, text="Half a sen")
    )
    expect(messages(page).last).to_contain_text("Half a sen")
    expect(live).to_have_text("")
    gateway.say(reply("Half a sentence."))
    expect(live).to_have_text("Fern: Half a sentence.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_the_page_meets_wcag_aa(browser: Browser, gateway: WireGateway, device: str, scheme: str) -> None:
    cited = Cited(passage_id="p1", title="Return policy", article="return-policy")
    gateway.script = lambda _: [
        *look_up(outcome="refused", code="over_limit"),
        reply("Refunds over", interrupted=True, heard_ms=900, citations=[cited], latency=LATENCY),
        Trouble(code="model_slow", message="I am still working on that."),
    ]
    with chromium.opened(
        browser, gateway.url, color_scheme=scheme, **(PHONE if device == "phone" else {})
    ) as page:
        expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
        assert violations(page) == []
        write(page, "A refund, please")
        call(page)
        gateway.say(TranscriptPartial(stable_chars=2, pii=Words(text="I want")), SpeechStarted())
        expect(messages(page)).to_have_count(4)
        messages(page).nth(1).locator("summary").click()
        assert violations(page) == []
        page.get_by_role("button", name="Hang up").click()
        expect(panel(page)).to_have_attribute("data-phase", "over")
        assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, gateway: WireGateway, width: int) -> None:
    long = "word" * 60
    gateway.script = lambda text: [
        *look_up(outcome="done", pii=Values(values={"note": long})),
        reply(text, latency=LATENCY),
    ]
    with chromium.opened(browser, gateway.url, viewport={"width": width, "height": 844}) as page:
        write(page, long)
        expect(messages(page)).to_have_count(2)
        call(page)
        messages(page).nth(1).locator("summary").click()
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        field = page.get_by_label("Your message").bounding_box()
        assert field is not None
        assert field["y"] + field["height"] <= 844


def test_session_and_token_leave_with_the_tab(page: Page, gateway: WireGateway) -> None:
    write(page, "Hello")
    expect(messages(page)).to_have_count(1)
    expect(page.get_by_text("Sending…")).to_have_count(0)
    kept = json.loads(page.evaluate("() => sessionStorage.getItem('warmline.session')"))
    assert kept == {"credentials": {"session": "s_1", "token": "token-of-s_1"}, "outbox": []}
    assert page.evaluate("() => localStorage.length") == 0
