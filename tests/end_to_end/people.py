"""What customers and agents do on their pages, with a real gateway behind them."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, ViewportSize, WebSocket, expect

from tests.end_to_end import chromium
from tests.end_to_end.built_pages import violations
from tests.end_to_end.gateway_process import GatewayProcess, serving
from tests.interop.sounds import Sound

ANSWER_MS = 60_000
"An answer must have come by then, on a machine that does other things too."
WISH = "I would like to talk to a person, please."
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Office:
    """A gateway, and the passwords of its people by name."""

    gateway: GatewayProcess
    passwords: dict[str, str]

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.gateway.url


@pytest.fixture(scope="module")
def office(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A real `warmline serve --demo-agents`, where Alex takes contacts and Sam supervises."""
    folder = tmp_path_factory.mktemp("gateway")
    with serving(folder, models_folder, "--demo-agents") as gateway:
        yield Office(gateway, passwords(folder))


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For microphones of people who speak when the test says so."""
    file = tmp_path_factory.mktemp("microphone") / "silence.wav"
    file.write_bytes(chromium.wav(np.zeros(chromium.SAMPLE_RATE, np.int16)))
    return file


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=ANSWER_MS)
    yield
    expect.set_options(timeout=5_000)


def says(page: Page, words: Sound) -> None:
    chromium.say(page, chromium.wav(words.samples, rate=words.rate))


def heard_after(page: Page, since: float) -> Sound:
    """What the page heard later than so many seconds from the beginning of its audio."""
    return chromium.recorded(page).after(since)


def spoken_to(page: Page, since: float, seconds: float = 40.0) -> Sound:
    """What somebody said to the page since then, once they have paused; else what there is by then."""
    end = time.monotonic() + seconds
    while True:
        sound = heard_after(page, since)
        over = sound.loud_s > 0.5 and not sound.after(max(sound.seconds - 1.2, 0)).is_loud()
        if over or time.monotonic() > end:
            return sound
        page.wait_for_timeout(200)


def begin_call(page: Page) -> None:
    """Calls, and lets the greeting end."""
    panel = page.get_by_role("region", name="Call", exact=True)
    page.get_by_role("button", name="Start a call").click()
    expect(panel).to_have_attribute("data-phase", "speaking")
    expect(panel).to_have_attribute("data-phase", "listening")


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


def is_away(page: Page) -> None:
    """The agent takes none, whatever they said before."""
    page.get_by_text("Away", exact=True).click()
    expect(page.get_by_role("radio", name="Away")).to_be_checked()


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
