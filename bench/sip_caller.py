"""The callers of `bench sip`: hundreds of telephones in one process, which cost as little as they can.

python -m bench.sip_caller HOST:PORT PID FOLDER calls the SIP server there, whose process has that number. It
obeys lines of JSON: `{"carry": 200}` has so many calls up, `{"measure": 10}` keeps what comes in for so many
seconds, in a file of FOLDER, and tells what the server's process used meanwhile.

A frame has a hundred slots: the few calls of a slot send in one system call, and what came is read once a
millisecond. How late anything arrived says the kernel, so being late here spoils nothing but what is sent,
and that is kept too.
"""

import ctypes
import gc
import json
import os
import queue
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.capacity_load import tell
from bench.sip_client import UserAgentClient
from bench.sip_sound import FRAMES, SAMPLES, spoken
from bench.sip_timing import FRAME_NS, SLOTS, Recording, phase, slot
from bench.sip_wire import ARRIVAL, Inbox, Outbox, datagram_socket

SLOT_NS = FRAME_NS // SLOTS
PR_SET_TIMERSLACK = 29
"Sleeps may be 50 us too long otherwise (prctl(2))."
MOST_CALLS = 1_000
READ_EVERY = 5
"Slots."
SIGNAL_EVERY = 50
"Slots: a hundred new calls a second at most."
AT_ONCE = 8
"Calls that ring at the same time."
TOO_LATE_NS = 100_000_000
"Callers who are later than that go on from there."
SPARE = 1.2
"Times the packets that are expected: room for what a server sends too much."


class Process:
    """What the server's process has used, read from outside and to the nanosecond."""

    def __init__(self, pid: int) -> None:
        clock = ctypes.c_int()
        if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
            raise ProcessLookupError(pid)
        self._clock = clock.value
        self._pid = pid

    def cpu_s(self) -> float:
        """Of all its threads."""
        return time.clock_gettime(self._clock)

    def rss_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Sending:
    """The sound of all calls, slot by slot."""

    def __init__(self, sender: socket.socket) -> None:
        self._second = spoken()
        self._slots = [Outbox(sender, MOST_CALLS // SLOTS) for _ in range(SLOTS)]
        self._phases = np.zeros((SLOTS, MOST_CALLS // SLOTS), np.int64)

    def add(self, number: int, host: str, port: int) -> None:
        """A call was answered: its sound goes there from now on."""
        outbox = self._slots[slot(number)]
        row = outbox.add(host, port)
        packet = outbox.packets[row]
        packet["version"], packet["ssrc"] = 0x80, 1_000_000 + number
        self._phases[slot(number), row] = phase(number)

    def send(self, place: int, tick: int) -> None:
        """The packets of a slot."""
        outbox = self._slots[place]
        if not outbox.count:
            return
        packets = outbox.packets[: outbox.count]
        packets["sequence"] = tick & 0xFFFF
        packets["timestamp"] = tick * SAMPLES & 0xFFFF_FFFF
        packets["payload"] = self._second[(tick + self._phases[place, : outbox.count]) % FRAMES]
        outbox.send()


@dataclass(slots=True)
class Span:
    """What is kept while it is measured."""

    first_tick: int
    ticks: int
    arrivals: npt.NDArray[np.void]
    sent_ns: npt.NDArray[np.int64]
    late_ns: npt.NDArray[np.int64]
    began_ns: int
    server_s: float
    own_s: float
    kept: int = 0

    def keep(self, came: npt.NDArray[np.void]) -> None:
        """Packets came; what the span has no room for is not counted."""
        end = min(self.kept + len(came), len(self.arrivals))
        self.arrivals[self.kept : end] = came[: end - self.kept]
        self.kept = end


class Crowd:
    """All callers and their one loop."""

    def __init__(self, server: str, pid: int, folder: Path) -> None:
        self._server = Process(pid)
        host, _, port = server.partition(":")
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.connect((host, int(port)))
        self._sip.setblocking(False)
        self._rtp = datagram_socket()
        self._inbox = Inbox(self._rtp)
        self._sending = Sending(self._rtp)
        mine, media = self._sip.getsockname(), self._rtp.getsockname()
        self._client = UserAgentClient(server, f"{mine[0]}:{mine[1]}", media)
        self._ports = np.zeros(MOST_CALLS, np.int64)
        self._orders: queue.SimpleQueue[dict[str, float]] = queue.SimpleQueue()
        self._folder = folder
        self._wanted = 0
        self._telling = False
        self._span: Span | None = None

    def run(self) -> None:
        """Call and talk until standard input ends."""
        reader = threading.Thread(target=self._listen, daemon=True)
        reader.start()
        tell({"ready": True})
        began, number = time.monotonic_ns(), 0
        while reader.is_alive() or self._span is not None:
            due = began + number * SLOT_NS
            behind = time.monotonic_ns() - due
            if behind < 0:
                time.sleep(-behind / 1e9)
                behind = max(0, time.monotonic_ns() - due)
            if behind > TOO_LATE_NS:  # no torrent of what is past
                began += behind
            self._slot(*divmod(number, SLOTS), behind)
            number += 1
        for bye in self._client.hang_up():
            self._sip.send(bye)

    def _slot(self, tick: int, place: int, behind: int) -> None:
        if self._span is not None and self._span.first_tick <= tick:
            self._span.sent_ns[tick - self._span.first_tick, place] = time.time_ns()
            self._span.late_ns[tick - self._span.first_tick, place] = behind
        self._sending.send(place, tick)
        if place % READ_EVERY == 0:
            self._take()
        if place % SIGNAL_EVERY == 0:
            self._signal(time.monotonic_ns() // 1_000_000)
        if place == SLOTS - 1:
            self._obey(tick + 1)

    def _take(self) -> None:
        """All that came."""
        while len(came := self._inbox.read()):
            if self._span is not None:
                self._span.keep(came)
            if len(came) < Inbox.BATCH:
                return

    def _signal(self, now_ms: int) -> None:
        """SIP: what came, what is overdue, one new call."""
        for _ in range(AT_ONCE):
            try:
                data = self._sip.recv(65_536)
            except (BlockingIOError, ConnectionRefusedError):
                break
            answers, answered = self._client.receive(data)
            if answered is not None:
                number, (host, port) = answered
                self._ports[number] = port
                self._sending.add(number, host, port)
            for answer in answers:
                self._sip.send(answer)
        for again in self._client.overdue(now_ms):
            self._sip.send(again)
        if self._client.dialled < self._wanted and self._client.ringing < AT_ONCE:
            self._sip.send(self._client.dial(now_ms))

    def _obey(self, next_tick: int) -> None:
        """Once a tick: whether an order is carried out, or there is a new one."""
        if self._telling and self._client.dialled >= self._wanted and not self._client.ringing:
            failures = self._client.failures
            tell({"carry": self._client.dialled - len(failures), "failures": sorted(set(failures))})
            self._telling = False
        span = self._span
        if span is not None and next_tick >= span.first_tick + span.ticks:
            self._finish(span)
        if self._orders.empty():
            return
        order = self._orders.get()
        if "carry" in order:
            self._wanted, self._telling = int(order["carry"]), True
        else:
            self._begin(next_tick, round(order["measure"] * 1e9 / FRAME_NS))

    def _begin(self, tick: int, ticks: int) -> None:
        room = round(max(1, self._client.dialled) * ticks * SPARE) + Inbox.BATCH
        shape = (ticks, SLOTS)
        arrivals = np.zeros(room, ARRIVAL)
        sent, late = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        began = time.monotonic_ns()
        self._span = Span(tick, ticks, arrivals, sent, late, began, self._server.cpu_s(), time.process_time())

    def _finish(self, span: Span) -> None:
        """Tell what the span cost, and keep the rest in a file."""
        self._span = None
        seconds = (time.monotonic_ns() - span.began_ns) / 1e9
        told: dict[str, Any] = {
            "cpu": (self._server.cpu_s() - span.server_s) / seconds,
            "rss_mb": self._server.rss_mb(),
            "callers_cpu": (time.process_time() - span.own_s) / seconds,
        }
        ports = self._ports[: self._client.dialled]
        path = self._folder / f"span-{span.first_tick}.npz"
        recording = Recording(span.arrivals[: span.kept], ports, span.sent_ns, span.first_tick, span.late_ns)
        recording.save(path)
        tell(told | {"file": str(path)})

    def _listen(self) -> None:
        for line in sys.stdin:
            self._orders.put(json.loads(line))


def main() -> None:
    """What the command line says."""
    server, pid, folder = sys.argv[1:]
    crowd = Crowd(server, int(pid), Path(folder))
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1)
    gc.freeze()
    gc.disable()
    crowd.run()


if __name__ == "__main__":
    main()
