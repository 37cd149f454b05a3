"""Free ports of the loopback interface, for programs that want to be told theirs."""

import os
from pathlib import Path

FIRST, LAST = 21_000, 31_900
"Below the range from which the kernel hands out ports by itself, so that nobody else walks in meanwhile."
BLOCK = 16
BLOCKS = (LAST - FIRST) // BLOCK
LISTENING = "0A"
"A TCP socket's state in the kernel's table."

_next = os.getpid() * 97 % BLOCKS
"The block to look at; test runs side by side begin at different ones."


def free(count: int = 1) -> int:
    """The first of `count` ports in a row that nobody uses, neither over UDP nor over TCP.

    What was handed out is not handed out again soon.
    """
    global _next
    wanted, used = -(-count // BLOCK), _used()
    for _ in range(BLOCKS):
        first_block = _next if _next + wanted <= BLOCKS else 0
        _next = first_block + wanted
        first = FIRST + first_block * BLOCK
        if used.isdisjoint(range(first, first + count)):
            return first
    raise RuntimeError(f"no {count} free ports in a row on loopback")


def taken(port: int) -> bool:
    """Whether somebody receives on it, over UDP or TCP."""
    return port in _used()


def _used() -> set[int]:
    """Asks the kernel's tables, which disturbs nobody: a trial bind could be in a program's way."""
    found = set()
    for table in ("udp", "udp6", "tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if table.startswith("udp") or state == LISTENING:
                found.add(int(local.rpartition(":")[2], 16))
    return found
