"""What customers and agents do on their pages, with a real gateway behind them."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Request, ViewportSize, WebSocket, expect

from tests.end_to_end import chromium
from tests.end_to_end.test_page import violations

WISH = "I would like to talk to a person, please."
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def passwords(folder: Path) -> dict[str, str]:
    """Of the demo's people, by name; `folder` holds the gateway's state."""
    (file,) = folder.rglob("demo-agents.json")
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


@contextmanager
def desk(browser: Browser, url: str, name: str, password: str) -> Iterator[Page]:
    """The desk of somebody who has just signed in."""
    with chromium.opened(browser, f"{url}/desk", viewport=WIDE) as page:
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password", exact=True).fill(password)
        page.keyboard.press("Enter")
        expect(page.locator(".connection")).to_have_attribute("data-state", "open")
        yield page


def is_available(page: Page) -> None:
    """The agent takes contacts from now on, calls too."""
    page.get_by_text("Available", exact=True).click()
    expect(page.locator(".line-mark")).to_have_attribute("data-state", "live")


def ringing(page: Page) -> Locator:
    """The offer."""
    return page.get_by_role("dialog", name=re.compile("is calling|wants to chat"))


def accept(page: Page) -> None:
    """Says yes to what rings; the agent reads the briefing now."""
    ringing(page).get_by_role("button", name="Accept").click()
    expect(page.get_by_role("button", name="Connect now")).to_be_visible()


def connect(page: Page, words: str) -> None:
    """Ends the reading; `words` say how the agent then is with the customer."""
    page.get_by_role("button", name="Connect now").click()
    expect(page.locator(".call-who")).to_contain_text(words)


def hand_back(page: Page, note: str) -> None:
    """Gives the customer back to the bot."""
    page.get_by_role("button", name="To the bot").click()
    page.get_by_label("What should it know besides?").fill(note)
    page.get_by_role("button", name="Hand back").click()


def end(page: Page) -> None:
    """Ends the contact; the wrap-up comes."""
    page.get_by_role("toolbar", name="Contact").get_by_role("button", name="End").click()
    page.get_by_role("button", name="End it").click()


def wrap_up(page: Page, disposition: str) -> None:
    """Writes down how it went."""
    page.get_by_label("How did it end?").select_option(disposition)
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_text("Nobody yet.")).to_be_visible()


def note(page: Page, text: str) -> None:
    """Writes a note for colleagues."""
    page.get_by_role("tab", name="Notes").click()
    page.get_by_label("New note").fill(text)
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_role("tabpanel")).to_contain_text(text)


def ask(page: Page, text: str) -> None:
    """Asks the bot something in private, and waits for the answer."""
    page.get_by_role("tab", name="Copilot").click()
    page.get_by_label(re.compile("question", re.I)).fill(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel").locator(".questions .proposal")).to_be_visible()


def write(page: Page, text: str) -> None:
    """The agent writes to the customer."""
    page.get_by_label("Message to the customer").fill(text)
    page.keyboard.press("Enter")


def writes(page: Page, text: str) -> None:
    """The customer writes."""
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def said(page: Page, kind: str) -> Locator:
    """Lines of a page's conversation: `customer`, `reply` (the bot's), `human`, `note`."""
    return page.get_by_role("log").locator(f"li.line-{kind}")


class Wire:
    """All that a page got from its gateway, websockets and answers to requests."""

    def __init__(self, page: Page) -> None:
        self.frames: list[str] = []
        page.on("websocket", self._listen)
        page.on("requestfinished", self._read)
        page.reload()

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))

    def _read(self, request: Request) -> None:
        if "/api/" in request.url and (answer := request.response()) is not None:
            self.frames.append(answer.text())

    def has(self, words: str) -> bool:
        """Whether these words came by."""
        return any(words.lower() in frame.lower() for frame in self.frames)


def is_accessible(page: Page, name: str) -> None:
    """No fault of WCAG AA on a wide screen or a phone's; pictures go into the folder that PICTURES names."""
    folder = os.environ.get("PICTURES")
    was = page.viewport_size
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        page.wait_for_timeout(300)
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png")
        assert violations(page) == [], f"{name} at {size['width']}"
    if was is not None:
        page.set_viewport_size(was)
