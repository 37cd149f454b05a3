"""A carrier at the other end of a media stream: a caller who speaks, a buffer that plays, marks come back.

It is a `Connection`, without a network, in the loop's time. How it spells its messages is a `Dialect`,
written from the providers' documentation and not with our wires, so that both are held against it.
"""

import asyncio
import audioop
import json
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

from gateway.stream.connection import Gone
from gateway.stream.wire import Message
from pipelines.audio import FRAME_MS, Frame, silence

Said = tuple[str, Any]
"What a message of ours means: `media` with PCM, `mark` with its name, `clear`, `bye`."


class Dialect(Protocol):
    """One provider's spelling."""

    rate: int

    def opening(self) -> list[Message]:
        """The messages until sound may flow."""

    def speech(self, pcm: bytes) -> Message:
        """Sound of the caller."""

    def played(self, name: str) -> Message:
        """A mark comes back."""

    def leaving(self) -> list[Message]:
        """The caller hung up."""

    def read(self, message: Message) -> Said:
        """What we said."""


class Twilio:
    """Text only, sequence numbers as text, marks."""

    rate = 8_000

    def __init__(self, **parameters: str) -> None:
        self._parameters = parameters
        self._sequence = 0
        self._chunk = 0

    def opening(self) -> list[Message]:
        start = {
            "streamSid": "MZ1",
            "accountSid": "AC1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "customParameters": self._parameters,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }
        connected = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        return [connected, self._event("start", start=start)]

    def speech(self, pcm: bytes) -> Message:
        self._chunk += 1
        payload = b64encode(audioop.lin2ulaw(pcm, 2)).decode()
        stamp = str((self._chunk - 1) * FRAME_MS)
        media = {"track": "inbound", "chunk": str(self._chunk), "timestamp": stamp, "payload": payload}
        return self._event("media", media=media)

    def played(self, name: str) -> Message:
        return self._event("mark", mark={"name": name})

    def leaving(self) -> list[Message]:
        return [self._event("stop", stop={"accountSid": "AC1", "callSid": "CA1"})]

    def read(self, message: Message) -> Said:
        said = json.loads(message)
        assert said["streamSid"] == "MZ1"
        match said["event"]:
            case "media":
                return "media", audioop.ulaw2lin(b64decode(said["media"]["payload"], validate=True), 2)
            case "mark":
                return "mark", said["mark"]["name"]
        return said["event"], None

    def _event(self, event: str, **content: Any) -> Message:
        self._sequence += 1
        return json.dumps(
            {"event": event, "sequenceNumber": str(self._sequence), "streamSid": "MZ1", **content}
        )


class Telnyx:
    """Like Twilio's, in snake case; the start says who calls. Takes PCMU here."""

    rate = 8_000

    def __init__(self, **parameters: str) -> None:
        self._parameters = parameters
        self._sequence = 0
        self._chunk = 0

    def opening(self) -> list[Message]:
        start = {
            "user_id": "u-1",
            "call_control_id": "v3:call-1",
            "call_session_id": "s-1",
            "from": "+15550001",
            "to": "+15550002",
            "client_state": "",
            "custom_parameters": self._parameters,
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
        }
        return [json.dumps({"event": "connected", "version": "1.0.0"}), self._event("start", start=start)]

    def speech(self, pcm: bytes) -> Message:
        self._chunk += 1
        payload = b64encode(audioop.lin2ulaw(pcm, 2)).decode()
        stamp = str((self._chunk - 1) * FRAME_MS)
        media = {"track": "inbound", "chunk": str(self._chunk), "timestamp": stamp, "payload": payload}
        return self._event("media", media=media)

    def played(self, name: str) -> Message:
        return self._event("mark", mark={"name": name})

    def leaving(self) -> list[Message]:
        return [self._event("stop", stop={"user_id": "u-1", "call_control_id": "v3:call-1"})]

    def read(self, message: Message) -> Said:
        said = json.loads(message)
        match said["event"]:
            case "media":
                return "media", audioop.ulaw2lin(b64decode(said["media"]["payload"], validate=True), 2)
            case "mark":
                return "mark", said["mark"]["name"]
        return said["event"], None

    def _event(self, event: str, **content: Any) -> Message:
        self._sequence += 1
        return json.dumps(
            {"event": event, "sequence_number": str(self._sequence), "stream_id": "st-1", **content}
        )


class AsteriskWebSocket:
    """Binary sound, plain-text events, no marks."""

    rate = 8_000

    def opening(self) -> list[Message]:
        return [
            "MEDIA_START connection_id:c-1 channel:WebSocket/warmline/0x1 format:ulaw optimal_frame_size:160"
        ]

    def speech(self, pcm: bytes) -> Message:
        return audioop.lin2ulaw(pcm, 2)

    def played(self, name: str) -> Message:
        raise AssertionError("it has no marks")

    def leaving(self) -> list[Message]:
        return []

    def read(self, message: Message) -> Said:
        if isinstance(message, bytes):
            return "media", audioop.ulaw2lin(message, 2)
        return {"FLUSH_MEDIA": "clear", "HANGUP": "bye"}[message], None


class StreamProvider:
    """The provider's end; our leg is served with it as its connection."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.heard: list[Frame] = []
        "What was played to the caller, frame by frame, silence included."
        self.sent: list[Message] = []
        "Everything we sent, as it came."
        self.closed: tuple[int, str] | None = None
        self.returns_marks = True
        self.reads = asyncio.Event()
        "Cleared: the connection takes nothing more of ours."
        self.reads.set()
        self._to_say: deque[Frame | None] = deque()
        self._buffer: deque[bytes | str] = deque()
        self._inbound: asyncio.Queue[Message | Gone] = asyncio.Queue(10_000)
        self._gone = asyncio.Event()

    # --- the caller's side ---

    def say(self, frames: Iterable[Frame | None]) -> None:
        """Speak, a frame every 20 ms; None is 20 ms of which nothing comes."""
        self._to_say.extend(frames)

    def tell(self, *messages: Message) -> None:
        """Send raw messages."""
        for message in messages:
            self._inbound.put_nowait(message)

    def leave(self) -> None:
        """The caller hangs up."""
        self.tell(*self.dialect.leaving())
        self.drop(clean=True)

    def drop(self, *, clean: bool) -> None:
        """The connection ends."""
        self._gone.set()
        self._inbound.put_nowait(Gone(clean=clean))

    async def run(self) -> None:
        """Play and speak until the connection is over."""
        loop = asyncio.get_running_loop()
        begun, count = loop.time(), 0
        while not self._gone.is_set():
            spoken = self._to_say.popleft() if self._to_say else silence(self.dialect.rate)
            if spoken is not None:
                self.tell(self.dialect.speech(spoken.pcm))
            self._play()
            count += 1
            await asyncio.sleep(max(begun + count * FRAME_MS / 1000 - loop.time(), 0))

    def _play(self) -> None:
        """20 ms of the buffer, and the marks that follow it."""
        size = self.dialect.rate // 50 * 2
        pcm = b""
        while self._buffer and len(pcm) < size and isinstance(self._buffer[0], bytes):
            piece = self._buffer.popleft()
            assert isinstance(piece, bytes)
            pcm += piece
        if rest := pcm[size:]:
            self._buffer.appendleft(rest)
        self.heard.append(Frame(pcm[:size].ljust(size, b"\0"), self.dialect.rate, filled=not pcm))
        self._return_marks()

    def _return_marks(self, *, all_of_them: bool = False) -> None:
        kept: deque[bytes | str] = deque()
        while self._buffer:
            item = self._buffer.popleft()
            if isinstance(item, bytes):
                kept.append(item)
                if not all_of_them:
                    break
            elif self.returns_marks:
                self.tell(self.dialect.played(item))
        self._buffer = deque() if all_of_them else kept + self._buffer

    # --- what our leg sees ---

    async def receive(self) -> Message:
        got = await self._inbound.get()
        if isinstance(got, Gone):
            raise got
        return got

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if self._gone.is_set():
            raise Gone(clean=False)
        self.sent.append(message)
        match self.dialect.read(message):
            case ("media", pcm):
                self._buffer.append(pcm)
            case ("mark", name):
                self._buffer.append(name)
                if len(self._buffer) == 1:
                    self._return_marks()
            case ("clear", _):
                self._return_marks(all_of_them=True)
            case ("bye", _):
                self.drop(clean=True)

    async def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = (code, reason)
        self._gone.set()
