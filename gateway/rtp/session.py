"""One call's RTP, both ways: datagrams and the time go in; frames, packets and events come out.  [core]

Does for one call what RFC 3550 says of a participant: believes one source, reports in RTCP, notices when
media stops. Every 20 ms, by the caller's clock, `hear` and `send` are called once each.
"""

import ipaddress
from collections import deque
from dataclasses import dataclass

from gateway.protocol_error import ProtocolError
from gateway.rtp import comfort_noise, packet
from gateway.rtp.agreed import AgreedMedia
from gateway.rtp.codec import TELEPHONE_RATE, codec
from gateway.rtp.dtmf import Digit
from gateway.rtp.receiver import RtpReceiver
from gateway.rtp.reports import Reports
from gateway.rtp.sender import RtpSender
from gateway.rtp.source import Address, SourceLock
from gateway.rtp.srtp import SrtpReceiver, SrtpSender
from gateway.rtp.statistics import DROPPED, MediaReport, mean_opinion_score
from pipelines.audio import FRAME_MS, Frame, silence

LOOK_MS = 100
"How often timeouts are looked at."
MOST_EVENTS = 64
"Events waiting to be taken; the oldest go first."


@dataclass(frozen=True, slots=True)
class RtpIdentity:
    """What a participant chooses at random (RFC 3550, sections 5.1 and 6.5.1; RFC 7022)."""

    ssrc: int
    sequence: int
    "Of the first packet; below 2**15, so that SRTP's first wrap is far (RFC 3711, section 3.3.1)."
    timestamp: int
    cname: str
    "Names the participant, and says nothing of the machine."


@dataclass(frozen=True, slots=True)
class MediaTimeouts:
    """How long it may be that nothing comes. While the other side need not send, nothing is timed."""

    first_ms: int = 30_000
    "Until the first packet."
    later_ms: int = 20_000
    "After that; RTCP counts too, for those who suppress silence."


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """Media comes from another source from now on; the first is one, too."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    """Nothing came for too long. Said once, and again only if something came in between."""

    reason: str
    "`no media came` or `media stopped`."


MediaEvent = Digit | SourceChanged | MediaLost


class RtpSession:
    """One call's media. `sample_rate` is that of the frames, both ways, whatever codec is agreed later."""

    def __init__(
        self,
        identity: RtpIdentity,
        agreed: AgreedMedia,
        sample_rate: int,
        timeouts: MediaTimeouts,
        now_ms: int,
    ) -> None:
        self._sample_rate = sample_rate
        self._timeouts = timeouts
        self._sender = RtpSender(identity.ssrc, identity.sequence, identity.timestamp)
        self._reports = Reports(identity.ssrc, identity.cname, now_ms)
        self._lock = SourceLock()
        self._silent = silence(sample_rate)
        self._protects: SrtpSender | None = None
        self._opens: SrtpReceiver | None = None
        self._rtcp_port: int | None = None
        "Where the other side's RTCP came from."
        self._heard_ms = self._looked_ms = now_ms
        self._came = self._lost = False
        self._agreed: AgreedMedia | None = None
        self.events: deque[MediaEvent] = deque(maxlen=MOST_EVENTS)
        "What happened, for the caller to take."
        self.configure(agreed, now_ms)

    # --- terms ---

    def configure(self, agreed: AgreedMedia, now_ms: int) -> None:
        """Go on on these terms; what did not change is not disturbed."""
        before, self._agreed = self._agreed, agreed
        if before is None or _coding(before) != _coding(agreed):
            chosen = codec(agreed.codec)
            self._receiver = RtpReceiver(agreed, chosen, self._sample_rate)
            self._sender.configure(agreed, chosen, self._sample_rate)
            self._payload_types = _payload_types(agreed)
        if before is None or before.srtp_send != agreed.srtp_send:
            self._protects = SrtpSender(agreed.srtp_send) if agreed.srtp_send else None
        if before is None or before.srtp_receive != agreed.srtp_receive:
            self._opens = SrtpReceiver(agreed.srtp_receive) if agreed.srtp_receive else None
        self._lock.expect(_address(agreed.remote_host, agreed.remote_port))
        self._receives, self._sends = agreed.direction.receives, agreed.direction.sends
        self._heard_ms, self._lost = now_ms, False

    # --- in ---

    def receive(self, datagram: bytes, source: Address, now_ms: int) -> None:
        """A datagram came to the RTP port. What is wrong with it is counted; nothing is raised."""
        try:
            if packet.is_rtcp(datagram):
                self._receive_rtcp(datagram, source, now_ms)
                return
            came = packet.parse(self._opens.rtp(datagram) if self._opens else datagram)
            if refusal := self._refusal(came, source, now_ms):
                DROPPED.labels(refusal).inc()
                return
            if digits := self._receiver.receive(came, now_ms):
                self.events.extend(digits)
        except ProtocolError as error:
            DROPPED.labels(error.code).inc()

    def receive_rtcp(self, datagram: bytes, source: Address, now_ms: int) -> None:
        """A datagram came to the RTCP port."""
        try:
            self._receive_rtcp(datagram, source, now_ms)
        except ProtocolError as error:
            DROPPED.labels(error.code).inc()

    def hear(self, now_ms: int) -> Frame:
        """The next 20 ms of the other side."""
        if now_ms - self._looked_ms >= LOOK_MS:
            self._look(now_ms)
        return self._receiver.hear(now_ms) if self._receives else self._silent

    # --- out ---

    @property
    def destination(self) -> Address | None:
        """Where RTP goes; None while there is nowhere to send."""
        return self._lock.destination

    @property
    def rtcp_destination(self) -> Address | None:
        """Where RTCP goes."""
        assert self._agreed is not None
        address = self._lock.destination
        if address is None or self._agreed.rtcp_mux:
            return address
        return address[0], self._rtcp_port or self._agreed.remote_rtcp_port

    @property
    def rtcp_mux(self) -> bool:
        """RTCP goes out of the RTP port."""
        return self._agreed is not None and self._agreed.rtcp_mux

    @property
    def wants_frame(self) -> bool:
        """Whether `send` would send a frame now: not on hold, nor while a key is pressed."""
        lock = self._lock
        return self._sends and (lock.address or lock.expected) is not None and not self._sender.pressing

    def send(self, frame: Frame | None) -> bytes | None:
        """The packet for the next 20 ms (silence, without a frame); None on hold."""
        if not self._sends:
            self._sender.pause()
            return None
        sent = self._sender.send(frame)
        return self._protects.rtp(sent) if self._protects else sent

    def send_digits(self, digits: str, duration_ms: int) -> bool:
        """Press keys; False when telephone events were not agreed. Raises ValueError for what is no key."""
        return self._sender.press(digits, duration_ms)

    def report(self, now_ms: int) -> bytes | None:
        """The RTCP that is due now, or None."""
        if now_ms < self._reports.due_ms:
            return None
        return self._protected(self._reports.take(self._sender, self._receiver.reception, now_ms))

    def goodbye(self, now_ms: int) -> bytes | None:
        """The last RTCP."""
        return self._protected(self._reports.goodbye(self._sender, self._receiver.reception, now_ms))

    # --- how it is ---

    def media_report(self) -> MediaReport:
        """What the call's media is like so far."""
        assert self._agreed is not None
        heard, about_us = self._receiver.reception, self._reports.about_us
        delay_ms = self._receiver.delay_ms
        trip = self._reports.round_trip_ms
        loss = heard.loss_ratio if heard else 0.0
        return MediaReport(
            received=heard.received if heard else 0,
            sent=self._sender.packets,
            loss_ratio=loss,
            jitter_ms=heard.jitter_ms if heard else 0.0,
            delay_ms=delay_ms,
            round_trip_ms=trip,
            remote_loss_ratio=about_us.fraction_lost / 256 if about_us else None,
            remote_jitter_ms=about_us.jitter * 1000 / self._agreed.clock_rate if about_us else None,
            mos=mean_opinion_score((trip or 0) / 2 + delay_ms + FRAME_MS, loss, self._agreed.codec),
        )

    def take_dropped(self) -> dict[str, int]:
        """Packets that came and were not played since the last look, by reason."""
        return self._receiver.take_dropped()

    # --- inside ---

    def _refusal(self, came: packet.RtpPacket, source: Address, now_ms: int) -> str | None:
        """Why a packet is not taken; None when it is."""
        if not self._receives:
            return "on_hold"
        if came.payload_type not in self._payload_types:
            return "payload_type"
        authentic = self._opens is not None
        if not self._lock.admit(source, came.ssrc, came.sequence, now_ms, authentic=authentic):
            return "stranger"
        self._heard_ms = now_ms
        self._came = True
        if came.ssrc != self._receiver.ssrc:
            self._receiver.begin(came.ssrc, came.sequence)
            self._rtcp_port = None
            self.events.append(SourceChanged())
        return None

    def _receive_rtcp(self, datagram: bytes, source: Address, now_ms: int) -> None:
        known = self._lock.destination
        if known is None or source[0] != known[0]:
            raise ProtocolError("rtcp_stranger", "RTCP comes from where RTP comes from.")
        self._reports.receive(self._opens.rtcp(datagram) if self._opens else datagram, now_ms)
        self._rtcp_port = source[1]
        if self._came:
            self._heard_ms = now_ms

    def _look(self, now_ms: int) -> None:
        self._looked_ms = now_ms
        self.events.extend(self._receiver.overdue(now_ms))
        limit_ms = self._timeouts.later_ms if self._came else self._timeouts.first_ms
        silent = self._receives and now_ms - self._heard_ms >= limit_ms
        if silent and not self._lost:
            self.events.append(MediaLost("media stopped" if self._came else "no media came"))
        self._lost = silent

    def _protected(self, compound: bytes | None) -> bytes | None:
        return self._protects.rtcp(compound) if compound and self._protects else compound


def _coding(agreed: AgreedMedia) -> tuple[object, ...]:
    """What the coding of audio depends on."""
    return (agreed.codec, agreed.clock_rate, *_kinds(agreed))


def _kinds(agreed: AgreedMedia) -> tuple[int | None, ...]:
    return agreed.payload_type, agreed.dtmf_payload_type, agreed.comfort_noise_payload_type


def _payload_types(agreed: AgreedMedia) -> frozenset[int | None]:
    """What may come."""
    unasked = [comfort_noise.PAYLOAD_TYPE] if agreed.clock_rate == TELEPHONE_RATE else []
    return frozenset((*_kinds(agreed), *unasked))


def _address(host: str, port: int) -> Address | None:
    """Where to send; None for what is no address of one machine. Names are not looked up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.is_unspecified or address.is_multicast or not 0 < port < 65_536:
        return None
    return str(address), port
