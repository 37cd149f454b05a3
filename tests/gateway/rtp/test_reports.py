import pytest

from gateway.protocol_error import ProtocolError
from gateway.rtp import rtcp
from gateway.rtp.codec import codec
from gateway.rtp.reports import REPORT_MS, Reports
from gateway.rtp.rtcp import Goodbye, Report, SourceDescription
from gateway.rtp.sender import RtpSender
from gateway.rtp.statistics import Reception
from tests.fakes.rtp_call import agreed


def sending(count: int, ssrc: int = 1) -> RtpSender:
    """A sender that has sent so many packets."""
    sender = RtpSender(ssrc, 0, 0)
    sender.configure(agreed(), codec("PCMU"), 8000)
    for _ in range(count):
        sender.send(None)
    return sender


def receiving(count: int, ssrc: int = 2) -> Reception:
    reception = Reception(ssrc, 0, 8000)
    for n in range(count):
        reception.count(n, n * 160, n * 20)
    return reception


def due(reports: Reports, sender: RtpSender, reception: Reception | None, now_ms: int = 20_000) -> Report:
    taken = reports.take(sender, reception, now_ms)
    assert taken is not None
    report = rtcp.parse(taken)[0]
    assert isinstance(report, Report)
    return report


def test_a_report_says_what_was_sent_and_heard_and_who_we_are() -> None:
    taken = Reports(1, "a name", 0).take(sending(10), receiving(20), 20_000)
    assert taken is not None
    report, description = rtcp.parse(taken)
    assert description == SourceDescription(1, b"a name")
    assert isinstance(report, Report) and report.sent is not None
    assert (report.sent.packets, report.sent.octets, report.sent.timestamp) == (10, 1600, 1600)
    assert report.sent.ntp >> 32 == 20
    assert [(block.ssrc, block.highest_sequence) for block in report.blocks] == [(2, 19)]


def test_who_sent_nothing_since_reports_as_a_receiver() -> None:
    reports, sender = Reports(1, "a name", 0), sending(10)
    assert due(reports, sender, None).sent is not None
    assert due(reports, sender, None, 40_000).sent is None


def test_reports_come_every_five_seconds_or_so_and_calls_do_not_report_together() -> None:
    times: dict[int, list[int]] = {}
    for ssrc in (1, 3000, 987_654):
        reports, sender = Reports(ssrc, "", 0), sending(1)
        times[ssrc] = [now for now in range(0, 60_000, 20) if reports.take(sender, None, now)]
        steps = [b - a for a, b in zip(times[ssrc], times[ssrc][1:], strict=False)]
        assert all(0.8 * REPORT_MS < step < 1.2 * REPORT_MS for step in steps)
        assert len(times[ssrc]) >= 9
    assert len({each[0] for each in times.values()}) == 3


def test_the_round_trip_is_found_and_what_is_said_of_us_kept() -> None:
    ours, theirs = Reports(1, "", 0), Reports(2, "", 0)
    sender, heard = sending(50), receiving(50)
    taken = ours.take(sender, heard, 20_000)
    assert taken is not None
    theirs.receive(taken, 700_030)
    answer = theirs.take(sending(50, ssrc=2), receiving(40, ssrc=1), 702_030)
    assert answer is not None
    ours.receive(answer, 22_080)
    assert ours.round_trip_ms == pytest.approx(80, abs=1)
    assert ours.about_us is not None and ours.about_us.highest_sequence == 39


def test_the_last_report_says_goodbye() -> None:
    assert rtcp.parse(Reports(1, "", 0).goodbye(sending(1), None, 0))[-1] == Goodbye((1,))


def test_reports_about_others_and_our_own_echo_tell_us_nothing() -> None:
    ours = Reports(1, "", 0)
    block = receiving(5, ssrc=77).block(0, 0)
    ours.receive(rtcp.build([Report(2, (block,))]), 0)
    assert ours.about_us is None
    with pytest.raises(ProtocolError):
        ours.receive(rtcp.build([Report(1)]), 0)
