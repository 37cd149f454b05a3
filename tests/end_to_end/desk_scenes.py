"""What desks look like in tests of the agents' page: a customer, her briefing, and scenes to look at."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydantic import BaseModel

from gateway.accounts.permissions import DeskRole
from gateway.desk.messages import (
    BriefingChanged,
    Colleague,
    ConsultChanged,
    Contact,
    ContactChanged,
    FormerContact,
    History,
    Offered,
    Presence,
    Queue,
    Waiting,
)
from gateway.events import HandoffChanged
from pipelines.facts import (
    Channel,
    Cited,
    CustomerTurn,
    IdentityVerified,
    NoteAdded,
    ReplyDone,
    ReplyStarted,
    Suggestion,
    ToolCalled,
    ToolFinished,
    TranscriptPartial,
    Values,
    Words,
)
from tests.end_to_end import chromium
from tests.end_to_end.built_pages import PHONE, WEB_DEMO
from tests.fakes.scripted_desk import NAME, PASSWORD, ScriptedDesk

ROSA = {
    "who": {"name": "Rosa Blum", "verified": True, "method": "order+zip", "email": "r•••@example.com"},
    "why": {
        "intent": "refund",
        "words": "I want my money back for order 10812.",
        "source_turn": "c1",
        "reason": "over_limit",
    },
    "facts": [
        {"key": "order_id", "value": "10812", "source_turn": "c1", "confirmed": True, "source": "customer"},
        {"key": "total", "value": "$612.40", "source_turn": "r1", "confirmed": True, "source": "tool"},
        {"key": "wish", "value": "refund to the card", "source_turn": "c1", "source": "customer"},
    ],
    "done": [
        {"tool": "look_up_order", "receipt": "rc_17", "text": "Order looked up.", "source_turn": "r1"},
    ],
    "failed": [
        {"tool": "request_refund", "code": "over_limit", "text": "The refund was not made.", "times": 1}
    ],
    "promised": [{"text": "A colleague looks at it today.", "source_turn": "r1", "by": "bot"}],
    "policy_limits": [
        {"tool": "request_refund", "code": "over_limit", "text": "The bot may refund up to $500."}
    ],
    "sentiment": {"label": "negative", "score": -0.6},
    "language": "en",
    "next_best_action": "Approve or refuse the refund of $612.40.",
    "open_question": {"text": "When will the money be there?", "source_turn": "c1", "by": "customer"},
    "summary": [
        "Rosa Blum wants $612.40 back for order 10812.",
        "The tent arrived torn.",
        "Over the bot's limit of $500.",
    ],
    "redactions": [{"field": "email", "how": "masked"}],
}
TURNS = (
    CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="I want my money back for order 10812.")),
    ReplyStarted(turn_id="r1", answers="c1"),
    ToolCalled(
        turn_id="c1",
        call_id="k1",
        tool="look_up_order",
        effect="read",
        pii=Values(values={"order_id": "10812"}),
    ),
    ToolFinished(
        turn_id="c1",
        call_id="k1",
        tool="look_up_order",
        outcome="done",
        receipt_id="rc_17",
        elapsed_ms=12,
        pii=Values(values={"total": "$612.40"}),
    ),
    IdentityVerified(customer_id="cu_1", method="order+zip"),
    ReplyDone(
        turn_id="r1",
        answers="c1",
        pii=Words(text="That is over what I may refund. A colleague looks at it today."),
    ),
    HandoffChanged(handoff_id="h_1", state="queued", floor="bot", reason="over_limit"),
)


def contact(session: str = "s_1", **change: Any) -> ContactChanged:
    given: dict[str, Any] = {
        "session": session,
        "channel": "chat",
        "state": "human_active",
        "floor": "human",
        "since": time.time() - 72,
        "handoff_id": f"h_{session[2:]}",
        "agent_id": "a_anna",
        "agent": "Anna",
        "queue": "refunds",
        "reason": "over_limit",
        "customer": "Rosa Blum",
        "mine": True,
    }
    return ContactChanged(**{**given, **change})


def offer(session: str = "s_1", channel: Channel = "chat", seconds: float = 20) -> Offered:
    return Offered(
        lease=f"l_{session[2:]}",
        handoff_id=f"h_{session[2:]}",
        session=session,
        channel=channel,
        queue="refunds",
        reason="over_limit",
        since=time.time() - 95,
        until=time.time() + seconds,
        briefing=ROSA,
    )


def consult(state: str = "asked", *, mine: bool = False, **change: Any) -> ConsultChanged:
    """Anna asks Tom about Rosa, or Tom asks Anna."""
    anna, tom = ("a_anna", "Anna"), ("a_tom", "Tom")
    (agent_id, agent), (colleague_id, colleague) = (anna, tom) if mine else (tom, anna)
    given: dict[str, Any] = {
        "consult": "c_1",
        "session": "s_1",
        "state": state,
        "agent_id": agent_id,
        "agent": agent,
        "colleague_id": colleague_id,
        "colleague": colleague,
        "customer": "Rosa Blum",
        "queue": "refunds",
        "reason": "over_limit",
        "since": time.time(),
        "until": time.time() + 60 if state == "asked" else None,
        "mine": mine,
        "briefing": None if mine or state == "over" else ROSA,
    }
    return ConsultChanged(**{**given, **change})


@contextmanager
def talking_chromium() -> Iterator[Browser]:
    """A browser whose microphone has a tone for a minute."""
    with tempfile.TemporaryDirectory() as folder:
        microphone = Path(folder) / "tone.wav"
        microphone.write_bytes(chromium.wav(chromium.tone(60)))
        with chromium.chromium(microphone) as running:
            yield running


@contextmanager
def desk_of(role: DeskRole = "agent") -> Iterator[ScriptedDesk]:
    if not (WEB_DEMO / "dist" / "desk.html").exists():
        pytest.fail("the pages are not built: run `make pages` first", pytrace=False)
    with ScriptedDesk(WEB_DEMO / "dist", role) as running:
        yield running


@contextmanager
def opened(browser: Browser, desk: ScriptedDesk, **context: Any) -> Iterator[Page]:
    """A page on which Anna has signed in."""
    with chromium.opened(browser, desk.url, **context) as page:
        sign_in(page)
        expect(page.locator(".connection")).to_have_attribute("data-state", "open")
        yield page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with talking_chromium() as running:
        yield running


@pytest.fixture
def desk() -> Iterator[ScriptedDesk]:
    with desk_of() as running:
        yield running


@pytest.fixture
def page(browser: Browser, desk: ScriptedDesk) -> Iterator[Page]:
    with opened(browser, desk) as ready:
        yield ready


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def lines(page: Page) -> Locator:
    return page.get_by_role("log").locator("li.line")


def field(page: Page) -> Locator:
    return page.get_by_label("Message to the customer")


def ringing(page: Page) -> Locator:
    return page.get_by_role("dialog", name=re.compile("Rosa Blum"))


def has(page: Page, desk: ScriptedDesk, *messages: BaseModel) -> None:
    """These are on the agent's desk; the first contact among them is looked at."""
    desk.tell(*messages)
    expect(page.get_by_role("log")).to_be_visible()


def side(page: Page, tab: str) -> Locator:
    page.get_by_role("tab", name=tab).click()
    return page.get_by_role("tabpanel")


def be_available(page: Page) -> None:
    page.get_by_text("Available", exact=True).click()
    expect(page.get_by_text("Audio is connected")).to_be_visible()


LIVE = Contact(
    session="s_5",
    channel="voice",
    state="human_active",
    floor="human",
    since=time.time() - 300,
    handoff_id="h_5",
    agent_id="a_tom",
    agent="Tom",
    queue="refunds",
    reason="over_limit",
    customer="Rosa Blum",
)
WAITS = Contact(
    session="s_6",
    channel="chat",
    state="queued",
    floor="bot",
    since=time.time() - 150,
    reason="legal",
    queue="general",
)


Scene = Callable[[Page, ScriptedDesk], None]


def signed_in(page: Page, desk: ScriptedDesk) -> None:
    waiting = Waiting(
        handoff_id="h_9",
        session="s_9",
        queue="refunds",
        channel="voice",
        reason="legal",
        since=time.time() - 190,
    )
    desk.tell(Queue(waiting=(waiting,)))
    expect(page.get_by_text("Legal words")).to_be_attached()


def in_chat(page: Page, desk: ScriptedDesk) -> None:
    cited = Cited(passage_id="p1", title="Refunds", heading="To a card", article="refunds")
    former = FormerContact(
        session="s_0", at=1794000000, channel="voice", outcome="resolved", summary="Asked for a size."
    )
    has(
        page,
        desk,
        contact(),
        BriefingChanged(session="s_1", briefing=ROSA),
        History(session="s_1", contacts=(former,)),
        contact("s_2", customer="Otto Kranz", channel="chat", since=time.time()),
    )
    desk.say(
        "s_1",
        *TURNS,
        NoteAdded(purpose="private", agent_id="a_tom", agent="Tom", pii=Words(text="Was here last week.")),
        HandoffChanged(handoff_id="h_1", state="human_active", floor="human", reason="bridged", agent="Anna"),
        Suggestion(turn_id="c1", kind="reply", citations=[cited], pii=Words(text="I can refund that today.")),
    )
    desk.say("s_2", CustomerTurn(turn_id="c1", channel="chat", pii=Words(text="Hello?")))
    expect(page.get_by_text("I can refund that today.").first).to_be_attached()


def rings(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    desk.tell(offer("s_3", "voice", seconds=60))
    expect(ringing(page)).to_be_visible()


def copilot(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    page.keyboard.press("Alt+i")
    expect(page.get_by_label("Private question to the bot")).to_be_focused()


def tools(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    page.keyboard.press("Alt+r")
    panel = side(page, "Tools")
    panel.get_by_label("Tool").select_option("request_refund")
    panel.get_by_role("button", name="Run").click()
    expect(panel).to_contain_text("Please fill this in.")


def in_call(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    has(page, desk, contact(channel="voice"), BriefingChanged(session="s_1", briefing=ROSA))
    desk.say("s_1", *TURNS, TranscriptPartial(stable_chars=6, pii=Words(text="Hello there")))
    expect(page.get_by_text("Rosa Blum, speaking…")).to_be_attached()


def transfers(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    page.keyboard.press("Alt+t")
    expect(page.get_by_role("dialog")).to_be_visible()


def wraps_up(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    has(page, desk, contact(state="wrap_up", floor="none"))
    page.get_by_label("Something is still to be done").check()


def asks_first(page: Page, desk: ScriptedDesk) -> None:
    in_call(page, desk)
    tom = Colleague(
        agent_id="a_tom", name="Tom", state="available", queues=(), contacts={}, capacity={"voice": 1}
    )
    desk.tell(Presence(agents=(tom,)))
    page.keyboard.press("Alt+t")
    page.get_by_role("dialog").get_by_text("Tom", exact=True).click()
    expect(page.get_by_role("button", name="Ask first")).to_be_enabled()


def asks(page: Page, desk: ScriptedDesk) -> None:
    in_call(page, desk)
    desk.tell(contact(channel="voice", hold=True), consult("talking", mine=True))
    expect(page.get_by_role("button", name="Hand over")).to_be_visible()


def is_asked(page: Page, desk: ScriptedDesk) -> None:
    in_chat(page, desk)
    desk.tell(consult("asked", session="s_7"))
    expect(page.get_by_role("dialog", name=re.compile("Tom asks you"))).to_be_visible()


def is_consulted(page: Page, desk: ScriptedDesk) -> None:
    be_available(page)
    desk.say("s_1", *TURNS)
    desk.tell(consult("talking"))
    expect(page.get_by_role("button", name="Leave")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("10812")


SCENES: list[Scene] = [
    signed_in,
    in_chat,
    rings,
    copilot,
    tools,
    in_call,
    transfers,
    wraps_up,
    asks_first,
    asks,
    is_asked,
    is_consulted,
]


def screen(device: str) -> dict[str, Any]:
    return PHONE if device == "phone" else {"viewport": {"width": 1440, "height": 900}}


def picture(page: Page, name: str) -> None:
    """Keeps a picture in the folder that PICTURES names, for people to look at."""
    if folder := os.environ.get("PICTURES"):
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder) / f"{name}.png")
