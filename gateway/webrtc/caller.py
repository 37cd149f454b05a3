"""The other end of a browser call, without a browser: for the command line and for tests.

Speaks what it is given in real time, records what it hears, exchanges messages, and tells how long the
answer took, ear to ear: from the last voiced sample it sent to the first audible sample it got.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)

from gateway.events import Message
from gateway.leg import Channel, FrameClock
from gateway.webrtc.incoming import Ear, hear_at_once
from gateway.webrtc.outgoing import OutgoingTrack
from pipelines.audio import Frame, silence

AUDIBLE = 200
"Root mean square of 16-bit samples (-44 dBFS): louder than line noise, softer than any speech."
PING_EVERY_S = 1.0
MESSAGES_WAITING = 4096

Signal = Callable[[Message], Awaitable[Message]]
"Takes an offer to the gateway and returns its answer."


def audible(frame: Frame) -> bool:
    """Whether there is anything to hear in a frame."""
    samples = np.frombuffer(frame.pcm, np.int16).astype(np.float32)
    return float(np.sqrt(np.mean(samples**2))) > AUDIBLE


class Caller:
    """A call as the person who makes it has it. Made by `connect`."""

    def __init__(self, pc: RTCPeerConnection) -> None:
        self._pc = pc
        self._channel: RTCDataChannel | None = None
        self._opened = asyncio.Event()
        self._gone = asyncio.Event()
        self._messages: Channel[Message] = Channel("caller_messages", MESSAGES_WAITING)
        self._speech: deque[Frame] = deque()
        self._recording: list[Frame] = []
        self._spoke_ms: int | None = None
        self._heard_ms: int | None = None
        self._answered_ms: int | None = None
        self.listener: Callable[[Frame], None] | None = None
        "Gets every frame as it is heard."
        self.mouth: Callable[[Frame], None] | None = None
        "Gets every frame of speech as it is sent."
        self.answer: Message = {}
        "What the gateway answered to the offer: `pc_id`, `session`, `token`."

    @property
    def recording(self) -> bytes:
        """Everything heard so far: 16 kHz mono PCM16, in real time, silence included."""
        return b"".join(frame.pcm for frame in self._recording)

    @property
    def speaking(self) -> bool:
        """Whether there is still something to say."""
        return bool(self._speech)

    @property
    def waiting(self) -> int:
        """Frames that are still to be said."""
        return len(self._speech)

    @property
    def is_over(self) -> bool:
        """Whether the call is over."""
        return self._gone.is_set()

    @property
    def voice_to_voice_ms(self) -> int | None:
        """From the last voiced sample sent to the first audible one that came after it; None before that."""
        if self._spoke_ms is None or self._answered_ms is None:
            return None
        return self._answered_ms - self._spoke_ms

    def quiet_ms(self) -> int | None:
        """How long the other side has been silent; None when it never said anything."""
        return None if self._heard_ms is None else _now_ms() - self._heard_ms

    def say(self, frames: Iterable[Frame]) -> None:
        """Speak, in real time, after what is still to be said."""
        self._speech.extend(frames)

    def send(self, message: Message) -> None:
        """Send a message; the channel must be open (`opened`)."""
        assert self._channel is not None
        self._channel.send(json.dumps(message))

    def send_if_open(self, message: Message) -> None:
        """Send a message if it can be: for saying goodbye."""
        if self._channel is not None and self._channel.readyState == "open":
            self.send(message)

    def send_text(self, text: str) -> None:
        """Send anything at all, for tests of the other side's patience."""
        assert self._channel is not None
        self._channel.send(text)

    def messages(self) -> AsyncIterator[Message]:
        """JSON objects from the gateway, until the call is over."""
        return self._messages

    async def opened(self) -> bool:
        """Wait until messages can be sent; False when the call was over before that."""
        await self._opened.wait()
        return not self._gone.is_set()

    async def over(self) -> None:
        """Wait until the call is over."""
        await self._gone.wait()

    # --- inside ---

    def listen_to(self, channel: RTCDataChannel) -> None:
        """Use this channel for messages."""
        self._channel = channel
        channel.on("open", self._opened.set)
        channel.on("message", self._on_message)
        self._pc.on("connectionstatechange", self._on_state)

    def next_to_say(self) -> Frame | None:
        """The next frame for the track; notes when the last voiced one left."""
        if not self._speech:
            return None
        frame = self._speech.popleft()
        if self.mouth is not None:
            self.mouth(frame)
        if audible(frame):
            self._spoke_ms, self._answered_ms = _now_ms(), None
        return frame

    def hear_from(self, receiver: RTCRtpReceiver) -> None:
        """Record what a receiver gets, in real time from now on."""
        ear, clock = Ear(), FrameClock(_now_ms())

        def hear(packet: bytes, timestamp: int) -> None:
            missing = clock.lost(ear.lost(timestamp), _now_ms()) + clock.overdue(_now_ms())
            self._recording.extend([silence()] * missing)
            for frame in ear.hear(packet, timestamp):
                clock.admit(_now_ms())
                self._recording.append(frame)
                self._note(frame)

        hear_at_once(receiver, hear)

    async def ping(self) -> None:
        """Tell the gateway every second that we are there, as its browser clients do."""
        await self._opened.wait()
        while self._channel is not None and self._channel.readyState == "open":
            self._channel.send(f"ping: {_now_ms()}")
            await asyncio.sleep(PING_EVERY_S)

    def end(self) -> None:
        """Let everyone go who waits for something to happen in this call."""
        self._gone.set()
        self._opened.set()
        self._messages.close()

    def _note(self, frame: Frame) -> None:
        if self.listener is not None:
            self.listener(frame)
        if audible(frame):
            self._heard_ms = _now_ms()
            if self._answered_ms is None and not self._speech:
                self._answered_ms = self._heard_ms

    def _on_message(self, data: Any) -> None:
        message = json.loads(data)
        if message.get("type") == "signalling" and message["message"]["type"] == "peerLeft":
            self.end()
        else:
            self._messages.put(message)

    def _on_state(self) -> None:
        if self._pc.connectionState in ("closed", "failed"):
            self.end()


@asynccontextmanager
async def connect(signal: Signal, request_data: Message | None = None) -> AsyncIterator[Caller]:
    """Make a call; it is hung up when the block is left. Raises what `signal` raises."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    caller = Caller(pc)
    try:
        transceiver = pc.addTransceiver(OutgoingTrack(caller.next_to_say), direction="sendrecv")
        caller.listen_to(pc.createDataChannel("chat", ordered=True))
        await pc.setLocalDescription(await pc.createOffer())
        caller.answer = await signal(_offer(pc, request_data))
        await pc.setRemoteDescription(RTCSessionDescription(caller.answer["sdp"], "answer"))
        caller.hear_from(transceiver.receiver)
        async with asyncio.TaskGroup() as tasks:
            pinging = tasks.create_task(caller.ping(), name="caller pings")
            try:
                yield caller
            finally:
                pinging.cancel()
    finally:
        caller.end()
        await pc.close()


def _offer(pc: RTCPeerConnection, request_data: Message | None) -> Message:
    offer: Message = {"sdp": pc.localDescription.sdp, "type": "offer", "pc_id": None, "restart_pc": False}
    return offer | ({"request_data": request_data} if request_data else {})


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
