"""The scanners of sipvicious, as somebody runs them who looks for telephones to call abroad with."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Literal

PLACE = Path(__file__).parents[2] / ".venv" / "tools" / "sipvicious"
RUN = "import sys; from sipvicious.{tool} import main; sys.exit(main())"
DISGUISE = """
from sipvicious.libs.svhelper import makeRequest
makeRequest.__defaults__ = tuple(
    "IP Phone" if default == "friendly-scanner" else default for default in makeRequest.__defaults__
)
"""
"Those who mean it do not sign as `friendly-scanner`."


async def scan(
    tool: Literal["svmap", "svwar", "svcrack"],
    port: int,
    home: Path,
    *arguments: str,
    disguised: bool = True,
    seconds: float = 30,
) -> str:
    """What a scanner says of 127.0.0.1; `found nothing` is its word for that."""
    if not PLACE.is_dir():
        raise RuntimeError("sipvicious is not there: run `make test`")
    program = (DISGUISE if disguised else "") + RUN.format(tool=tool)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "-p", str(port), *arguments, "127.0.0.1",
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
