"""Free ports of the loopback interface, for programs that want to be told theirs."""

import itertools
import os
from pathlib import Path

FIRST, LAST = 21_000, 31_900
"Below the range from which the kernel hands out ports by itself, so that nobody else walks in meanwhile."

_next = itertools.count(os.getpid() * 97)
"Test runs side by side start at different places."


def free(count: int = 1) -> int:
    """The first of `count` ports in a row that nobody uses, neither over UDP nor over TCP."""
    blocks = (LAST - FIRST) // 16
    for attempt in itertools.islice(_next, blocks):
        first = FIRST + attempt % blocks * 16
        if not any(taken(first + offset) for offset in range(count)):
            return first
    raise RuntimeError(f"no {count} free ports in a row on loopback")


def taken(port: int) -> bool:
    """Whether somebody receives on it, over UDP or TCP; asks the kernel's tables, and disturbs nobody."""
    wanted = f":{port:04X}"
    for table, listening in (("udp", None), ("udp6", None), ("tcp", "0A"), ("tcp6", "0A")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if local.endswith(wanted) and listening in (None, state):
                return True
    return False
