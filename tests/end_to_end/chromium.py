"""A real Chromium for page tests: its microphone speaks a WAV, and what it hears can be measured.

Chromium's own fake device plays the WAV from the moment the page opens the microphone. A page can also be
made to say more at a given moment, through the same track; so an interruption comes when the bot speaks,
however fast the machine is. Relies on Playwright and the Chromium of the system.
"""

import base64
import io
import shutil
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SAMPLE_RATE = 48_000

_EARS = """
const peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); peers.push(this); }
};
const mixers = [];
const open = navigator.mediaDevices?.getUserMedia?.bind(navigator.mediaDevices);
if (open) navigator.mediaDevices.getUserMedia = async (wanted) => {
  const device = await open(wanted);
  const audio = new AudioContext({ sampleRate: 48000 });
  const out = audio.createMediaStreamDestination();
  audio.createMediaStreamSource(device).connect(out);
  mixers.push({ audio, out });
  return out.stream;
};
window.testing = {
  async say(wav) {
    const { audio, out } = mixers.at(-1);
    const bytes = Uint8Array.from(atob(wav), (character) => character.charCodeAt(0));
    const source = audio.createBufferSource();
    source.buffer = await audio.decodeAudioData(bytes.buffer);
    source.connect(out);
    source.start();
  },
  async heard() {
    const last = peers.at(-1);
    if (last === undefined) return 0;
    for (const report of (await last.getStats()).values())
      if (report.type === "inbound-rtp" && report.kind === "audio") return report.totalAudioEnergy ?? 0;
    return 0;
  },
};
"""


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    """A browser whose microphone speaks the WAV once, then is silent."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("Chromium is missing; `make test` installs it", pytrace=False)
    capture = f"--use-file-for-fake-audio-capture={microphone}%noloop"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, capture])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, url: str, **context: Any) -> Iterator[Page]:
    """A page in a profile of its own; fails at the end if the page threw or broke its security policy."""
    with browser.new_context(**context) as profile:
        profile.grant_permissions(["microphone"], origin=url.rstrip("/"))
        profile.add_init_script(_EARS)
        page = profile.new_page()
        page.set_default_timeout(10_000)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.extend(_fault(message)))
        page.goto(url)
        yield page
        assert not faults, f"the page complained: {faults}"


def _fault(message: ConsoleMessage) -> list[str]:
    """What a console line says against the page. A lost network is the test's doing."""
    of_the_network = "WebSocket" in message.text or "Failed to load resource" in message.text
    return [message.text] if message.type == "error" and not of_the_network else []


def say(page: Page, wav: bytes) -> None:
    """Let the customer say this now."""
    page.evaluate("wav => window.testing.say(wav)", base64.b64encode(wav).decode())


def heard(page: Page) -> float:
    """Energy of all that came from the far end so far; silence adds nothing (W3C WebRTC statistics)."""
    return float(page.evaluate("() => window.testing.heard()"))


def wav(*pieces: np.ndarray, rate: int = SAMPLE_RATE) -> bytes:
    """PCM16 pieces as one mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(piece.astype("<i2").tobytes() for piece in pieces))
    return file.getvalue()


def tone(seconds: float) -> np.ndarray:
    """300 Hz, half as loud as can be."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (16_000 * np.sin(2 * np.pi * 300 * times)).astype(np.int16)
