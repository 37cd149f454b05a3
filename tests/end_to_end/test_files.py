"""Files on the customer's and the agents' page, in a real Chromium against scripted gateways."""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gateway.events import FileName, FileShared, HandoffChanged
from tests.end_to_end import chromium
from tests.end_to_end.built_pages import WEB_DEMO, violations
from tests.end_to_end.desk_scenes import browser, contact, desk, has, opened, picture, screen
from tests.end_to_end.test_page import write
from tests.fakes.page_files import Kept, PageFiles
from tests.fakes.scripted_desk import ScriptedDesk, refusal
from tests.fakes.wire_gateway import WireGateway

__all__ = ["browser", "desk"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WITH_PERSON = HandoffChanged(
    handoff_id="h_1", state="human_active", floor="human", reason="connected", agent_id="a_7f", agent="Alex"
)


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = (b"\x00" + b"\x20\x80\x60" * width) * height
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PHOTO = png(640, 320)


@pytest.fixture
def gateway() -> Iterator[WireGateway]:
    with WireGateway(WEB_DEMO / "dist") as running:
        yield running


@contextmanager
def customer(browser: Browser, gateway: WireGateway, **context: Any) -> Iterator[Page]:
    """The page of a customer whom Alex has."""
    with chromium.opened(browser, gateway.url, **context) as page:
        expect(page.locator(".connection")).to_have_attribute("data-state", "open")
        gateway.say(WITH_PERSON)
        expect(page.get_by_text("You are talking with Alex now.").first).to_be_visible()
        yield page


@pytest.fixture
def page(browser: Browser, gateway: WireGateway) -> Iterator[Page]:
    with customer(browser, gateway) as ready:
        yield ready


def clip(page: Page) -> Locator:
    return page.get_by_role("button", name="Attach a file")


def send(page: Page, name: str = "broken tent.png", data: bytes = PHOTO) -> None:
    with page.expect_file_chooser() as chooser:
        clip(page).click()
    chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": data})


def line(page: Page, name: str) -> Locator:
    return page.get_by_role("log").locator("li.line").filter(has_text=name)


def from_agent(name: str = "return label.pdf", file_id: str = "file_9", size: int = 90_211) -> FileShared:
    return FileShared(
        file_id=file_id,
        by="agent",
        agent_id="a_7f",
        agent="Alex",
        size=size,
        media_type="application/pdf",
        pii=FileName(name=name),
    )


def from_customer(name: str = "broken tent.png", file_id: str = "file_8") -> FileShared:
    return FileShared(
        file_id=file_id,
        by="customer",
        size=len(PHOTO),
        media_type="image/png",
        pii=FileName(name=name),
    )


def saved(page: Page, name: str) -> bytes:
    """What the browser saves of a file in the conversation."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save {name}").click()
    assert download.value.suggested_filename == name
    return Path(download.value.path()).read_bytes()


def notices(page: Page) -> Locator:
    return page.get_by_role("status", name="Notices")


# --- the customer's page ----------------------------------------------------------------------------------


def test_while_the_bot_is_there_the_clip_says_why_it_waits(browser: Browser, gateway: WireGateway) -> None:
    with chromium.opened(browser, gateway.url) as page:
        expect(page.get_by_text("Online")).to_be_visible()
        why = "You can send files once a person has joined the conversation."
        expect(clip(page)).to_have_attribute("aria-disabled", "true")
        expect(clip(page)).to_have_accessible_description(why)
        clip(page).focus()
        page.keyboard.press("Enter")
        expect(notices(page)).to_contain_text(why)
        write(page, "hello")  # there is a session now
        gateway.say(WITH_PERSON)
        expect(clip(page)).to_have_attribute("aria-disabled", "false")
        gateway.say(WITH_PERSON.model_copy(update={"state": "ai_active", "floor": "bot", "reason": "back"}))
        expect(clip(page)).to_have_attribute("aria-disabled", "true")
        assert gateway.files.came == 0


def test_a_customer_sends_a_file_and_sees_it_in_the_conversation(page: Page, gateway: WireGateway) -> None:
    send(page, "Zelt, kaputt ✂.png")
    shown = line(page, "Zelt, kaputt ✂.png")
    expect(shown).to_contain_text("PNG picture")
    expect(shown).to_contain_text("You")
    assert list(gateway.files.kept.values()) == [Kept("Zelt, kaputt ✂.png", PHOTO)]
    live = page.locator(".hidden > [aria-live=polite]").first
    expect(live).to_have_text("You sent a file: Zelt, kaputt ✂.png")
    assert saved(page, "Zelt, kaputt ✂.png") == PHOTO


def test_a_file_on_its_way_shows_it_and_can_be_stopped(page: Page, gateway: WireGateway) -> None:
    gateway.files.hold_back()
    send(page)
    expect(page.get_by_role("progressbar", name="Sending broken tent.png")).to_be_visible()
    expect(clip(page)).to_have_accessible_description("broken tent.png is on its way.")
    page.get_by_role("button", name="Stop sending broken tent.png").click()
    expect(page.get_by_role("progressbar")).to_be_hidden()
    expect(clip(page)).to_be_focused()
    gateway.files.until_broken_off()
    gateway.files.go_on()
    send(page, "again.png")
    expect(line(page, "again.png")).to_be_visible()
    expect(line(page, "broken tent.png")).to_have_count(0)


def test_what_is_refused_says_why_and_may_be_tried_again(page: Page, gateway: WireGateway) -> None:
    gateway.files.refusals = [refusal("type_not_allowed", 415, "Files of this type can't be sent.")]
    send(page)
    expect(notices(page)).to_contain_text("Not sent: Files of this type can't be sent.")
    expect(line(page, "broken tent.png")).to_have_count(0)
    gateway.files.size_bytes = 100
    came = gateway.files.came
    send(page)
    expect(notices(page)).to_contain_text(re.compile("A file may have 100 bytes; broken tent.png has"))
    assert gateway.files.came == came, "what is too large is not sent at all"
    gateway.files.size_bytes = 1_000_000
    send(page)
    expect(line(page, "broken tent.png")).to_be_visible()


def test_an_agents_file_can_be_saved_and_one_that_is_gone_says_so(page: Page, gateway: WireGateway) -> None:
    gateway.files.kept["file_9"] = Kept("return label.pdf", b"%PDF-1.7 label")
    gateway.say(from_agent())
    shown = line(page, "return label.pdf")
    expect(shown).to_contain_text("PDF, 90 kB")
    expect(shown).to_contain_text("Alex")
    expect(shown.get_by_role("button")).to_have_count(1)
    live = page.locator(".hidden > [aria-live=polite]").first
    expect(live).to_have_text("Alex sent a file: return label.pdf")
    assert saved(page, "return label.pdf") == b"%PDF-1.7 label"
    gateway.files.kept.clear()
    page.get_by_role("button", name="Save return label.pdf").click()
    expect(notices(page)).to_contain_text("return label.pdf: There is no such file.")


def test_a_files_name_is_words_and_nothing_else(page: Page, gateway: WireGateway) -> None:
    gateway.say(from_agent("<img src=x onerror=alert(1)>.pdf"), from_agent().model_copy(update={"pii": None}))
    expect(line(page, "<img src=x onerror=alert(1)>.pdf")).to_be_visible()
    expect(line(page, "A file (name removed)")).to_be_visible()


# --- the desk ---------------------------------------------------------------------------------------------


def test_an_agent_sends_a_file_to_the_customer(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk) as page:
        has(page, desk, contact())
        send(page, "return label.png")
        shown = line(page, "return label.png")
        expect(shown).to_have_attribute("data-own", "true")
        expect(shown).to_contain_text("You")
        assert list(desk.files.kept.values()) == [Kept("return label.png", PHOTO)]
        desk.tell(contact(state="briefing", floor="bot"))
        expect(clip(page)).to_have_accessible_description("Not connected yet")
        desk.tell(contact())
        desk.files.refusals = [refusal("too_many_files", 409, "At most 20 files can be sent.")]
        send(page)
        expect(notices(page)).to_contain_text("Not sent: At most 20 files can be sent.")


def test_a_customers_picture_is_shown_when_the_agent_asks_for_it(
    browser: Browser, desk: ScriptedDesk
) -> None:
    with opened(browser, desk) as page:
        has(page, desk, contact(), contact("s_2", customer="Otto Kranz"))
        desk.files.kept["file_8"] = Kept("broken tent.png", PHOTO)
        desk.say("s_1", from_customer())
        shown = line(page, "broken tent.png")
        expect(shown).to_contain_text("Rosa Blum")
        live = page.locator(".hidden > [aria-live=polite]").first
        expect(live).to_have_text("Rosa Blum sent a file: broken tent.png")
        expect(page.get_by_role("img", name="Picture: broken tent.png")).to_have_count(0)
        page.get_by_role("button", name="Show broken tent.png").focus()
        page.keyboard.press("Enter")
        drawn = page.get_by_role("img", name="Picture: broken tent.png")
        expect(drawn).to_have_attribute("width", "320")
        expect(drawn).to_have_attribute("height", "160")
        page.get_by_role("button", name="Hide broken tent.png").click()
        expect(drawn).to_have_count(0)
        assert saved(page, "broken tent.png") == PHOTO
        desk.say("s_2", from_customer("receipt.png"))
        other = page.get_by_role("button", name=re.compile("^Otto Kranz"))
        expect(other).to_contain_text("receipt.png")
        expect(other).to_contain_text("1 unread")


def test_what_is_no_picture_after_all_says_so(browser: Browser, desk: ScriptedDesk) -> None:
    with opened(browser, desk) as page:
        has(page, desk, contact())
        desk.files.kept["file_8"] = Kept("broken tent.png", PHOTO[:40])
        desk.say("s_1", from_customer())
        page.get_by_role("button", name="Show broken tent.png").click()
        expect(notices(page)).to_contain_text("broken tent.png cannot be shown.")


# --- for everybody ----------------------------------------------------------------------------------------


def on_its_way(page: Page, files: PageFiles) -> None:
    """A file that was sent, one that came and is shown, one that is being sent."""
    files.kept["file_8"] = Kept("broken tent.png", PHOTO)
    page.get_by_role("button", name="Show broken tent.png").click()
    expect(page.get_by_role("img", name="Picture: broken tent.png")).to_have_attribute("width", "320")
    files.hold_back()
    send(page, "another picture with quite a long name.png")
    expect(page.get_by_role("progressbar")).to_be_visible()
    for name in (re.compile("^Stop sending"), "Send"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_the_customers_page_meets_wcag_aa(
    browser: Browser, gateway: WireGateway, device: str, scheme: str
) -> None:
    with customer(browser, gateway, color_scheme=scheme, **screen(device)) as page:
        gateway.say(from_customer(), from_agent())
        on_its_way(page, gateway.files)
        picture(page, f"files-customer-{device}-{scheme}")
        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
        gateway.files.go_on()
        expect(page.get_by_role("progressbar")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_the_desk_meets_wcag_aa(browser: Browser, desk: ScriptedDesk, device: str, scheme: str) -> None:
    with opened(browser, desk, color_scheme=scheme, **screen(device)) as page:
        has(page, desk, contact())
        desk.say("s_1", from_customer(), from_agent())
        on_its_way(page, desk.files)
        picture(page, f"files-desk-{device}-{scheme}")
        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
        desk.files.go_on()
        expect(page.get_by_role("progressbar")).to_be_hidden()
