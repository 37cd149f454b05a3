"""Who scans us learns nothing: not that there is a telephone, nor which numbers it has, nor a password.

Each scan is run against baresip first: a scanner that finds nothing anywhere would prove nothing.
"""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.interop.baresip import Settings, baresip
from tests.interop.exchange import exchange
from tests.interop.sipvicious import scan

pytestmark = [pytest.mark.alone, pytest.mark.interop, pytest.mark.timeout(90)]

ELSEWHERE: dict[str, Any] = {"networks": ["198.51.100.0/24"]}
LOGIN: dict[str, Any] = {"networks": [], "login": {"username": "100", "password": "correct-horse"}}
NUMBERS: dict[str, Any] = {"numbers": [{"pattern": "100"}]}
ROUGH: dict[str, Any] = {"flood": {"per_second": 5, "burst": 10}}
NOTHING = "found nothing"


def test_the_scanners_find_a_telephone_that_is_not_careful(tmp_path: Path) -> None:
    async def main() -> None:
        async with baresip(Settings("100")) as careless:
            assert "baresip" in await scan("svmap", careless.port, tmp_path)
            numbers = await scan("svwar", careless.port, tmp_path, "-e98-102", "-m", "OPTIONS")
            assert "| 100 " in numbers and "| 101 " not in numbers

    asyncio.run(main())


@pytest.mark.parametrize("strangers", ["ignore", "refuse"])
def test_a_port_scan_finds_no_telephone_or_at_least_not_which(strangers: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, ELSEWHERE, strangers=strangers, **NUMBERS) as ours:
            found = await scan("svmap", ours.port, tmp_path)
            if strangers == "ignore":
                assert NOTHING in found
            else:
                assert "armline" not in found
            assert ours.answered == 0

    asyncio.run(main())


def test_a_scanner_that_says_so_is_not_answered_at_all(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, LOGIN, **NUMBERS) as ours:
            assert NOTHING in await scan("svmap", ours.port, tmp_path, disguised=False)
            assert NOTHING not in await scan("svmap", ours.port, tmp_path)

    asyncio.run(main())


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "INVITE"])
@pytest.mark.parametrize("trunk", [ELSEWHERE, LOGIN], ids=["trunks-by-network", "trunks-by-password"])
def test_numbers_that_exist_look_like_numbers_that_do_not(
    method: str, trunk: dict[str, Any], tmp_path: Path
) -> None:
    async def main() -> None:
        async with exchange(tmp_path, trunk, strangers="refuse", **NUMBERS) as ours:
            numbers = await scan("svwar", ours.port, tmp_path, "-e98-102", "-m", method, "--force")
            known = [number for number in range(98, 103) if f"| {number} " in numbers]
            assert known in ([], list(range(98, 103))), "all alike"
            assert ours.answered == 0

    asyncio.run(main())


def test_a_password_cannot_be_guessed_because_nobody_listens_for_long(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange(tmp_path, LOGIN, **NUMBERS, **ROUGH) as ours:
            assert await asyncio.to_thread(answers, ours.port) == 5
            guesses = ["-u", "100", "-r1-500", "--maximumtime=1"]
            assert NOTHING in await scan("svcrack", ours.port, tmp_path, *guesses)
            assert await asyncio.to_thread(answers, ours.port) == 0
            assert ours.answered == 0

    asyncio.run(main())


def answers(port: int) -> int:
    """How many of five requests are answered within half a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.1", 0))
        caller.settimeout(0.5)
        own = caller.getsockname()[1]
        for number in range(5):
            caller.sendto(
                f"OPTIONS sip:100@127.0.0.1:{port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own}{number};rport\r\n"
                f"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: {own}{number}\r\n"
                "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode(),
                ("127.0.0.1", port),
            )
        came = 0
        try:
            while True:
                caller.recv(2_048)
                came += 1
        except TimeoutError:
            return came
