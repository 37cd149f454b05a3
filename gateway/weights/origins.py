"""The places that model files may come from, one class each, all with the same verb: `bring`.

Each origin takes the files that are still wanted and delivers what it can; what it cannot, it reports, and
the next origin is asked. A file that fails never stops the others. Relies on the shelf to refuse bytes
whose hash is wrong, so that no origin needs to be trusted.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Protocol

import httpx

from gateway.weights import simple_index
from gateway.weights.catalogue import HUGGING_FACE, ModelFile, OfficialFile, Package, Registry
from gateway.weights.download import OFFICIAL, REGISTRY, Patience, Received, Wanted, download
from gateway.weights.errors import Damaged, NoSpace, NotThere, Unreachable, is_full
from gateway.weights.plan import Unpacking, pieces_of, unpackings
from gateway.weights.registry import Registries
from gateway.weights.shelf import Joint, Shelf
from gateway.weights.unpack import unpack
from pipelines.facts import Unavailable

AT_ONCE = 4
"Transfers at a time: enough to fill a line, few enough for a public registry."
LARGEST_ARCHIVE = 256 << 20
"Bytes. No package of the catalogue is half as large."


class Progress(Protocol):
    """Who watches a pull."""

    def at(self, path: str, present: int) -> None:
        """So many bytes of the model file are here."""

    def done(self, path: str, whence: str) -> None:
        """The model file is whole and in its place."""

    def say(self, text: str) -> None:
        """Something that the person at the terminal should know, once."""


@dataclass
class Errand:
    """One pull's dealings: what was brought, from where, and what went wrong."""

    shelf: Shelf
    progress: Progress
    brought: dict[str, str] = field(default_factory=dict)
    "Path of the model file: where it came from."
    faults: dict[str, Exception] = field(default_factory=dict)
    "Path of the model file: the last reason why it could not be brought."

    async def deliver(self, file: ModelFile, candidate: Path, whence: str) -> None:
        """Put a candidate in the file's place; a wrong one is thrown away and noted as a fault."""
        try:
            await asyncio.to_thread(self.shelf.check, file, candidate)
        except Damaged as error:
            self.faults[file.path] = Damaged(f"{error} (from {whence})")
            return
        self.shelf.put(file, candidate)
        self.brought[file.path] = whence
        self.faults.pop(file.path, None)
        self.progress.done(file.path, whence)

    def fail(self, files: Iterable[ModelFile], error: Exception) -> None:
        """Note why files could not be brought."""
        self.faults.update((file.path, error) for file in files)

    def left(self, files: Iterable[ModelFile]) -> list[ModelFile]:
        """Those of `files` that are still wanted."""
        return [file for file in files if file.path not in self.brought]


class Origin(Protocol):
    """A place that model files may come from."""

    async def bring(self, files: Sequence[ModelFile], errand: Errand) -> None:
        """Deliver what can be had of `files`, and report the rest as faults. Raises `NoSpace`."""


class Installed:
    """Packages of this Python environment that carry a model file; their files are read, never imported."""

    async def bring(self, files: Sequence[ModelFile], errand: Errand) -> None:
        """Copy whole files out of packages that are installed in the catalogue's version."""
        for file in files:
            if (source := _installed_copy(file)) is not None:
                await _deliver_copy(source, file, errand, f"installed {file.parts[0].package}")


def _installed_copy(file: ModelFile) -> Path | None:
    """Where an installed package keeps the whole file."""
    if len(file.parts) != 1 or file.parts[0].package.registry is not Registry.PYTHON:
        return None
    part = file.parts[0]
    try:
        distribution = metadata.distribution(part.package.name)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(part.member)))
    return path if distribution.version == part.package.version and path.is_file() else None


class WholeFiles:
    """A folder that holds model files under their catalogue paths, or side by side."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def bring(self, files: Sequence[ModelFile], errand: Errand) -> None:
        """Copy the files that are there in the right size; the hash decides as always."""
        for file in files:
            for source in (self._folder / file.path, self._folder / Path(file.path).name):
                if source.is_file() and source.stat().st_size == file.bytes:
                    await _deliver_copy(source, file, errand, str(self._folder))
                    break


async def _deliver_copy(source: Path, file: ModelFile, errand: Errand, whence: str) -> None:
    candidate = errand.shelf.partial(f"{file.path}.copy")
    await _in_thread_or_no_space(lambda: shutil.copyfile(source, candidate), candidate.parent)
    await errand.deliver(file, candidate, whence)


class Official:
    """The publishers' own repositories on Hugging Face."""

    def __init__(
        self, client: httpx.AsyncClient, host: str = HUGGING_FACE, patience: Patience = OFFICIAL
    ) -> None:
        self._client = client
        self._host = host
        self._patience = patience
        self._down: Unreachable | None = None

    async def bring(self, files: Sequence[ModelFile], errand: Errand) -> None:
        """Download the files that have an official address, several at a time."""
        published = [(file, file.official) for file in files if file.official is not None]
        unpublished = [file for file in files if file.official is None]
        errand.fail(unpublished, NotThere("its publisher offers these bytes in a package only"))
        if not published:
            return
        await self._probe()
        if self._down:
            errand.progress.say(f"Hugging Face cannot be reached ({self._down}); going on without it")
            errand.fail((file for file, _ in published), self._down)
            return
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for file, official in published:
                group.create_task(self._fetch(file, official, errand, slots), name=f"official {file.path}")

    async def _probe(self) -> None:
        """Find out once, and fast, whether there is anyone: nobody should wait for each file in turn."""
        try:
            async with asyncio.timeout(self._patience.connect_s):
                await self._client.head(self._host)
        except (httpx.TransportError, TimeoutError) as error:
            self._down = Unreachable(str(error) or f"no answer in {self._patience.connect_s:g} s")

    async def _fetch(
        self, file: ModelFile, official: OfficialFile, errand: Errand, slots: asyncio.Semaphore
    ) -> None:
        async with slots:
            if self._down:
                return errand.fail([file], self._down)
            candidate = errand.shelf.partial(f"{file.path}.official")
            address = official.address.replace(HUGGING_FACE, self._host, 1)
            try:
                await download(
                    self._client,
                    Wanted(address, candidate, at_most=file.bytes),
                    self._patience,
                    lambda present, _: errand.progress.at(file.path, present),
                )
            except (Unavailable, Damaged) as error:
                if isinstance(error, Damaged):
                    candidate.unlink(missing_ok=True)
                if isinstance(error, Unreachable):
                    self._down = error
                return errand.fail([file], error)
            await errand.deliver(file, candidate, "Hugging Face")


class Archives(Protocol):
    """Where the archives of packages are."""

    whence: str

    def fetch(self, package: Package, received: Received) -> AbstractAsyncContextManager[Path]:
        """The package's archive while the block lasts. Raises `Unavailable`, `Damaged`, `NoSpace`."""


class OnlineArchives:
    """Archives downloaded from the package registries, kept no longer than needed."""

    whence = "the package registry"

    def __init__(
        self, client: httpx.AsyncClient, registries: Registries, shelf: Shelf, patience: Patience = REGISTRY
    ) -> None:
        self._client = client
        self._registries = registries
        self._shelf = shelf
        self._patience = patience

    @asynccontextmanager
    async def fetch(self, package: Package, received: Received) -> AsyncIterator[Path]:
        """Download the archive, going on with a partial one; remove it unless the block was cancelled."""
        path = self._shelf.partial(f"{package.name}-{package.version}.archive")
        address = await self._registries.locate(package)
        wanted = Wanted(address, path, at_most=LARGEST_ARCHIVE)
        try:
            await download(self._client, wanted, self._patience, received)
            yield path
        except Damaged:
            path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)


class FolderArchives:
    """Archives that somebody laid into a folder: wheels, and tarballs as `npm pack` names them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.whence = str(folder)

    @asynccontextmanager
    async def fetch(self, package: Package, received: Received) -> AsyncIterator[Path]:
        """The archive where it lies."""
        is_archive = (
            simple_index.is_tarball_of if package.registry is Registry.NPM else simple_index.is_wheel_of
        )
        found = [path for path in self._folder.iterdir() if is_archive(package, path.name)]
        if not found:
            raise NotThere(f"{self._folder} has neither the file nor the package {package}")
        received(1, 1)
        yield found[0]


class Packages:
    """Files joined from members of packages."""

    def __init__(self, open_archives: Callable[[], AbstractAsyncContextManager[Archives]]) -> None:
        self._open_archives = open_archives
        self._down: dict[Registry, Unreachable] = {}

    async def bring(self, files: Sequence[ModelFile], errand: Errand) -> None:
        """Fetch every needed package once, several at a time, and join the files from their members."""
        try:
            async with self._open_archives() as archives:
                retry = await self._join(files, errand, archives)
                if retry:
                    errand.progress.say(f"starting over with {', '.join(file.path for file in retry)}")
                    await self._join(retry, errand, archives)
        except Unreachable as error:
            errand.fail(errand.left(files), error)

    async def _join(self, files: Sequence[ModelFile], errand: Errand, archives: Archives) -> list[ModelFile]:
        """Join what can be joined; returns the files that an earlier run's leftovers made wrong."""
        joints = {file.path: Joint(errand.shelf, file) for file in files}
        leftovers = {key for joint in joints.values() for key in joint.joined()}
        meter = _Meter(files, leftovers, errand.progress)
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for unpacking in unpackings(files, leftovers):
                work = self._open(unpacking, errand, archives, joints, meter, slots)
                group.create_task(work, name=f"package {unpacking.package}")
        wrong = []
        for file in files:
            joint = joints[file.path]
            if not joint.is_complete(pieces_of(file)):
                continue
            await errand.deliver(file, joint.path, archives.whence)
            joint.forget()
            if file.path not in errand.brought and any(path == file.path for path, _ in leftovers):
                wrong.append(file)
        return wrong

    async def _open(
        self,
        unpacking: Unpacking,
        errand: Errand,
        archives: Archives,
        joints: dict[str, Joint],
        meter: "_Meter",
        slots: asyncio.Semaphore,
    ) -> None:
        files = [piece.file for piece in unpacking.pieces]
        async with slots:
            if fault := self._down.get(unpacking.package.registry):
                return errand.fail(files, fault)
            try:
                received = meter.of(unpacking)
                async with archives.fetch(unpacking.package, received) as archive:
                    await _in_thread_or_no_space(
                        lambda: _take_pieces(archive, unpacking, joints), archive.parent
                    )
            except Unreachable as error:
                self._down[unpacking.package.registry] = error
                errand.fail(files, error)
            except (Unavailable, Damaged) as error:
                errand.fail(files, error)


def _take_pieces(archive: Path, unpacking: Unpacking, joints: dict[str, Joint]) -> None:
    for piece in unpacking.pieces:
        joint = joints[piece.file.path]
        unpack(archive, piece, joint.path)
        joint.note(piece)


class _Meter:
    """Turns bytes of archives into bytes of model files, for the progress bars."""

    def __init__(self, files: Sequence[ModelFile], joined: set[tuple[str, int]], progress: Progress) -> None:
        self._progress = progress
        self._present = {
            piece.key: piece.part.bytes if piece.key in joined else 0
            for file in files
            for piece in pieces_of(file)
        }

    def of(self, unpacking: Unpacking) -> Received:
        """What to tell when bytes of the unpacking's archive arrive."""

        def received(present: int, total: int) -> None:
            share = present / max(total, present, 1) if total else 0
            for piece in unpacking.pieces:
                self._present[piece.key] = int(share * piece.part.bytes)
            for path in {piece.file.path for piece in unpacking.pieces}:
                here = sum(size for (owner, _), size in self._present.items() if owner == path)
                self._progress.at(path, here)

        return received


async def _in_thread_or_no_space(work: Callable[[], object], folder: Path) -> None:
    """Run blocking file work beside the event loop; a full disk is `NoSpace`."""
    try:
        await asyncio.to_thread(work)
    except OSError as error:
        if is_full(error):
            raise NoSpace(f"no space left in {folder}") from error
        raise
