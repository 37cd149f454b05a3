"""Debian's baresip as a telephone that a test uses: it dials, answers, speaks, listens, presses keys.

Each telephone is a process with a throw-away folder. Its microphone is a WAV, what it hears goes into another
(module `sndfile`, as decoded, so without a sound card), it is told what to do and tells what happens over
`ctrl_tcp`. It binds to 127.0.0.1 only. A telephone occupies three ports in a row: SIP over UDP and TCP, SIP
over TLS, control.

Of baresip 1.0.0 one must know: it follows a REFER, and sends one, but knows no Replaces (RFC 3891). It does
not verify the other side's certificate. A microphone that runs out of sound hangs the call up, so silence is
put behind everything that is said. Once a call was on hold nothing more of it is recorded (the chain of
filters is emptied and not made again): a `relay` with a wiretap hears what comes after.
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile

from tests.interop import certificates, ports
from tests.interop.sounds import Sound, silence

MODULES = Path("/usr/lib/baresip/modules")
HEADER = 44
"Bytes before the samples of a WAV; its sizes are not filled in before the call is over."
SILENCE_S = 180.0
STARTING_S, ANSWERING_S = 15.0, 30.0

CONFIGURATION = """\
poll_method epoll
net_interface 127.0.0.1
sip_listen 127.0.0.1:{port}
sip_certificate {folder}/own.pem
call_max_calls 4
audio_source aufile,said.wav
audio_alert aufile,none
rtp_ports {rtp}
rtp_timeout 0
jitter_buffer_delay {jitter}
module_path {modules}
module g711.so
module g722.so
module opus.so
module aufile.so
module sndfile.so
module srtp.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""

CODECS = {
    "PCMU": ("PCMU/8000/1", 8_000, 1),
    "PCMA": ("PCMA/8000/1", 8_000, 1),
    "G722": ("G722/16000/1", 16_000, 1),
    "opus": ("opus/48000/2", 48_000, 2),
}
"Baresip's name of a codec, and the rate and the channels of a WAV that it speaks with it."


@dataclass(frozen=True, slots=True)
class Settings:
    """What kind of telephone it is."""

    user: str = "alice"
    transport: Literal["udp", "tcp", "tls"] = "udp"
    codec: str = "PCMU"
    srtp: bool = False
    "Calls without SRTP (SDES) are refused, and none are made."
    answers: Literal["manual", "auto"] = "manual"
    password: str = ""
    proxy: str = ""
    "`host:port` through which everything goes."
    rtp: str = "20000-20998"
    "Range of ports; each call takes one at random."
    jitter: str = "0-5"
    "Packets of jitter buffer, least and most."
    port: int = 0
    "The first of its three; 0 takes free ones."


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the telephone, with baresip's word for it, such as `CALL_ESTABLISHED`."""

    type: str
    peer: str = ""
    parameter: str = ""
    "A digit, a reason, a URI: what the type carries."
    call_id: str = ""


class BaresipError(AssertionError):
    """Baresip did not do what it was told, or what was waited for did not come; the text has its log."""


@dataclass
class Baresip:
    """A running telephone; made by `baresip`."""

    settings: Settings
    folder: Path
    port: int
    control: asyncio.transports.WriteTransport | None = None
    events: "asyncio.Queue[Event]" = field(default_factory=asyncio.Queue)
    "What happened and nobody has waited for yet."
    seen: list[Event] = field(default_factory=list)
    "All that happened."
    answers: "asyncio.Queue[tuple[bool, str]]" = field(default_factory=asyncio.Queue)
    _spoken: int = 0

    @property
    def uri(self) -> str:
        """Where it can be called."""
        port = self.port + 1 if self.settings.transport == "tls" else self.port
        return f"sip:{self.settings.user}@127.0.0.1:{port};transport={self.settings.transport}"

    async def dial(self, uri: str) -> None:
        """Start a call; `until` tells how it goes on."""
        await self.command("dial", uri)

    async def answer(self) -> None:
        await self.command("accept")

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def hold(self) -> None:
        """Send a re-INVITE with `sendonly`."""
        await self.command("hold")

    async def resume(self) -> None:
        await self.command("resume")

    async def transfer(self, uri: str) -> None:
        """Send a REFER to the party of the call."""
        await self.command("transfer", uri)

    async def press(self, digits: str) -> None:
        """Keys, one after the other, as RFC 4733 events."""
        for digit in digits:
            await self.command("sndcode", digit)
            await asyncio.sleep(0.3)

    async def say(self, sound: Sound) -> None:
        """Speak into the call, or into the next one; breaks off what it said before."""
        self._spoken += 1
        name = f"said-{self._spoken}.wav"
        _write(self.folder / name, sound, self.settings.codec)
        await self.command("ausrc", f"aufile,{name}")

    def heard(self, call: int = -1) -> Sound:
        """What a call carried to it so far: the last call, or the one with that place."""
        recordings = sorted(self.folder.glob("dump-*-dec.wav"))
        if not recordings:
            return silence(0)
        _, rate, channels = CODECS[self.settings.codec]
        raw = recordings[call].read_bytes()[HEADER:]
        samples = np.frombuffer(raw[: len(raw) // (2 * channels) * 2 * channels], "<i2")
        return Sound(samples.reshape(-1, channels).mean(axis=1).astype(np.int16), rate)

    async def until(self, kind: str, seconds: float = ANSWERING_S) -> Event:
        """The next event of a type; what came before it is passed over."""
        try:
            async with asyncio.timeout(seconds):
                while (event := await self.events.get()).type != kind:
                    pass
        except TimeoutError:
            raise self.error(f"no {kind} within {seconds} s") from None
        return event

    async def command(self, name: str, parameter: str = "") -> str:
        """Run one of baresip's commands; gives what it printed."""
        message = json.dumps({"command": name, "params": parameter}).encode()
        assert self.control is not None
        self.control.write(b"%d:%s," % (len(message), message))
        try:
            async with asyncio.timeout(ANSWERING_S):
                done, text = await self.answers.get()
        except TimeoutError:
            raise self.error(f"no answer to `{name}`") from None
        if not done:
            raise self.error(f"`{name} {parameter}` failed: {text}")
        return text

    def log(self) -> str:
        """What it printed, SIP messages included."""
        return (self.folder / "log").read_text(errors="replace")

    def error(self, what: str) -> BaresipError:
        """What went wrong, with all that the telephone knows of it."""
        events = " ".join(event.type for event in self.seen)
        return BaresipError(f"{self.settings.user}'s baresip: {what}\nevents: {events}\n{self.log()[-6000:]}")


class _Control(asyncio.Protocol):
    """Takes netstrings of JSON: answers to commands, and events."""

    def __init__(self, telephone: Baresip) -> None:
        self._telephone = telephone
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (colon := self._waiting.find(b":")) > 0:
            end = colon + 1 + int(self._waiting[:colon])
            if len(self._waiting) <= end:
                return
            self._take(json.loads(self._waiting[colon + 1 : end]))
            self._waiting = self._waiting[end + 1 :]

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("response"):
            self._telephone.answers.put_nowait((message["ok"], message.get("data", "")))
            return
        event = Event(*(message.get(key, "") for key in ("type", "peeruri", "param", "id")))
        self._telephone.seen.append(event)
        self._telephone.events.put_nowait(event)


@asynccontextmanager
async def baresip(settings: Settings | None = None, sound: Sound | None = None) -> AsyncIterator[Baresip]:
    """A telephone that is ready, with its first words; it has stopped when the block is left."""
    settings = settings or Settings()
    program = shutil.which("baresip")
    if program is None:
        raise RuntimeError("baresip is not installed: run `make test`, or `apt-get install baresip-core`")
    port = settings.port or ports.free(3)
    folder = Path(tempfile.mkdtemp(prefix="baresip-"))
    try:
        _furnish(folder, settings, port)
        _write(folder / "said.wav", sound or silence(0), settings.codec)
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program, "-s", "-4", "-f", str(folder), cwd=folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        telephone = Baresip(settings, folder, port)
        try:
            telephone.control = await _connect(process, telephone)
            yield telephone
            telephone.control.close()
        finally:
            await _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _connect(
    process: asyncio.subprocess.Process, telephone: Baresip
) -> asyncio.transports.WriteTransport:
    """Open the control connection as soon as baresip listens."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STARTING_S):
            while process.returncode is None:
                try:
                    transport, _ = await loop.create_connection(
                        lambda: _Control(telephone), "127.0.0.1", telephone.port + 2
                    )
                    return transport
                except ConnectionError:
                    await asyncio.sleep(0.02)
    except TimeoutError:
        pass
    raise telephone.error("did not start")


async def _stop(process: asyncio.subprocess.Process) -> None:
    """As Ctrl-C does it: calls are hung up first; the second time it goes without goodbye."""
    for ask in (process.terminate, process.terminate, process.kill):
        if process.returncode is None:
            ask()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await process.wait()
                return


def _furnish(folder: Path, settings: Settings, port: int) -> None:
    certificates.make(folder / "own.pem")
    (folder / "config").write_text(
        CONFIGURATION.format(
            port=port,
            control=port + 2,
            folder=folder,
            modules=MODULES,
            rtp=settings.rtp,
            jitter=settings.jitter,
        )
    )
    parts = [
        f"<sip:{settings.user}@127.0.0.1;transport={settings.transport}>",
        "regint=0",
        f"audio_codecs={CODECS[settings.codec][0]}",
        f"answermode={settings.answers}",
    ]
    if settings.srtp:
        parts.append("mediaenc=srtp-mand")
    if settings.password:
        parts.append(f"auth_pass={settings.password}")
    if settings.proxy:
        parts.append(f'outbound="sip:{settings.proxy};transport={settings.transport}"')
    (folder / "accounts").write_text(";".join(parts) + "\n")


def _write(path: Path, sound: Sound, codec: str) -> None:
    _, rate, channels = CODECS[codec]
    samples = np.concatenate([sound.at(rate).samples, silence(SILENCE_S, rate).samples])
    soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate, subtype="PCM_16")
