"""One RTCPeerConnection that answers: audio both ways, a data channel, nothing else.

A thin shell around aiortc. A leg may have several peers, one after the other: a client that comes back
after its network changed needs a new one, as aiortc can not restart ICE.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceCandidate,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamTrack

from gateway.protocol_error import ProtocolError
from gateway.webrtc import sdp
from gateway.webrtc.incoming import hear_at_once
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

GATHERING_S = 5.0
"How long we look for addresses of our own (a STUN or TURN server may be down)."
CLOSING_S = 5.0
LAST_WORDS_S = 0.3
"How long closing waits for messages to leave."
MOST_BUFFERED = 262_144
"Bytes that may wait inside aiortc, whose own queue has no bound."
LOW_WATER = 65_536
"Bytes. When so few are left, more may be sent."


@dataclass(frozen=True, slots=True)
class PeerEvents:
    """Whom a peer tells what happens to it. Called on the event loop, must not wait."""

    state: Callable[["Peer", str], None]
    "`connecting`, `connected`, `failed`, `closed`."
    writable: Callable[["Peer"], None]
    "The data channel has room."
    message: Callable[["Peer", str | bytes], None]
    audio: Callable[["Peer", bytes, int], None]
    "A packet of Opus and its RTP timestamp. Must not raise."


class Peer:
    """One connection to one client."""

    def __init__(
        self, track: MediaStreamTrack, ice_servers: Sequence[RTCIceServer], events: PeerEvents
    ) -> None:
        self._track = track
        self._events = events
        self._channel: RTCDataChannel | None = None
        self._offer: sdp.CheckedOffer | None = None
        self._candidates = 0
        self._closed = asyncio.Event()
        # An empty list means no servers; leaving it out would mean a public one of somebody else.
        self._pc = RTCPeerConnection(
            RTCConfiguration(iceServers=list(ice_servers), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("datachannel", self._on_channel)

    @property
    def has_data_channel(self) -> bool:
        """Whether the client asked for one; it may not be open yet."""
        return self._offer is not None and self._offer.has_data_channel

    def can_take(self, offer: sdp.CheckedOffer) -> bool:
        """Whether the offer is for this very connection: not when the client restarts ICE."""
        return self._offer is not None and self._offer.user_fragment == offer.user_fragment

    async def answer(self, offer: sdp.CheckedOffer) -> str:
        """Take the offer and return the answer's SDP.

        Raises `ProtocolError` when aiortc cannot work with it, `Unavailable` when we found no address of
        our own in time.
        """
        try:
            async with asyncio.timeout(GATHERING_S):
                await self._pc.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
                self._arrange()
                await self._pc.setLocalDescription(await self._pc.createAnswer())
        except TimeoutError as fault:
            raise Unavailable("no network address for the call was found in time") from fault
        except (ValueError, InvalidAccessError, InvalidStateError, OperationError) as fault:
            raise ProtocolError("bad_sdp", f"The offer cannot be answered: {fault}.") from fault
        self._offer = offer
        self._candidates += offer.candidates
        return str(self._pc.localDescription.sdp)

    async def add_candidate(self, candidate: RTCIceCandidate) -> None:
        """Try this address too. Raises `ProtocolError` when there were too many."""
        if self._candidates >= sdp.MOST_CANDIDATES:
            too_many = f"A call has at most {sdp.MOST_CANDIDATES} candidates."
            raise ProtocolError("too_many_candidates", too_many)
        self._candidates += 1
        await self._pc.addIceCandidate(candidate)

    async def closed(self) -> None:
        """Wait until the peer is closed."""
        await self._closed.wait()

    async def packets(self) -> int:
        """How many packets (audio, reports, messages) have come so far."""
        report = await self._receiver().getStats()
        return sum(stats.packetsReceived for stats in report.values() if stats.type == "transport")

    @property
    def writable(self) -> bool:
        """Whether a message may be sent now; when that changes, the `writable` event tells."""
        channel = self._channel
        return channel is not None and channel.readyState == "open" and channel.bufferedAmount < MOST_BUFFERED

    def send(self, text: str) -> None:
        """Send a message; only while `writable`."""
        assert self._channel is not None
        try:
            self._channel.send(text)
        except ValueError:
            log.warning("message_too_large_for_peer", characters=len(text))

    async def close(self) -> None:
        """Close everything; safe to call twice."""
        self._closed.set()
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._last_words()
        except TimeoutError:
            pass
        try:
            async with asyncio.timeout(CLOSING_S):
                await self._pc.close()
        except TimeoutError:
            log.warning("peer_did_not_close")

    async def _last_words(self) -> None:
        channel = self._channel
        if channel is not None and channel.readyState == "open" and channel.bufferedAmount:
            sent = asyncio.Event()
            channel.bufferedAmountLowThreshold = 0
            channel.on("bufferedamountlow", sent.set)
            channel.on("close", sent.set)
            await sent.wait()

    def _arrange(self) -> None:
        """Speak and listen in the first audio section, refuse the other sections (cameras, screens)."""
        first = True
        for transceiver in self._pc.getTransceivers():
            if transceiver.kind == "audio" and first:
                first = False
                transceiver.direction = "sendrecv"
                if transceiver.sender.track is not self._track:
                    transceiver.sender.replaceTrack(self._track)
                    hear_at_once(transceiver.receiver, self._on_packet)
                    _opus_only(transceiver)
            else:
                transceiver.direction = "inactive"

    def _receiver(self) -> RTCRtpReceiver:
        return next(t.receiver for t in self._pc.getTransceivers() if t.kind == "audio")

    def _on_packet(self, packet: bytes, timestamp: int) -> None:
        self._events.audio(self, packet, timestamp)

    def _on_state(self) -> None:
        self._events.state(self, self._pc.connectionState)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = LOW_WATER
        channel.on("message", lambda data: self._events.message(self, data))
        channel.on("open", lambda: self._events.writable(self))
        channel.on("bufferedamountlow", lambda: self._events.writable(self))
        # A channel that the other side opened is open already; no event will follow.
        self._events.writable(self)


def _opus_only(transceiver: RTCRtpTransceiver) -> None:
    """Take no other codec of the offer; preferences (`setCodecPreferences`) would come too late for this."""
    assert hasattr(transceiver, "_codecs"), "aiortc keeps the codecs of a transceiver elsewhere now"
    transceiver._codecs = [c for c in transceiver._codecs if c.mimeType.lower() == "audio/opus"]
