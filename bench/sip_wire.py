"""Datagrams by the batch: `sendmmsg` and `recvmmsg` of Linux, with the kernel's own time of each arrival.

One Python process makes and takes 20 000 packets a second with this and leaves most of its core idle; and
what it says of a packet's time does not depend on when it looked.
"""

import ctypes
import os
import socket

import numpy as np
import numpy.typing as npt

from bench.sip_sound import SAMPLES, marks

PACKET = np.dtype(
    [
        ("version", "u1"),
        ("payload_type", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("payload", "u1", SAMPLES),
    ]
)
"RTP (RFC 3550, section 5.1) with 20 ms of PCMU."
ARRIVAL = np.dtype(
    [("ns", "i8"), ("port", "u2"), ("sequence", "u2"), ("timestamp", "u4"), ("mark", "i2")], align=True
)
"A packet that came: wall clock of the kernel, the port that it came from, the first sample of its mark."

_MESSAGE = np.dtype(
    {
        "names": ["name", "name_length", "vector", "vectors", "control", "control_length", "flags", "length"],
        "formats": ["u8", "u4", "u8", "u8", "u8", "u8", "i4", "u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56],
        "itemsize": 64,
    }
)
"`struct mmsghdr` where pointers have 64 bits."
_VECTOR = np.dtype([("base", "u8"), ("length", "u8")])
_ADDRESS = np.dtype([("family", "u2"), ("port", ">u2"), ("host", "u1", 4), ("zero", "u1", 8)])
_CONTROL = np.dtype([("length", "u8"), ("level", "i4"), ("type", "i4"), ("s", "i8"), ("ns", "i8")])
_SO_TIMESTAMPNS = 35
_RECEIVE_BUFFER = 4_000_000

_libc = ctypes.CDLL(None, use_errno=True)


def datagram_socket() -> socket.socket:
    """A UDP socket on loopback with room for what comes while nobody looks."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    made.bind(("127.0.0.1", 0))
    return made


class Outbox:
    """Packets that leave together, each to its own address."""

    def __init__(self, sender: socket.socket, most: int) -> None:
        self._sender = sender
        self._addresses = np.zeros(most, _ADDRESS)
        self._addresses["family"] = socket.AF_INET
        self.packets = np.zeros(most, PACKET)
        "What `send` sends; the caller fills it in."
        self._messages, self._vectors = _messages(self.packets, self._addresses)
        self.count = 0

    def add(self, host: str, port: int) -> int:
        """One packet more each time; says which row of `packets` it is."""
        row = self.count
        self._addresses[row]["host"] = list(socket.inet_aton(host))
        self._addresses[row]["port"] = port
        self.count += 1
        return row

    def send(self) -> None:
        """Send all. Raises `OSError`."""
        sent = 0
        while sent < self.count:
            at = self._messages[sent:].ctypes.data
            done = _libc.sendmmsg(self._sender.fileno(), ctypes.c_void_p(at), self.count - sent, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            sent += done


class Inbox:
    """Takes what has come."""

    BATCH = 64

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver
        self._packets = np.zeros(self.BATCH, PACKET)
        self._addresses = np.zeros(self.BATCH, _ADDRESS)
        self._controls = np.zeros(self.BATCH, _CONTROL)
        self._messages, self._vectors = _messages(self._packets, self._addresses)
        self._messages["control"] = _addresses_of(self._controls)

    def read(self) -> npt.NDArray[np.void]:
        """At most `BATCH` arrivals, as `ARRIVAL`; only packets with 20 ms of sound count."""
        self._messages["name_length"] = _ADDRESS.itemsize
        self._messages["control_length"] = _CONTROL.itemsize
        at = ctypes.c_void_p(self._messages.ctypes.data)
        flags = socket.MSG_DONTWAIT | socket.MSG_TRUNC  # the latter: a long datagram's length is its own
        count = _libc.recvmmsg(self._receiver.fileno(), at, self.BATCH, flags, None)
        whole = np.flatnonzero(self._messages["length"][: max(count, 0)] == PACKET.itemsize)
        found = np.empty(len(whole), ARRIVAL)
        packets, controls = self._packets[whole], self._controls[whole]
        found["ns"] = controls["s"] * 1_000_000_000 + controls["ns"]
        found["port"] = self._addresses["port"][whole]
        found["sequence"] = packets["sequence"]
        found["timestamp"] = packets["timestamp"]
        found["mark"] = marks(packets["payload"])
        return found


def _messages(
    packets: npt.NDArray[np.void], addresses: npt.NDArray[np.void]
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
    """The headers that point to packets and addresses, and the vectors that must live as long."""
    vectors = np.zeros(len(packets), _VECTOR)
    vectors["base"] = _addresses_of(packets)
    vectors["length"] = PACKET.itemsize
    messages = np.zeros(len(packets), _MESSAGE)
    messages["name"] = _addresses_of(addresses)
    messages["name_length"] = _ADDRESS.itemsize
    messages["vector"] = _addresses_of(vectors)
    messages["vectors"] = 1
    return messages, vectors


def _addresses_of(rows: npt.NDArray[np.void]) -> npt.NDArray[np.uint64]:
    return rows.ctypes.data + np.arange(len(rows), dtype=np.uint64) * rows.itemsize
