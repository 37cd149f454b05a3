"""A real Chromium for page tests: its microphone speaks a WAV, and what it hears can be measured.

Chromium's own fake device plays the WAV from the moment the page opens the microphone. A page can also be
made to say more at a given moment, through the same track; so an interruption comes when the bot speaks,
however fast the machine is. All that a page hears is recorded as well, to be transcribed. Relies on
Playwright and the Chromium of the system.
"""

import base64
import io
import os
import shutil
import signal
import uuid
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.interop.sounds import Sound

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

HEARD_RATE = 48_000
"Hz, of what a page heard."

_EARS = """
const peers = [];
const recorders = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    peers.push(this);
    this.addEventListener("track", ({ track }) => {
      const recorder = new MediaRecorder(new MediaStream([track]), { mimeType: "audio/webm;codecs=opus" });
      recorder.pieces = [];
      recorder.ondataavailable = ({ data }) => recorder.pieces.push(data);
      recorder.start(100);
      recorders.push(recorder);
    });
  }
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
  async recorded() {
    const last = recorders.at(-1);
    if (last === undefined) return "";
    const url = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(new Blob(last.pieces));
    });
    return url.slice(url.indexOf(",") + 1);
  },
};
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A browser and the mark by which its processes are known."""

    browser: Browser
    mark: str

    def kill(self) -> None:
        """As the kernel does it when memory runs out: no goodbye, to nobody."""
        found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        for process in sorted(process for process in found if self.mark in _arguments(process)):
            os.kill(process, signal.SIGKILL)  # its own processes go with it


def _arguments(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    """A browser whose microphone speaks the WAV once, then is silent."""
    with sync_playwright() as playwright, _launched(playwright, microphone) as program:
        yield program.browser


@contextmanager
def chromiums(microphone: Path) -> Iterator[Callable[[], Program]]:
    """Launches browsers, each of which may be killed; at the end those that are left are closed."""
    with sync_playwright() as playwright, ExitStack() as stack:
        yield lambda: stack.enter_context(_launched(playwright, microphone))


@contextmanager
def _launched(playwright: Playwright, microphone: Path) -> Iterator[Program]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("Chromium is missing; `make test` installs it", pytrace=False)
    capture = f"--use-file-for-fake-audio-capture={microphone}%noloop"
    mark = f"--warmline-test={uuid.uuid4().hex}"
    browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, capture, mark])
    try:
        yield Program(browser, mark)
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


def recorded(page: Page) -> Sound:
    """All that the far end let the page hear since the newest connection began, silence included."""
    webm = base64.b64decode(page.evaluate("() => window.testing.recorded()"))
    if not webm:
        return Sound(np.zeros(0, np.int16), HEARD_RATE)
    pieces: list[np.ndarray] = []
    at = 0
    resampler = av.AudioResampler(format="s16", layout="mono", rate=HEARD_RATE)
    with av.open(io.BytesIO(webm)) as container:
        for decoded in container.decode(audio=0):
            begins = round((decoded.time or 0) * HEARD_RATE)
            if begins - at > HEARD_RATE // 10:  # what was lost on the way is a gap, not nothing
                pieces.append(np.zeros(begins - at, np.int16))
                at = begins
            for frame in resampler.resample(decoded):
                pieces.append(frame.to_ndarray().reshape(-1))
                at += frame.samples
    return Sound(np.concatenate(pieces), HEARD_RATE)


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
