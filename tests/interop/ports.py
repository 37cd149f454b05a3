"""Free ports of the loopback interface, for programs that want to be told theirs."""

import itertools
import os
import socket

FIRST, LAST = 21_000, 31_900
"Below the range from which the kernel hands out ports by itself, so that nobody else walks in meanwhile."

_next = itertools.count(os.getpid() * 97)
"Test runs side by side start at different places."


def free(count: int = 1) -> int:
    """The first of `count` ports in a row that nobody uses, neither over UDP nor over TCP."""
    blocks = (LAST - FIRST) // 16
    for attempt in itertools.islice(_next, blocks):
        first = FIRST + attempt % blocks * 16
        if all(_is_free(first + offset) for offset in range(count)):
            return first
    raise RuntimeError(f"no {count} free ports in a row on loopback")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
