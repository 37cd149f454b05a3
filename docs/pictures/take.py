"""Takes the pictures of this folder: a real gateway, its real models, a real conversation in Chromium.

Run from the project's folder as `python -m docs.pictures.take`, on a machine with nothing else to do, as the
latency on the pictures is what was measured while they were taken.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from gateway import config
from tests.end_to_end import chromium
from tests.end_to_end.test_page_with_gateway import VOICE, after_pause, lines, serving

HERE = Path(__file__).parent
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
DARK: dict[str, Any] = {**DESK, "color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
KEPT = {"desk-welcome", "desk-chat", "desk-call", "desk-blocked"}
KEPT |= {"dark-call", "phone-welcome", "phone-chat", "phone-call"}
GREETING_S = 8
SETTLED_MS = 600
REFUSAL = "async () => { throw new DOMException('', 'NotAllowedError') }"
BLOCKED = f"() => {{ navigator.mediaDevices.getUserMedia = {REFUSAL} }}"


def speech(models: Path, folder: Path, text: str) -> Path:
    """A sentence spoken by Piper, in a process of its own."""
    file = folder / f"{len(text)}.wav"
    piper = [sys.executable, "-m", "piper", "-m", str(models / VOICE), "-f", str(file)]
    subprocess.run(piper, input=text, text=True, check=True, capture_output=True)
    return file


def take(page: Page, name: str) -> None:
    """Wait until nothing moves, and keep what is shown if it is one of the pictures."""
    page.wait_for_timeout(SETTLED_MS)
    if name in KEPT:
        page.screenshot(path=str(HERE / f"customer-{name}.png"))


def conversation(page: Page, name: str, interruption: bytes) -> None:
    """Write, call, be answered, interrupt, be answered; a picture at the start and one at the end."""
    panel = page.get_by_role("region", name="Call", exact=True)
    expect(page.get_by_text("Online")).to_be_attached()
    take(page, f"{name}-welcome")
    page.get_by_role("button", name=re.compile("Where is my order")).click()
    expect(lines(page, "reply").last).to_contain_text("10437")
    take(page, f"{name}-chat")
    page.get_by_role("button", name="Start a call").click()
    expect(lines(page, "customer")).to_have_count(2)
    expect(panel).to_have_attribute("data-phase", "speaking")
    page.wait_for_timeout(1500)
    chromium.say(page, interruption)
    expect(page.get_by_text("this is what you heard")).to_be_visible()
    expect(lines(page, "customer")).to_have_count(3)
    expect(panel).to_have_attribute("data-phase", "speaking")
    take(page, f"{name}-call")
    page.get_by_role("button", name="Hang up").click()


def main() -> None:
    """Take all of them."""
    expect.set_options(timeout=60_000)
    models = config.load().models.folder
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch), models) as address:
        folder = Path(scratch)
        microphone = folder / "microphone.wav"
        microphone.write_bytes(after_pause(speech(models, folder, "What is your return policy?"), GREETING_S))
        interruption = speech(models, folder, "How do I return a gift?").read_bytes()
        for name, context in {"desk": DESK, "dark": DARK, "phone": PHONE}.items():
            with (
                chromium.chromium(microphone) as browser,
                chromium.opened(browser, address, **context) as page,
            ):
                conversation(page, name, interruption)
        with chromium.chromium(microphone) as browser, chromium.opened(browser, address, **DESK) as page:
            page.evaluate(BLOCKED)
            page.get_by_role("button", name="Start a call").click()
            take(page, "desk-blocked")


if __name__ == "__main__":
    main()
