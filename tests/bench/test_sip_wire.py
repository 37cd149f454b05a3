"""Batches of datagrams over loopback."""

import select
import socket
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from bench.sip_sound import MARK_AT, spoken
from bench.sip_wire import Inbox, Outbox, datagram_socket


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with datagram_socket() as sender, datagram_socket() as receiver:
        yield sender, receiver


def read(inbox: Inbox, receiver: socket.socket, count: int) -> npt.NDArray[np.void]:
    """So many arrivals, however many batches they take."""
    parts: list[npt.NDArray[np.void]] = []
    while sum(map(len, parts)) < count:
        assert select.select([receiver], [], [], 5)[0], "nothing came"
        parts.append(inbox.read())
    return np.concatenate(parts)


def test_packets_arrive_with_their_times_and_marks(sockets: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = sockets
    outbox = Outbox(sender, 100)
    for _ in range(100):
        outbox.add(*receiver.getsockname())
    outbox.packets["sequence"] = np.arange(100)
    outbox.packets["timestamp"] = 2**31 + 5
    outbox.packets["payload"] = spoken()[1]
    outbox.packets[7]["payload"] = spoken()[0]
    before = time.time_ns()
    outbox.send()
    came = read(Inbox(receiver), receiver, 100)
    assert came["sequence"].tolist() == list(range(100))
    assert set(came["port"].tolist()) == {sender.getsockname()[1]}
    assert set(came["timestamp"].tolist()) == {2**31 + 5}
    assert np.flatnonzero(came["mark"] == MARK_AT).tolist() == [7]
    assert before <= came["ns"][0] <= came["ns"][-1] <= time.time_ns()


def test_nothing_is_read_where_nothing_came(sockets: tuple[socket.socket, socket.socket]) -> None:
    assert len(Inbox(sockets[1]).read()) == 0


def test_only_packets_of_20_ms_count(sockets: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = sockets
    outbox = Outbox(sender, 1)
    outbox.add(*receiver.getsockname())
    sender.sendto(b"comfort noise", receiver.getsockname())
    sender.sendto(bytes(400), receiver.getsockname())
    outbox.packets["sequence"] = 3
    outbox.send()
    assert read(Inbox(receiver), receiver, 1)["sequence"].tolist() == [3]
