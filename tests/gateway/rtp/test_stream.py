import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from gateway.rtp import packet, rtcp
from gateway.rtp.agreed import AgreedMedia, Direction, SrtpKey
from gateway.rtp.clock import RtpClock
from gateway.rtp.dtmf import Digit
from gateway.rtp.packet import RtpPacket
from gateway.rtp.ports import PORTS, Ports
from gateway.rtp.session import MediaTimeouts
from gateway.rtp.stream import FRAMES_WAITING, RtpStream
from pipelines.audio import Frame
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes.rtp_call import agreed, tone

KEY = SrtpKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30)))


class Peer:
    """The other side: a socket that sends a packet every 20 ms and keeps what it gets."""

    def __init__(self, to_port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.to = ("127.0.0.1", to_port)
        self.sent = 0

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port

    def send(self, payload: bytes = b"\x80" * 160, payload_type: int = 0) -> None:
        n = self.sent
        self.socket.sendto(packet.build(RtpPacket(payload_type, n == 0, n, n * 160, 5, payload)), self.to)
        self.sent += 1

    async def speak(self, count: int) -> None:
        for _ in range(count):
            self.send()
            await asyncio.sleep(0.02)

    def received(self) -> list[bytes]:
        found = []
        try:
            while True:
                found.append(self.socket.recv(2048))
        except BlockingIOError:
            return found


class Line:
    """A stream, its other side, and the clock that drives it."""

    def __init__(self, timeouts: MediaTimeouts | None = None) -> None:
        self.ports, self.clock = Ports(47_000, 47_999), RtpClock()
        self.stream = self.open(timeouts)
        self.peer = Peer(self.stream.local_port)

    def open(self, timeouts: MediaTimeouts | None = None) -> RtpStream:
        return RtpStream(self.ports, self.clock, "127.0.0.1", timeouts)

    def terms(self, codec: str = "PCMU", direction: Direction = Direction.SENDRECV) -> AgreedMedia:
        return agreed(codec, self.peer.address, direction, mux=True)

    def packets(self) -> list[RtpPacket]:
        return [packet.parse(data) for data in self.peer.received() if not packet.is_rtcp(data)]


def on_a_line(
    test: Callable[[Line], Coroutine[Any, Any, None]], timeouts: MediaTimeouts | None = None
) -> None:
    async def beside() -> None:
        line = Line(timeouts)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(line.clock.run())
            try:
                await test(line)
            finally:
                line.stream.close()
                line.peer.socket.close()
                running.cancel()

    virtual_time.run(beside())


async def read(stream: RtpStream, into: list[Frame]) -> None:
    async for frame in stream.frames:
        into.append(frame)


def test_frames_come_every_20_ms_from_the_first_terms_to_the_end() -> None:
    async def test(line: Line) -> None:
        heard: list[Frame] = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read(line.stream, heard))
            await asyncio.sleep(1)
            assert heard == []
            line.stream.configure(line.terms())
            await asyncio.sleep(0.5)
            assert all(frame.filled for frame in heard) and 24 <= len(heard) <= 26
            await line.peer.speak(50)
            line.stream.close()
        assert line.stream.sample_rate == 8000
        assert 74 <= len(heard) <= 78
        assert sum(not frame.filled for frame in heard) == 50

    on_a_line(test)


def test_a_frame_is_answered_20_ms_after_it_came() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms())

        async def echo() -> None:
            async for frame in line.stream.frames:
                await line.stream.play(frame)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(echo())
            await line.peer.speak(50)
            line.peer.received()
            line.peer.send(b"\x00" * 160)
            await asyncio.sleep(0.021)
            assert any(p.payload == b"\x00" * 160 for p in line.packets())
            line.stream.close()

    on_a_line(test)


def test_what_is_played_is_sent_every_20_ms_and_silence_otherwise() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms())
        await asyncio.sleep(0.2)
        quiet = line.packets()
        assert {p.payload for p in quiet} == {b"\xff" * 160}
        for pcm in tone(8000, 10):
            await line.stream.play(Frame(pcm, 8000))
        await asyncio.sleep(0.4)
        spoken = line.packets()
        assert sum(p.payload != b"\xff" * 160 for p in spoken) == 10
        both = quiet + spoken
        assert [p.sequence for p in both] == [(both[0].sequence + i) % 65536 for i in range(len(both))]
        assert len(both) in (29, 30, 31)
        assert line.stream.played_ms() == 200

    on_a_line(test)


def test_the_speaker_waits_while_400_ms_are_queued_and_clear_frees_it() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms(direction=Direction.RECVONLY))
        frame = Frame(bytes(320), 8000)
        for _ in range(20):
            await line.stream.play(frame)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await line.stream.play(frame)
        assert line.stream.clear() == 400
        assert line.stream.played_ms() == 0
        await line.stream.play(frame)

    on_a_line(test)


def test_on_hold_nothing_is_sent_and_afterwards_what_waited_is() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms(direction=Direction.INACTIVE))
        for pcm in tone(8000, 5):
            await line.stream.play(Frame(pcm, 8000))
        await asyncio.sleep(0.5)
        assert line.packets() == []
        line.stream.configure(line.terms())
        await asyncio.sleep(0.2)
        assert sum(p.payload != b"\xff" * 160 for p in line.packets()) == 5

    on_a_line(test)


def test_keys_go_both_ways() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms())
        line.peer.send()
        for n in range(1, 6):
            data = struct.pack("!BBH", 9, (0x80 if n > 2 else 0) | 10, min(n, 3) * 160)
            event = RtpPacket(101, n == 1, n, 160, 5, data)
            line.peer.socket.sendto(packet.build(event), line.peer.to)
        assert await anext(line.stream.digits) == Digit("9", 60)
        assert line.stream.send_digits("42")
        await asyncio.sleep(1)
        events = [p for p in line.packets() if p.payload_type == 101]
        assert [p.payload[0] for p in events if p.marker] == [4, 2]

    on_a_line(test)


def test_before_the_terms_are_known_what_comes_is_dropped() -> None:
    async def test(line: Line) -> None:
        for _ in range(30):
            line.peer.send(b"\x00" * 160)
        assert not line.stream.send_digits("1")
        assert line.stream.media_report() is None
        line.stream.configure(line.terms())
        await asyncio.sleep(0.1)
        report = line.stream.media_report()
        assert report is not None and report.received == 0

    on_a_line(test)


def test_a_reader_that_falls_behind_loses_the_oldest_frames() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms())
        await line.peer.speak(100)
        line.stream.close()
        heard: list[Frame] = []
        await read(line.stream, heard)
        assert len(heard) == FRAMES_WAITING

    on_a_line(test)


def test_silence_on_the_wire_is_told_with_its_reason() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms())
        await line.peer.speak(5)
        async with asyncio.timeout(2.5):
            await line.stream.lost.wait()
        assert line.stream.lost_reason == "media stopped"

    on_a_line(test, MediaTimeouts(first_ms=9000, later_ms=2000))


def test_a_bug_of_ours_is_told_as_lost_media(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AssertionError

    async def test(line: Line) -> None:
        monkeypatch.setattr("gateway.rtp.session.RtpSession.hear", broken)
        line.stream.configure(line.terms())
        async with asyncio.timeout(0.1):
            await line.stream.lost.wait()
        assert line.stream.lost_reason == "media failed"

    on_a_line(test)


def test_reports_go_out_and_closing_says_goodbye() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms())
        received = []
        for _ in range(11):
            await asyncio.sleep(1)
            received += line.peer.received()
        reports = [rtcp.parse(data)[0] for data in received if packet.is_rtcp(data)]
        assert len(reports) in (2, 3)
        line.stream.close()
        (last,) = line.peer.received()
        assert isinstance(rtcp.parse(last)[-1], rtcp.Goodbye)

    on_a_line(test)


def test_closing_gives_the_ports_back_and_twice_is_as_good_as_once() -> None:
    async def test(line: Line) -> None:
        port = line.stream.local_port
        line.stream.configure(line.terms())
        line.stream.close()
        line.stream.close()
        assert PORTS.labels("used")._value.get() == 0
        await line.stream.play(Frame(bytes(320), 8000))
        line.stream.configure(line.terms())
        await asyncio.sleep(0.1)
        assert [frame async for frame in line.stream.frames] == []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", port))
        line.stream = line.open()
        assert line.stream.local_port != port, "it rests"

    on_a_line(test)


def test_ports_of_other_programs_are_passed_over() -> None:
    async def test(line: Line) -> None:
        taken = line.stream.local_port + 2
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", taken + 1))
            stream = line.open()
            assert stream.local_port not in (taken, taken - 2)
            stream.close()

    on_a_line(test)


def test_when_no_port_is_free_it_says_so() -> None:
    async def test() -> None:
        ports, clock = Ports(47_990, 47_991), RtpClock()
        first = RtpStream(ports, clock, "127.0.0.1")
        with pytest.raises(Unavailable):
            RtpStream(ports, clock, "127.0.0.1")
        first.close()

    virtual_time.run(test())


def test_srtp_all_the_way() -> None:
    async def test(line: Line) -> None:
        other = line.open()
        for stream, to in ((line.stream, other), (other, line.stream)):
            stream.configure(agreed("PCMA", ("127.0.0.1", to.local_port), keys=(KEY, KEY)))
        for pcm in tone(8000, 10):
            await line.stream.play(Frame(pcm, 8000))
        await asyncio.sleep(0.5)
        other.close()
        heard = [frame async for frame in other.frames]
        assert sum(any(frame.pcm[:100]) and not frame.filled for frame in heard) >= 10
        report = other.media_report()
        assert report is not None and report.loss_ratio == 0

    on_a_line(test)


def test_ipv6() -> None:
    async def test() -> None:
        ports, clock = Ports(47_000, 47_999), RtpClock()
        try:
            streams = [RtpStream(ports, clock, "::1") for _ in range(2)]
        except Unavailable:
            pytest.skip("this machine has no IPv6")
        streams[0].configure(agreed(remote=("::1", streams[1].local_port)))
        streams[1].configure(agreed(remote=("0:0:0:0:0:0:0:1", streams[0].local_port)))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(clock.run())
            await asyncio.sleep(0.5)
            running.cancel()
        reports = [stream.media_report() for stream in streams]
        for stream in streams:
            stream.close()
        assert all(report is not None and report.received > 20 for report in reports)

    virtual_time.run(test())


def test_a_frame_of_another_rate_is_our_mistake() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(line.terms("G722"))
        with pytest.raises(ValueError):
            await line.stream.play(Frame(bytes(320), 8000))

    on_a_line(test)


def test_a_peer_that_cannot_be_reached_does_no_harm() -> None:
    async def test(line: Line) -> None:
        line.stream.configure(agreed(remote=("255.255.255.255", 9)))
        await asyncio.sleep(0.2)
        report = line.stream.media_report()
        assert report is not None and report.sent >= 9

    on_a_line(test)
