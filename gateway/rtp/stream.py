"""One call's RTP: its sockets around its session, and what a leg needs of it.

Life: made (the ports are bound, so that they can be offered), configured with what was agreed as often as
that changes, closed. It has no task of its own: the process's `RtpClock` drives it.
"""

import asyncio
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

import structlog

from gateway.leg import Channel, Playout
from gateway.rtp import statistics
from gateway.rtp.agreed import AgreedMedia
from gateway.rtp.clock import RtpClock
from gateway.rtp.codec import codec
from gateway.rtp.dtmf import Digit
from gateway.rtp.ports import Ports
from gateway.rtp.session import MediaLost, MediaTimeouts, RtpIdentity, RtpSession
from gateway.rtp.source import Address
from gateway.rtp.statistics import MediaReport
from pipelines.audio import Frame
from pipelines.facts import Unavailable

FRAMES_WAITING = 25
"Half a second of what we heard."
DIGITS_WAITING = 32
LONGEST_DATAGRAM = 2048
"Bytes; what is longer is cut, and then fails as malformed."
MOST_TRIES = 16
"Pairs that are tried when other programs hold ports of our range."
STALE = 4096
"Datagrams that came before we knew the terms, at most; they are dropped."
EXPEDITED = 46 << 2
"DSCP EF, for voice (RFC 4594, section 4.1), as the traffic class has it."

log = structlog.get_logger(__name__)


class RtpStream:
    """Live audio of one call. To be made, used and closed on the event loop that runs the clock.

    Binds a pair of ports of `host`; 0.0.0.0 or :: is every interface. Raises `Unavailable` if none is free.
    """

    def __init__(
        self, ports: Ports, clock: RtpClock, host: str = "0.0.0.0", timeouts: MediaTimeouts | None = None
    ) -> None:
        self._ports, self._clock = ports, clock
        self._timeouts = timeouts or MediaTimeouts()
        self._port, self._rtp, self._rtcp = _bind(ports, host)
        self._session: RtpSession | None = None
        self._sample_rate = 0
        self._playout = Playout()
        self._closed = False
        self.frames: Channel[Frame] = Channel("rtp_in", FRAMES_WAITING)
        "What is heard: a frame every 20 ms from the first `configure` until `close`."
        self.digits: Channel[Digit] = Channel("rtp_digits", DIGITS_WAITING)
        "Keys the other side pressed (RFC 4733)."
        self.lost = asyncio.Event()
        "Set when no media came for too long; the stream goes on nevertheless."
        self.lost_reason = ""
        "`no media came`, `media stopped` or, by a bug of ours, `media failed`; empty until `lost` is set."

    @property
    def local_port(self) -> int:
        """Of RTP; RTCP has the one above it."""
        return self._port

    @property
    def sample_rate(self) -> int:
        """Hz, both ways: 8000 for G.711, 16000 for G.722 and Opus. Known from `configure` on."""
        return self._sample_rate

    def configure(self, agreed: AgreedMedia) -> None:
        """Send and receive on these terms from now on: the first answer, a re-INVITE, hold, resume."""
        if self._closed:
            return
        if self._session is not None:
            self._session.configure(agreed, _now_ms())
            return
        self._sample_rate = codec(agreed.codec).sample_rate
        self._session = RtpSession(_identity(), agreed, self._sample_rate, self._timeouts, _now_ms())
        _drain(self._rtp)
        _drain(self._rtcp)
        self._clock.read(self._rtp.fileno(), self._receive)
        self._clock.read(self._rtcp.fileno(), self._receive_rtcp)
        self._clock.add(self)

    # --- audio ---

    def play(self, frame: Frame) -> Coroutine[Any, Any, None]:
        """Queue a frame of `sample_rate`, waiting while 400 ms are queued; does nothing once closed.

        On hold, and while keys are pressed, what is queued waits.
        """
        if frame.sample_rate != self._sample_rate:
            raise ValueError(f"this stream plays {self._sample_rate} Hz, not {frame.sample_rate} Hz")
        return self._playout.put(frame)

    def relay(self, frame: Frame) -> None:
        """Play a live frame as soon as possible, without waiting; at most 80 ms of them wait, the newest."""
        if frame.sample_rate != self._sample_rate:
            raise ValueError(f"this stream plays {self._sample_rate} Hz, not {frame.sample_rate} Hz")
        self._playout.relay(frame)

    def clear(self) -> int:
        """Drop what was queued but not played; return how many ms of it were dropped."""
        return self._playout.clear()

    def played_ms(self) -> int:
        """Milliseconds of queued audio that left for the other side."""
        return self._playout.played_ms

    def send_digits(self, digits: str, duration_ms: int = 100) -> bool:
        """Press keys (`0-9 * # A-D`), one after the other.

        False when telephone events were not agreed: then they must go by INFO. Raises ValueError for what is
        no key, and when too many wait.
        """
        return self._session is not None and self._session.send_digits(digits, duration_ms)

    def media_report(self) -> MediaReport | None:
        """What the media is like so far; None before `configure`."""
        return self._session.media_report() if self._session else None

    def close(self) -> None:
        """End at once: a goodbye in RTCP, `frames` and `digits` end, the ports rest. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._clock.remove(self)
        self._clock.forget(self._rtp.fileno())
        self._clock.forget(self._rtcp.fileno())
        if self._session is not None:
            self._send_rtcp(self._session.goodbye(_now_ms()))
        self._rtp.close()
        self._rtcp.close()
        self._ports.release(self._port, _now_ms())
        self._playout.close()
        self.frames.close()
        self.digits.close()
        if self._session is not None:
            self._observe_end(self._session.media_report())

    # --- what the clock calls ---

    def hear(self, now_ms: int) -> None:
        """Pass the next 20 ms on."""
        session = self._session
        assert session is not None
        self.frames.put(session.hear(now_ms))
        if session.events:
            self._pass_on(session)

    def speak(self, now_ms: int) -> None:
        """Send the next 20 ms, and a report when it is due."""
        session = self._session
        assert session is not None
        packet = session.send(self._playout.take() if session.wants_frame else None)
        if packet is not None and (destination := session.destination) is not None:
            _send(self._rtp, packet, destination)
        if (report := session.report(now_ms)) is not None:
            self._send_rtcp(report)
            self._observe(session)

    def fail(self) -> None:
        """A bug of ours: what the leg learns is that the media is lost."""
        self._lose("media failed")

    def _receive(self, now_ms: int) -> None:
        session = self._session
        assert session is not None
        try:
            datagram, source = self._rtp.recvfrom(LONGEST_DATAGRAM)
        except OSError:  # another round took it, or the network complains about what we sent
            return
        session.receive(datagram, source[:2], now_ms)
        if session.events:
            self._pass_on(session)

    def _receive_rtcp(self, now_ms: int) -> None:
        assert self._session is not None
        try:
            datagram, source = self._rtcp.recvfrom(LONGEST_DATAGRAM)
        except OSError:
            return
        self._session.receive_rtcp(datagram, source[:2], now_ms)

    def _pass_on(self, session: RtpSession) -> None:
        while session.events:
            event = session.events.popleft()
            if isinstance(event, Digit):
                self.digits.put(event)
            elif isinstance(event, MediaLost):
                self._lose(event.reason)
            else:
                self._clock.follow(self)

    def _lose(self, reason: str) -> None:
        self.lost_reason = reason
        self.lost.set()

    # --- RTCP and metrics ---

    def _send_rtcp(self, compound: bytes | None) -> None:
        session = self._session
        if compound is None or session is None or (destination := session.rtcp_destination) is None:
            return
        _send(self._rtp if session.rtcp_mux else self._rtcp, compound, destination)

    def _observe(self, session: RtpSession) -> None:
        statistics.DELAY.observe(session.media_report().delay_ms / 1000)
        for reason, count in session.take_dropped().items():
            statistics.DROPPED.labels(reason).inc(count)

    def _observe_end(self, report: MediaReport) -> None:
        log.info("media_ended", port=self._port, **asdict(report))
        if not report.received:
            return
        statistics.LOSS.labels("in").observe(report.loss_ratio)
        statistics.JITTER.labels("in").observe(report.jitter_ms / 1000)
        statistics.MOS.observe(report.mos)
        if report.remote_loss_ratio is not None and report.remote_jitter_ms is not None:
            statistics.LOSS.labels("out").observe(report.remote_loss_ratio)
            statistics.JITTER.labels("out").observe(report.remote_jitter_ms / 1000)
        if report.round_trip_ms is not None:
            statistics.ROUND_TRIP.observe(report.round_trip_ms / 1000)


def _bind(ports: Ports, host: str) -> tuple[int, socket.socket, socket.socket]:
    """A pair of ports, the even one and its two sockets; tries others where another program has one."""
    for _ in range(MOST_TRIES):
        port = ports.acquire(_now_ms())
        rtp = _socket(host, port)
        rtcp = _socket(host, port + 1) if rtp else None
        if rtp and rtcp:
            return port, rtp, rtcp
        if rtp:
            rtp.close()
        ports.release(port, _now_ms())
    log.warning("media_ports_taken", tried=MOST_TRIES)
    raise Unavailable("other programs hold the media ports")


def _socket(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
        else:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
        made.bind((host, port))
    except OSError:
        made.close()
        return None
    return made


def _drain(from_socket: socket.socket) -> None:
    for _ in range(STALE):
        try:
            from_socket.recv(1)
        except OSError:
            return


def _send(by: socket.socket, data: bytes, destination: Address) -> None:
    try:
        by.sendto(data, destination)
    except OSError:  # the socket's buffer is full, or there is no way there: as good as lost on the way
        statistics.NOT_SENT.inc()


def _identity() -> RtpIdentity:
    cname = secrets.token_urlsafe(12)
    return RtpIdentity(secrets.randbits(32), secrets.randbits(15), secrets.randbits(32), cname)


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
