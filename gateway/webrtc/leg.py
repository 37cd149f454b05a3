"""A browser call as a `Leg`: what the room and the bot see of it.

The leg outlives its connection. When the path is lost it goes on giving frames (silence) and holds what
is still to be said, until the client comes back with a new offer or the grace period is over.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import structlog
from aiortc import RTCIceCandidate, RTCIceServer
from pydantic_core import from_json

from gateway.events import Message
from gateway.leg import DROPPED, Channel, FrameClock, Hangup, Kind, Playout
from gateway.webrtc import rtvi, sdp
from gateway.webrtc.incoming import Ear
from gateway.webrtc.liveness import Liveness, Patience
from gateway.webrtc.outbox import Outbox
from gateway.webrtc.outgoing import OutgoingTrack
from gateway.webrtc.peer import Peer, PeerEvents
from pipelines.audio import SAMPLE_RATE, Frame, silence

log = structlog.get_logger(__name__)

FRAMES_WAITING = 25
"Half a second of what we heard."
MESSAGES_WAITING = 64
DIGITS_WAITING = 32
LONGEST_MESSAGE = 65_536
"Characters; what WebRTC peers must be able to take (RFC 8831, section 6.6)."
LOOK_EVERY_S = 1.0
SIGNALLING = "signalling"
"Type of SmallWebRTC's messages about the connection itself."
PEER_LEFT: Message = {"type": SIGNALLING, "message": {"type": "peerLeft"}}

IceServers = Callable[[], Sequence[RTCIceServer]]
"The servers for a new peer, with credentials that are valid now."


class WebRtcLeg:
    """One caller's live connection; see `gateway.leg.Leg`.

    Made and negotiated inside a request, then served by `serve` for as long as it lives.
    """

    def __init__(self, leg_id: str, ice_servers: IceServers, patience: Patience | None = None) -> None:
        self._leg_id = leg_id
        self._ice_servers = ice_servers
        self._events = PeerEvents(self._on_state, self._on_writable, self._on_message, self._on_audio)
        self._peer: Peer | None = None
        self._peers: Channel[Peer] = Channel("webrtc_peers", 8)
        self._ear = Ear()
        self._frames: Channel[Frame] = Channel("webrtc_in", FRAMES_WAITING)
        self._surplus = DROPPED.labels("webrtc_surplus")
        self._messages: Channel[str] = Channel("webrtc_messages", MESSAGES_WAITING)
        self._digits: Channel[str] = Channel("webrtc_digits", DIGITS_WAITING)
        self._playout = Playout()
        self._outbox = Outbox()
        self._clock = FrameClock(_now_ms())
        self._liveness = Liveness(patience or Patience(), _now_ms())
        self._connected = asyncio.Event()
        self._ended: Hangup | None = None

    # --- what every leg offers ---

    @property
    def leg_id(self) -> str:
        """Unique in the process's life; safe to log and to show (unlike the client's `pc_id`)."""
        return self._leg_id

    @property
    def kind(self) -> Kind:
        """A browser call."""
        return "webrtc"

    @property
    def about(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    @property
    def sample_rate(self) -> int:
        """16 000 Hz, both ways."""
        return SAMPLE_RATE

    @property
    def ended(self) -> Hangup | None:
        """How it ended, or None while it lives."""
        return self._ended

    def frames(self) -> AsyncIterator[Frame]:
        """A frame every 20 ms from the moment the leg is served; 25 wait for a slow reader."""
        return self._frames

    async def play(self, frame: Frame) -> None:
        """Queue a frame, waiting while 400 ms are queued; does nothing once the leg ended."""
        if frame.sample_rate != SAMPLE_RATE:
            raise ValueError(f"this leg plays {SAMPLE_RATE} Hz, not {frame.sample_rate} Hz")
        await self._playout.put(frame)

    def relay(self, frame: Frame) -> None:
        """Play a live frame as soon as possible, without waiting; the newest 80 ms wait for a lost path."""
        if frame.sample_rate != SAMPLE_RATE:
            raise ValueError(f"this leg plays {SAMPLE_RATE} Hz, not {frame.sample_rate} Hz")
        self._playout.relay(frame)

    def clear(self) -> int:
        """Drop what was queued but not played; return how many ms of it were dropped."""
        return self._playout.clear()

    def played_ms(self) -> int:
        """Milliseconds of queued audio that were handed to the network."""
        return self._playout.played_ms

    async def send(self, message: Message) -> None:
        """Queue a message for the data channel; nothing happens where the client has none.

        A client too slow even for durable messages is hung up on (`limit`).
        """
        if self._ended or (self._peer and not self._peer.has_data_channel):
            return
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        if not self._outbox.put(text, passing=rtvi.is_passing(message)):
            self._end(Hangup("limit", "the client does not read its messages"))
        self._flush()

    def messages(self) -> AsyncIterator[str]:
        """JSON objects the client sent, unread by us except for those about the connection itself."""
        return self._messages

    def digits(self) -> AsyncIterator[str]:
        """None: a browser's keys come as text."""
        return self._digits

    async def hang_up(self, reason: str) -> None:
        """End the call and tell the client so; safe to call twice."""
        if self._ended is None:
            await self.send(PEER_LEFT)
            self._end(Hangup("local", reason))

    # --- signalling ---

    async def negotiate(self, offer: sdp.CheckedOffer, *, anew: bool) -> str:
        """Answer an offer: with a new connection when there is none yet, when the client wants it (`anew`) or
        when it restarts ICE; else within the present one.

        Returns the answer's SDP. Raises `ProtocolError` or `Unavailable`; what was connected stays connected.
        """
        if self._peer is not None and not anew and self._peer.can_take(offer):
            return await self._peer.answer(offer)
        peer = Peer(OutgoingTrack(self._next_to_play), self._ice_servers(), self._events)
        try:
            answer = await peer.answer(offer)
        except BaseException:
            await peer.close()
            raise
        self._peer, self._ear = peer, Ear()
        self._peers.put(peer)
        return answer

    async def add_candidate(self, candidate: RTCIceCandidate) -> None:
        """A trickled candidate for the present connection."""
        if self._peer is not None:
            await self._peer.add_candidate(candidate)

    async def connected(self) -> bool:
        """Wait until audio can flow for the first time; False when the leg ended before that."""
        await self._connected.wait()
        return self._ended is None

    # --- life ---

    async def serve(self) -> None:
        """Live until the call is over, then close everything. To be run exactly once."""
        self._clock = FrameClock(_now_ms())
        try:
            async with asyncio.TaskGroup() as tasks:
                own = [
                    tasks.create_task(self._keep_time(), name=f"{self._leg_id} frame clock"),
                    tasks.create_task(self._watch(), name=f"{self._leg_id} liveness"),
                ]
                keeping: asyncio.Task[None] | None = None
                async for peer in self._peers:
                    if keeping is not None:
                        keeping.cancel()
                    keeping = tasks.create_task(self._keep(peer), name=f"{self._leg_id} peer")
                for task in [*own, *filter(None, [keeping])]:
                    task.cancel()
        finally:
            await self.close("no longer served")

    async def close(self, reason: str) -> None:
        """Close everything at once, without a word to the client; safe to call twice."""
        self._end(Hangup("local", reason))
        if self._peer is not None:
            await self._peer.close()

    async def _keep(self, peer: Peer) -> None:
        """Until the peer is closed, or another takes its place; then it is closed for certain."""
        try:
            await peer.closed()
        finally:
            await peer.close()

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(max(self._clock.next_overdue_ms() - _now_ms(), 1) / 1000)
            for _ in range(self._clock.overdue(_now_ms())):
                self._frames.put(silence())

    async def _watch(self) -> None:
        was = self._liveness.state(_now_ms())
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._peer is not None:
                self._liveness.counted(await self._peer.packets(), _now_ms())
            state = self._liveness.state(_now_ms())
            if state != was:
                log.info("connection_state", leg=self._leg_id, state=state)
                was = state
            if state == "gone":
                reason = "the connection was lost" if self._connected.is_set() else "never connected"
                self._end(Hangup("network", reason))

    def _end(self, how: Hangup) -> None:
        if self._ended is None:
            self._ended = how
            log.info("leg_ended", leg=self._leg_id, by=how.by, reason=how.reason)
        self._frames.close()
        self._messages.close()
        self._digits.close()
        self._playout.close()
        self._peers.close()
        self._connected.set()

    def _next_to_play(self) -> Frame | None:
        """What the track sends. While the path is lost it waits: the caller is to hear it after all."""
        return None if self._liveness.state(_now_ms()) == "lost" else self._playout.take()

    # --- what the peer tells us ---

    def _on_state(self, peer: Peer, state: str) -> None:
        if peer is not self._peer:
            return
        if state == "connected":
            self._liveness.connected(_now_ms())
            self._connected.set()
        elif state == "failed":
            self._liveness.failed(_now_ms())
        elif state == "closed":
            self._end(Hangup("remote", "the client closed the connection"))

    def _on_audio(self, peer: Peer, packet: bytes, timestamp: int) -> None:
        """Turn a packet into frames: at once, so that nothing is added to the delay."""
        if peer is not self._peer:
            return
        now_ms = _now_ms()
        for _ in range(self._clock.lost(self._ear.lost(timestamp), now_ms)):
            self._frames.put(silence())
        for frame in self._ear.hear(packet, timestamp):
            if self._clock.admit(now_ms):
                self._frames.put(frame)
            else:
                self._surplus.inc()

    def _on_writable(self, peer: Peer) -> None:
        if peer is self._peer:
            self._flush()

    def _flush(self) -> None:
        while self._peer is not None and self._peer.writable and (text := self._outbox.take()) is not None:
            self._peer.send(text)

    def _on_message(self, peer: Peer, data: str | bytes) -> None:
        if peer is not self._peer or (isinstance(data, str) and data.startswith("ping")):
            return
        if fault := self._take_message(data):
            self._outbox.put(json.dumps(rtvi.error(fault)), passing=True)
            self._flush()

    def _take_message(self, data: str | bytes) -> str | None:
        """Pass a message on, or return what is wrong with it."""
        if isinstance(data, bytes):
            return "Messages are text; this one is binary."
        if len(data) > LONGEST_MESSAGE:
            return f"A message has at most {LONGEST_MESSAGE} characters; this one has {len(data)}."
        try:
            message = from_json(data)  # unlike json, bounds how deep it follows nested brackets
        except ValueError:
            return "The message is not JSON."
        if not isinstance(message, dict):
            return "The message is not a JSON object."
        if message.get("type") == SIGNALLING:  # trackStatus: a muted microphone sends silence anyway
            return None
        if self._messages.full:
            return "Too many messages at once; this one was not taken. Send it again later."
        self._messages.put(data)
        return None


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
