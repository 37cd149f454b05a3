"""Takes the pictures of the desk: a real gateway, a customer and an agent in Chromium, a real handoff.

Run from the project's folder as `python -m docs.pictures.take_handoff`.
"""

import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from gateway import config
from tests.end_to_end import chromium, people
from tests.end_to_end.gateway_process import serving
from tests.end_to_end.people import said

HERE = Path(__file__).parent
SETTLED_MS = 600


def take(page: Page, name: str) -> None:
    """Wait until nothing moves, and keep what is shown."""
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=str(HERE / f"{name}.png"))


def main() -> None:
    """Take all of them."""
    expect.set_options(timeout=60_000)
    models = config.load().models.folder
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        silence = folder / "silence.wav"
        silence.write_bytes(chromium.wav(np.zeros(chromium.SAMPLE_RATE, np.int16)))
        with serving(folder, models, "--demo-agents") as gateway, chromium.chromium(silence) as browser:
            words = people.passwords(folder)
            with (
                people.desk(browser, gateway.url, "alex", words["alex"]) as alex,
                people.desk(browser, gateway.url, "sam", words["sam"]) as sam,
                chromium.opened(browser, gateway.url, viewport={"width": 1280, "height": 800}) as customer,
            ):
                people.is_available(alex)
                people.writes(customer, "Where is my order 10437?")
                expect(said(customer, "reply").last).to_contain_text("ZIP")
                people.writes(customer, "60614")
                expect(said(customer, "reply").last).to_contain_text("10437")
                people.writes(customer, "That is too late. I would like to talk to a person, please.")
                expect(people.ringing(alex)).to_be_visible()
                take(alex, "desk-offer")
                people.accept(alex)
                people.connect(alex, "In chat")
                people.write(alex, "Hello, this is Alex. I have read it, let me see what I can do.")
                expect(said(customer, "human").last).to_contain_text("Alex")
                people.writes(customer, "Can I return it when it comes?")
                expect(said(alex, "customer").last).to_contain_text("return it")
                take(alex, "desk-contact")
                take(customer, "customer-with-person")
                take(sam, "desk-supervisor")
                alex.set_viewport_size(people.PHONE)
                take(alex, "desk-phone")


if __name__ == "__main__":
    main()
