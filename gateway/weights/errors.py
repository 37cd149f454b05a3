"""What can go wrong while model files are fetched, and whose fault it is.

Unavailable (pipelines.facts)      a dependency is down: try later
├── Unreachable                    no connection, or it kept breaking
└── NotThere                       the server answers, but has not got it
Damaged                            bytes came whose hash is wrong: never used, another origin may do better
NoSpace                            the disk is full: nothing can go on
"""

import errno

from pipelines.facts import Unavailable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Unreachable(Unavailable):
    """No connection could be made or kept; the text names the host."""


class NotThere(Unavailable):
    """The server answered, but does not have what we asked for."""


class Damaged(Exception):
    """Bytes arrived that are not the ones the catalogue names."""


class NoSpace(Exception):
    """The disk, or our share of it, is full; the text says how much is needed where."""


def is_full(error: OSError) -> bool:
    """Whether an operating system error means that no more bytes fit."""
    return error.errno in FULL
