"""Who answers the calls of `bench sip`: our endpoint, the peers in their environments, and a bare echo.

Each is a process on one core that echoes what it hears after its jitter buffer, as a bot would answer. It
says on standard output where it listens, and then that it is ready.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from bench.capacity_processes import Measured, python
from bench.peers import HERE, environment
from bench.sip_figures import FLOOR, OURS

HOST = "127.0.0.1"


class Server(Measured):
    """A process that answers calls."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid


@dataclass(frozen=True, slots=True)
class System:
    """One of those that are compared."""

    name: str
    "As figures call it."
    command: Callable[[], list[str]]
    "Raises `bench.peers.Missing` where the peer cannot be had."


def _aiosipua(mode: str) -> list[str]:
    interpreter = environment("aiosipua")
    return [str(interpreter), "-O", str(HERE / "aiosipua_echo.py"), mode, str(free_port())]


def _baresip() -> list[str]:
    return [str(environment("baresip")), str(HERE / "baresip_echo.py"), str(free_port())]


SYSTEMS = {
    "floor": System(FLOOR, lambda: python("bench.sip_toy")),
    "warmline": System(OURS, lambda: python("bench.sip_ours")),
    "aiosipua": System("aiosipua 0.7 + aiortp 0.8", lambda: _aiosipua("arrival")),
    "aiosipua-clocked": System("aiosipua + aiortp, clocked", lambda: _aiosipua("clocked")),
    "baresip": System("baresip-python 0.5", _baresip),
}
"In the order in which they are measured."


def free_port() -> int:
    """A UDP port that nobody has, for peers that cannot choose one themselves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
