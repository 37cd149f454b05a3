import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.weights import shelf, verify
from gateway.weights.errors import Damaged, NoSpace
from gateway.weights.plan import pieces_of
from gateway.weights.shelf import Joint, Shelf, only_one
from tests import virtual_time
from tests.gateway.weights.samples import HALVES, JOINED_FILE, MODEL, SMALL, SMALL_FILE


def test_right_bytes_get_their_place_and_are_remembered(tmp_path: Path) -> None:
    place = Shelf(tmp_path)
    candidate = place.partial("candidate")
    candidate.write_bytes(SMALL)
    place.check(SMALL_FILE, candidate)
    place.put(SMALL_FILE, candidate)
    assert (tmp_path / SMALL_FILE.path).read_bytes() == SMALL
    assert not candidate.exists()
    assert verify.survey([MODEL], tmp_path)[SMALL_FILE] is verify.State.WHOLE


@pytest.mark.parametrize("wrong", [SMALL.replace(b"true", b"fals"), SMALL[:-1], b""])
def test_wrong_bytes_are_refused_and_removed(tmp_path: Path, wrong: bytes) -> None:
    place = Shelf(tmp_path)
    candidate = place.partial("candidate")
    candidate.write_bytes(wrong)
    with pytest.raises(Damaged, match="wrong SHA-256"):
        place.check(SMALL_FILE, candidate)
    assert not candidate.exists()
    assert not (tmp_path / SMALL_FILE.path).exists()


def test_partial_files_stay_below_the_folder_whatever_they_are_called(tmp_path: Path) -> None:
    place = Shelf(tmp_path)
    assert place.partial("@owner/../models").parent == tmp_path / ".partial"
    place.partial("a").write_bytes(bytes(10_000))
    assert place.held() >= 10_000
    place.clear()
    assert place.held() == 0


def test_a_joint_knows_in_the_next_process_what_is_in_place(tmp_path: Path) -> None:
    first, second = pieces_of(JOINED_FILE)
    joint = Joint(Shelf(tmp_path), JOINED_FILE)
    joint.note(first)
    again = Joint(Shelf(tmp_path), JOINED_FILE)
    assert again.joined() == {first.key}
    assert not again.is_complete([first, second])
    again.note(second)
    assert again.is_complete([first, second])
    again.forget()
    assert Joint(Shelf(tmp_path), JOINED_FILE).joined() == set()


def test_a_joint_keeps_the_bytes_it_has(tmp_path: Path) -> None:
    Joint(Shelf(tmp_path), JOINED_FILE).path.write_bytes(HALVES)
    assert Joint(Shelf(tmp_path), JOINED_FILE).path.read_bytes() == HALVES


def test_two_that_want_the_folder_take_turns_and_the_second_is_told(tmp_path: Path) -> None:
    order: list[str] = []

    async def one(name: str) -> None:
        async with only_one(tmp_path, lambda: order.append(f"{name} waits")):
            order.append(f"{name} in")
            await asyncio.sleep(1)
            order.append(f"{name} out")

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            for name in ("a", "b"):
                group.create_task(one(name), name=name)

    virtual_time.run(both())
    assert order == ["a in", "b waits", "a out", "b in", "b out"]


def test_a_process_that_died_does_not_keep_the_folder(tmp_path: Path) -> None:
    dying = (
        "import asyncio, os, pathlib, sys; from gateway.weights.shelf import only_one\n"
        "async def main():\n"
        "    async with only_one(pathlib.Path(sys.argv[1]), print):\n"
        "        os._exit(9)\n"
        "asyncio.run(main())"
    )
    assert subprocess.run([sys.executable, "-c", dying, str(tmp_path)]).returncode == 9

    async def enter() -> None:
        async with only_one(tmp_path, lambda: pytest.fail("it should be free")):
            pass

    asyncio.run(enter())


def test_too_little_space_is_said_with_both_numbers(tmp_path: Path) -> None:
    shelf.require_space(tmp_path, 1)
    with pytest.raises(NoSpace, match=r"GB free, the model files need 1000000000\.0 GB"):
        shelf.require_space(tmp_path, 10**18)
