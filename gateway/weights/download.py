"""Brings the bytes of one address into one file, and goes on where it stopped.

What has arrived stays in the file when a transfer breaks, and the next attempt asks for the rest (HTTP
Range, RFC 9110 section 14). Whether the bytes are the right ones is for the caller to find out by hash.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.weights.errors import Damaged, NoSpace, NotThere, Unreachable, is_full

BUFFER = 1 << 20
PASSING = {408, 425, 429, 500, 502, 503, 504}
"Statuses that a moment's wait may cure."

Received = Callable[[int, int], None]
"Told after each chunk: bytes present so far, bytes in all (0 when the server does not say)."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to bring, and where to."""

    address: str
    target: Path
    at_most: int
    "Bytes. A server that sends more is sending something else, and is cut off."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server before giving it up."""

    connect_s: float
    silence_s: float
    "Longest wait for the next bytes of a transfer."
    attempts: int
    "Transfers begun, at most; each one goes on where the last broke."
    connects: int
    "Failed connections in a row before the server counts as unreachable."
    pause_s: float = 0.5
    "Before the second attempt; doubled each time."


OFFICIAL = Patience(connect_s=3, silence_s=20, attempts=4, connects=1)
REGISTRY = Patience(connect_s=10, silence_s=30, attempts=5, connects=3)


async def download(client: httpx.AsyncClient, wanted: Wanted, patience: Patience, received: Received) -> None:
    """Complete the target file with the bytes of the address, keeping what it holds already.

    Raises `Unreachable` when no connection could be made or kept, `NotThere` when the server refuses,
    `Damaged` when it sends too much, `NoSpace` when the disk is full.
    """
    unconnected = 0
    for attempt in range(patience.attempts):
        if attempt:
            await asyncio.sleep(patience.pause_s * 2 ** (attempt - 1))
        try:
            return await _transfer(client, wanted, patience, received)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            unconnected += 1
            fault = _text(error)
            if unconnected >= patience.connects:
                break
        except (httpx.TransportError, _Passing) as error:
            unconnected, fault = 0, _text(error)
        except OSError as error:
            if is_full(error):
                raise NoSpace(f"no space left in {wanted.target.parent}") from error
            raise
    raise Unreachable(f"{httpx.URL(wanted.address).host}: {fault}")


class _Passing(Exception):
    """An answer that may be better next time."""


async def _transfer(
    client: httpx.AsyncClient, wanted: Wanted, patience: Patience, received: Received
) -> None:
    target = wanted.target
    present = target.stat().st_size if target.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={present}-"} if present else {})
    timeout = httpx.Timeout(patience.silence_s, connect=patience.connect_s)
    async with client.stream("GET", wanted.address, headers=headers, timeout=timeout) as response:
        if response.status_code == 416:
            # Nothing lies beyond what we have: complete, or a leftover of something else. The hash decides,
            # unless the server says that the sizes differ.
            if _total(response) == present:
                return
            target.unlink()
            raise _Passing("the partial file did not fit; starting over")
        _refuse_failure(response)
        resumed = response.status_code == 206 and _starts_at(response) == present
        if not resumed:
            present = 0
        total = present + int(response.headers.get("Content-Length", -present))
        with target.open("ab" if resumed else "wb", buffering=BUFFER) as output:
            # In the pieces that arrive: regrouping would lose what it holds back when the line breaks.
            async for chunk in response.aiter_raw():
                present += len(chunk)
                if present > wanted.at_most:
                    raise Damaged(f"{response.url.host} sends more than {wanted.at_most} bytes")
                output.write(chunk)
                received(present, total)


def _refuse_failure(response: httpx.Response) -> None:
    if response.status_code in PASSING:
        raise _Passing(f"answered {response.status_code}")
    if response.status_code not in (200, 206):
        raise NotThere(f"{response.url.host} answered {response.status_code} for {response.url.path}")


def _content_range(response: httpx.Response) -> tuple[str, str]:
    """First position and total of `bytes 5-9/10` or `bytes */10`, as text."""
    span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    return span.partition("-")[0], total


def _starts_at(response: httpx.Response) -> int:
    first, _ = _content_range(response)
    return int(first) if first.isdigit() else -1


def _total(response: httpx.Response) -> int:
    _, total = _content_range(response)
    return int(total) if total.isdigit() else -1


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
