"""The RTCP of one participant: what it says of itself and whom it hears, and what is said of it.  [core]"""

from gateway.protocol_error import ProtocolError
from gateway.rtp import rtcp
from gateway.rtp.rtcp import ReportBlock, RtcpPacket, Sent
from gateway.rtp.sender import RtpSender
from gateway.rtp.statistics import Reception, RoundTrip, ntp

REPORT_MS = 5_000
"Between two reports (RFC 3550, section 6.2)."
MOST_CNAME = 255


class Reports:
    """Reports of one call. `ssrc` is ours; it is random, and so is the place of the reports in time."""

    def __init__(self, ssrc: int, cname: str, now_ms: int) -> None:
        self._ssrc = ssrc
        self._cname = cname.encode()[:MOST_CNAME]
        self._due_ms = now_ms + ssrc % REPORT_MS
        self._round_trip = RoundTrip()
        self._packets_before = 0
        self.about_us: ReportBlock | None = None
        "The newest report on what we sent."

    @property
    def round_trip_ms(self) -> int | None:
        """There and back; None until the other side echoed a report of ours."""
        return self._round_trip.milliseconds

    def receive(self, data: bytes, now_ms: int) -> None:
        """A datagram of RTCP came. Raises `ProtocolError`."""
        for came in rtcp.parse(data):
            if isinstance(came, rtcp.Report):
                if came.ssrc == self._ssrc:
                    raise ProtocolError("rtcp_looped", "Our own RTCP came back.")
                if came.sent:
                    self._round_trip.heard(came.sent, now_ms)
                for block in came.blocks:
                    if block.ssrc == self._ssrc:
                        self.about_us = block
                        self._round_trip.answered(block, now_ms)

    def take(self, sender: RtpSender, heard: Reception | None, now_ms: int) -> bytes | None:
        """The report that is due now, or None."""
        if now_ms < self._due_ms:
            return None
        # by SSRC a little more or less than 5 s, so that calls that began together drift apart
        self._due_ms = now_ms + REPORT_MS - REPORT_MS // 8 + self._ssrc % (REPORT_MS // 4)
        return rtcp.build(self._compound(sender, heard, now_ms))

    def goodbye(self, sender: RtpSender, heard: Reception | None, now_ms: int) -> bytes:
        """The last report."""
        return rtcp.build([*self._compound(sender, heard, now_ms), rtcp.Goodbye((self._ssrc,))])

    def _compound(self, sender: RtpSender, heard: Reception | None, now_ms: int) -> list[RtcpPacket]:
        blocks = (heard.block(*self._round_trip.echo(now_ms)),) if heard else ()
        sent = None
        if sender.packets != self._packets_before:
            sent = Sent(
                ntp(now_ms), sender.timestamp, sender.packets & 0xFFFFFFFF, sender.octets & 0xFFFFFFFF
            )
            self._packets_before = sender.packets
        return [rtcp.Report(self._ssrc, blocks, sent), rtcp.SourceDescription(self._ssrc, self._cname)]
