"""Files on their way in and out, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gateway import session as sessions
from gateway.files.files import AT_ONCE, QUIET_S, READERS, WHOLE_S, Files, Upload, new_file_id
from gateway.files.settings import FileSettings
from gateway.live import Busy, UnknownSession
from gateway.protocol_error import ProtocolError
from gateway.store.file_store import PIECE_BYTES, StoredFile
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes.memory_files import MemoryFiles
from tests.fakes.memory_store import MemoryStore
from tests.gateway.files.test_kinds import PNG


class World:
    def __init__(self, **settings: int) -> None:
        self.store = MemoryStore()
        self.kept = MemoryFiles(self.store)
        self.files = Files(self.kept, FileSettings.model_validate(settings), lambda: 1000.0)
        self.session = ""

    async def take(self, upload: Upload, session: str | None = None) -> StoredFile:
        async with self.files.taken(new_file_id(), session or self.session, upload) as file:
            return file

    async def code(self, upload: Upload) -> tuple[int, str]:
        with pytest.raises(ProtocolError) as caught:
            await self.take(upload)
        return caught.value.status, caught.value.code

    async def read(self, file: StoredFile) -> list[bytes]:
        return [piece async for piece in self.files.given(file)]


def run(test: Callable[[World], Awaitable[None]], **settings: int) -> None:
    async def main() -> None:
        world = World(**settings)
        session, _ = sessions.begin("chat", 0.0)
        await world.store.create(session)
        world.session = session.session_id
        await test(world)

    virtual_time.run(main())


async def parts(*data: bytes, pause_s: float = 0.0) -> AsyncIterator[bytes]:
    for part in data:
        await asyncio.sleep(pause_s)
        yield part


def upload(*data: bytes, name: str = "photo.png", announced: int | None = None) -> Upload:
    return Upload(name, announced, parts(*data))


def test_a_file_comes_in_pieces_and_goes_out_as_it_was() -> None:
    async def test(world: World) -> None:
        data = PNG + bytes(range(256)) * 2_500
        file = await world.take(upload(*(data[i : i + 60_000] for i in range(0, len(data), 60_000))))
        assert (file.media_type, file.size, file.name) == ("image/png", len(data), "photo.png")
        pieces = await world.read(await world.files.of(world.session, file.file_id))
        assert b"".join(pieces) == data
        assert [len(piece) for piece in pieces[:-1]] == [PIECE_BYTES] * 2

    run(test)


def test_ids_cannot_be_guessed() -> None:
    ids = {new_file_id() for _ in range(1_000)}
    assert len(ids) == 1_000 and min(map(len, ids)) >= 27


def test_a_file_is_found_in_its_own_session_only() -> None:
    async def test(world: World) -> None:
        file = await world.take(upload(PNG))
        for session, file_id in ((world.session, "file_none"), ("s_other", file.file_id)):
            with pytest.raises(ProtocolError) as caught:
                await world.files.of(session, file_id)
            assert (caught.value.status, caught.value.code) == (404, "unknown_file")

    run(test)


def test_what_may_not_come_leaves_nothing() -> None:
    async def test(world: World) -> None:
        assert await world.code(upload(b"MZ\x90\x00" + bytes(50))) == (415, "type_not_allowed")
        assert await world.code(upload(PNG, announced=2_001)) == (413, "too_large")
        assert await world.code(upload(*[PNG] * 50)) == (413, "too_large")
        assert await world.code(upload(*[PNG] * 50, announced=48)) == (413, "too_large")
        assert await world.code(upload()) == (422, "empty_file")
        assert world.kept.kept == {}

    run(test, size_bytes=2_000)


def test_a_file_over_the_limit_is_not_read_to_its_end() -> None:
    async def test(world: World) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += len(PNG)
                yield PNG

        assert await world.code(Upload("a.png", None, endless())) == (413, "too_large")
        assert read <= 2_000 + len(PNG)

    run(test, size_bytes=2_000)


def test_a_session_has_bounds() -> None:
    async def test(world: World) -> None:
        await world.take(upload(PNG))
        await world.take(upload(PNG))
        assert await world.code(upload(PNG)) == (409, "too_many_files")
        assert len(world.kept.kept) == 2

    run(test, count=2)

    async def bytes_together(world: World) -> None:
        await world.take(upload(PNG * 20))
        assert await world.code(upload(PNG, announced=100)) == (409, "too_many_bytes")
        assert await world.code(upload(PNG, PNG)) == (409, "too_many_bytes")
        assert len(world.kept.kept) == 1

    run(bytes_together, session_bytes=1_024)


def test_a_file_that_comes_too_slowly_is_given_up() -> None:
    async def test(world: World) -> None:
        pausing = Upload("a.png", None, parts(PNG, PNG, pause_s=QUIET_S + 1))
        assert await world.code(pausing) == (408, "too_slow")
        dripping = Upload("a.png", None, parts(*[PNG] * 1_000, pause_s=QUIET_S - 1))
        began = asyncio.get_running_loop().time()
        assert await world.code(dripping) == (408, "too_slow")
        assert asyncio.get_running_loop().time() - began == pytest.approx(WHOLE_S)
        assert world.kept.kept == {}
        await world.take(Upload("a.png", None, parts(PNG, PNG, pause_s=QUIET_S - 1)))

    run(test)


def test_a_connection_that_breaks_leaves_nothing() -> None:
    async def test(world: World) -> None:
        async def breaking() -> AsyncIterator[bytes]:
            yield PNG * 10_000
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await world.take(Upload("a.png", None, breaking()))
        assert world.kept.kept == {}

    run(test)


def test_an_upload_that_is_cancelled_leaves_nothing_and_its_place_is_free() -> None:
    async def test(world: World) -> None:
        async with asyncio.TaskGroup() as tasks:
            stuck = [
                tasks.create_task(world.take(Upload("a.png", None, parts(PNG, pause_s=10))))
                for _ in range(AT_ONCE)
            ]
            await asyncio.sleep(1)
            assert len(world.kept.kept) == AT_ONCE
            with pytest.raises(Busy):
                await world.take(upload(PNG))
            for task in stuck:
                task.cancel()
        assert world.kept.kept == {}
        await world.take(upload(PNG))

    run(test)


def test_only_so_many_come_at_once_from_everybody() -> None:
    async def test(world: World) -> None:
        other, _ = sessions.begin("chat", 0.0)
        await world.store.create(other)
        async with asyncio.TaskGroup() as tasks:
            slow = Upload("a.png", None, parts(PNG, pause_s=10))
            task = tasks.create_task(world.take(slow, other.session_id))
            await asyncio.sleep(1)
            with pytest.raises(Busy):
                await world.take(upload(PNG))
            await task
        await world.take(upload(PNG))

    run(test, at_once=1)


def test_a_file_of_which_nobody_may_be_told_is_forgotten() -> None:
    async def test(world: World) -> None:
        for refusal in (ProtocolError("no_floor", "", 409), UnknownSession()):
            with pytest.raises(type(refusal)):
                async with world.files.taken(new_file_id(), world.session, upload(PNG)):
                    raise refusal
        assert world.kept.kept == {}

    run(test)


def test_a_file_that_may_have_been_told_of_stays() -> None:
    async def test(world: World) -> None:
        with pytest.raises(Unavailable):
            async with world.files.taken("file_a", world.session, upload(PNG)):
                raise Unavailable("no answer from the other node")
        assert (await world.files.of(world.session, "file_a")).size == len(PNG)

    run(test)


def test_while_the_store_is_down_nothing_comes_and_nothing_goes() -> None:
    async def test(world: World) -> None:
        file = await world.take(upload(PNG))
        world.kept.down = True
        with pytest.raises(Unavailable):
            await world.take(upload(PNG))
        with pytest.raises(Unavailable):
            await world.read(file)

    run(test)


def test_a_session_that_is_none_has_no_files() -> None:
    async def test(world: World) -> None:
        with pytest.raises(UnknownSession):
            await world.take(upload(PNG), "s_nobody")

    run(test)


def test_only_so_many_are_read_at_once() -> None:
    async def test(world: World) -> None:
        file = await world.take(upload(PNG))
        reading = [world.files.given(file) for _ in range(READERS)]
        for each in reading:
            await anext(each)
        with pytest.raises(Busy):
            await world.read(file)
        await reading[0].aclose()
        assert await world.read(file) == [PNG]
        for each in reading[1:]:
            await each.aclose()

    run(test)


def test_a_file_that_is_erased_while_it_is_read_ends_with_an_error() -> None:
    async def test(world: World) -> None:
        file = await world.take(upload(PNG + bytes(PIECE_BYTES)))
        reading = world.files.given(file)
        await anext(reading)
        await world.kept.drop(file.file_id)
        with pytest.raises(Unavailable):
            await anext(reading)

    run(test)
