from gateway.weights import plan
from tests.gateway.weights.samples import FIRST, HALVES, JOINED_FILE, SECOND, SMALL, SMALL_FILE


def test_pieces_lie_one_after_the_other_without_gaps() -> None:
    pieces = plan.pieces_of(JOINED_FILE)
    assert [piece.offset for piece in pieces] == [0, 200_000]
    assert pieces[-1].offset + pieces[-1].part.bytes == len(HALVES)


def test_a_package_that_two_files_need_is_opened_once_and_the_largest_comes_first() -> None:
    first, second = plan.unpackings([SMALL_FILE, JOINED_FILE])
    assert first.package == FIRST
    assert {piece.file for piece in first.pieces} == {SMALL_FILE, JOINED_FILE}
    assert first.bytes == 200_000 + len(SMALL)
    assert second.package == SECOND


def test_pieces_in_place_are_not_fetched_again() -> None:
    (left,) = plan.unpackings([JOINED_FILE], {(JOINED_FILE.path, 0)})
    assert left.package == SECOND
    assert plan.unpackings([JOINED_FILE], {(JOINED_FILE.path, 0), (JOINED_FILE.path, 200_000)}) == []
