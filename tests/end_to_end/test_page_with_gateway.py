"""The customer's page against the real gateway with the real models: talk, interrupt, write, hang up."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.end_to_end import chromium
from tests.end_to_end.gateway_process import serving

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(400)]

VOICE = "piper/en_US-joe-medium.onnx"
ANSWER_MS = 60_000
"An answer must have come by then, on a machine that does other things too."

Speak = Callable[[str], Path]


@pytest.fixture(scope="module")
def speak(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Speak:
    """Makes a WAV of a sentence, with Piper in a process of its own."""
    folder = tmp_path_factory.mktemp("speech")

    def made(text: str) -> Path:
        file = folder / f"{re.sub(r'[^a-z]+', '-', text.lower())}.wav"
        piper = [sys.executable, "-m", "piper", "-m", str(models_folder / VOICE), "-f", str(file)]
        subprocess.run(piper, input=text, text=True, check=True, capture_output=True)
        return file

    return made


@pytest.fixture(scope="module")
def address(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a real `warmline serve` answers, ready for calls."""
    folder = tmp_path_factory.mktemp("gateway")
    with serving(folder, models_folder) as gateway:
        yield gateway.url + "/"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Its microphone is silent until a test speaks: when the greeting is over, nobody knows beforehand."""
    microphone = tmp_path_factory.mktemp("microphone") / "silence.wav"
    microphone.write_bytes(chromium.wav(np.zeros(chromium.SAMPLE_RATE, np.int16)))
    with chromium.chromium(microphone) as running:
        yield running


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=ANSWER_MS)
    yield
    expect.set_options(timeout=5_000)


def lines(page: Page, kind: str) -> Locator:
    return page.get_by_role("log").locator(f"li.line-{kind}")


def test_a_spoken_conversation_with_an_interruption_and_a_typed_message(
    browser: Browser, address: str, speak: Speak
) -> None:
    question = speak("What is your return policy?").read_bytes()
    interruption = speak("Wait. When is your Denver store open?").read_bytes()
    with chromium.opened(browser, address) as page:
        panel = page.get_by_role("region", name="Call", exact=True)
        page.get_by_role("button", name="Start a call").click()

        expect(lines(page, "reply").first).to_contain_text("How can I help")
        expect(panel).to_have_attribute("data-phase", "speaking")
        expect(panel).to_have_attribute("data-phase", "listening")
        assert chromium.heard(page) > 0

        chromium.say(page, question)
        expect(lines(page, "customer").first).to_contain_text(re.compile("return policy", re.I))
        expect(panel).to_have_attribute("data-phase", "speaking")
        silent = chromium.heard(page)
        page.wait_for_timeout(1000)
        assert chromium.heard(page) > silent

        chromium.say(page, interruption)
        expect(lines(page, "reply").nth(1)).to_contain_text("this is what you heard")
        expect(lines(page, "reply").nth(1).get_by_role("link").first).to_contain_text("Return")
        expect(lines(page, "customer").nth(1)).to_contain_text(re.compile("store", re.I))
        expect(lines(page, "reply")).to_have_count(3)
        expect(page.get_by_role("region", name="Latency of the last spoken turn")).to_contain_text("ms")

        page.get_by_label("Your message").fill("Where is my order 10437? My ZIP code is 60614.")
        page.keyboard.press("Enter")
        expect(lines(page, "reply").last).to_contain_text("10437")
        expect(lines(page, "reply").last.get_by_role("group").first).to_be_visible()

        page.get_by_role("button", name="Hang up").click()
        expect(panel).to_have_attribute("data-phase", "over")


def test_a_reload_in_the_middle_keeps_everything(browser: Browser, address: str) -> None:
    with chromium.opened(browser, address) as page:
        page.get_by_role("button", name=re.compile("return policy")).click()
        expect(page.get_by_role("list", name="Sources")).to_be_visible()
        page.reload()
        expect(lines(page, "customer")).to_have_count(1)
        expect(page.get_by_role("list", name="Sources")).to_be_visible()
