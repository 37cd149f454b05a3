"""The scanners of sipvicious, as somebody runs them who looks for telephones to call abroad with."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Literal

PLACE = Path(__file__).parents[2] / ".venv" / "tools" / "sipvicious"


async def scan(
    tool: Literal["svmap", "svwar", "svcrack"], port: int, home: Path, *arguments: str, seconds: float = 30
) -> str:
    """What a scanner says of 127.0.0.1; `found nothing` is its word for that."""
    program = PLACE / "bin" / f"sipvicious_{tool}"
    if not program.exists():
        raise RuntimeError("sipvicious is not there: run `make test`")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), "-p", str(port), *arguments, "127.0.0.1",
        env={**os.environ, "PYTHONPATH": str(PLACE), "HOME": str(home)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode()
