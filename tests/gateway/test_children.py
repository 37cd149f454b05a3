"""Real child processes, written for the occasion."""

import asyncio
import json
import os
import re
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.children import BEHIND_US, Child, ChildSettings
from gateway.health import State

SERVES = """
import http.server, json, os, sys, threading
port = int(sys.argv[sys.argv.index("--port") + 1])
secret = json.loads(sys.stdin.readline())["token"]
open(sys.argv[1], "a").write(f"{os.getpid()} {secret}\\n")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash":
            os._exit(3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", port), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"port": port}), flush=True)
print("x" * 1_000_000, flush=True)
sys.stdin.read()
"""


class Watched:
    """A child of this program, and what was reported of it."""

    def __init__(self, program: str, *arguments: str, ready_s: float = 10.0) -> None:
        self.reports: list[tuple[State, str]] = []
        self.changed = asyncio.Event()
        command = (sys.executable, "-c", program, *arguments)
        settings = ChildSettings(
            "test", command, {"token": "s3cret"}, ready_s=ready_s, restart_s=(0.05, 60.0), stop_s=2.0
        )
        self.child = Child(settings, self._report)

    def _report(self, state: State, detail: str) -> None:
        self.reports.append((state, detail))
        self.changed.set()

    async def next_report(self) -> tuple[State, str]:
        await self.changed.wait()
        self.changed.clear()
        return self.reports[-1]

    def get(self, path: str) -> Awaitable[bytes]:
        url = f"http://127.0.0.1:{self.child.port}{path}"
        return asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=5).read())


def run(make: Callable[[], Watched], test: Callable[[Watched], Awaitable[None]]) -> None:
    async def main() -> None:
        watched = make()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(watched.child.run())
            try:
                await test(watched)
            finally:
                running.cancel()

    asyncio.run(main())


def test_a_child_serves_on_the_port_we_chose_and_goes_when_we_stop(tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    async def test(watched: Watched) -> None:
        await watched.child.serves()
        assert watched.reports == [(State.UP, "")]
        assert await watched.get("/") == b"here"

    run(lambda: Watched(SERVES, str(notes)), test)
    pid, secret = notes.read_text().split()
    assert secret == "s3cret"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_child_that_crashes_is_started_again_on_the_same_port(tmp_path: Path) -> None:
    async def test(watched: Watched) -> None:
        await watched.child.serves()
        watched.changed.clear()
        with pytest.raises(OSError):
            await watched.get("/crash")
        assert await watched.next_report() == (State.DOWN, "it ended with status 3; starting it again")
        assert await watched.next_report() == (State.UP, "")
        assert await watched.get("/") == b"here"

    run(lambda: Watched(SERVES, str(tmp_path / "notes")), test)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit(7)", "its first line was not the one we know"),
        ("print('hello')", "its first line was not the one we know"),
        ("print('{\"port\": 1}')", "its first line was not the one we know"),
        ("print('x' * 100_000)", "its first line was not the one we know"),
        ("import time; time.sleep(60)", "it did not start within 1 s"),
    ],
)
def test_a_child_that_does_not_come_up_says_why(program: str, reason: str) -> None:
    async def test(watched: Watched) -> None:
        state, detail = await watched.next_report()
        assert (state, detail) == (State.DOWN, f"{reason}; starting it again")

    run(lambda: Watched(program, ready_s=1.0), test)


def test_a_program_that_is_not_there_says_so() -> None:
    async def main() -> None:
        reports: list[str] = []
        child = Child(
            ChildSettings("test", ("/nowhere/at/all",)), lambda state, detail: reports.append(detail)
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(child.run())
            while not reports:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            running.cancel()
        assert reports == ["it cannot be run: No such file or directory; starting it again"]

    asyncio.run(main())


def test_a_child_that_does_not_want_to_go_is_made_to(tmp_path: Path) -> None:
    stubborn = SERVES.replace("sys.stdin.read()", "import time; time.sleep(60)")

    async def test(watched: Watched) -> None:
        await watched.child.serves()

    run(lambda: Watched(stubborn, str(tmp_path / "notes")), test)
    pid = int((tmp_path / "notes").read_text().split()[0])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def session_niceness(process: int) -> int | None:
    """Where Linux weighs sessions and not processes; None elsewhere."""
    group = Path(f"/proc/{process}/autogroup")
    shown = re.search(r"autogroup-\d+ nice (-?\d+)", group.read_text() if group.exists() else "")
    return int(shown[1]) if shown else None


def test_a_child_gives_way_to_the_event_loop(tmp_path: Path) -> None:
    async def test(watched: Watched) -> None:
        await watched.next_report()
        child = int((tmp_path / "lives").read_text().split()[0])
        assert os.getpriority(os.PRIO_PROCESS, child) == os.getpriority(os.PRIO_PROCESS, 0) + BEHIND_US
        assert session_niceness(child) in (BEHIND_US, None)

    run(lambda: Watched(SERVES, str(tmp_path / "lives")), test)


def test_the_secret_is_not_on_the_command_line(tmp_path: Path) -> None:
    async def test(watched: Watched) -> None:
        await watched.child.serves()
        pid = (tmp_path / "notes").read_text().split()[0]
        shown = await asyncio.to_thread(Path(f"/proc/{pid}/cmdline").read_text)
        assert "s3cret" not in shown
        assert json.dumps("s3cret") not in shown

    run(lambda: Watched(SERVES, str(tmp_path / "notes")), test)
