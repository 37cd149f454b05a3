"""The whole gateway as a process, with the real models and a telephone: `warmline serve` and a YAML file."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.interop import certificates, ports

ROOT = Path(__file__).parents[2]
STARTING_S = 180.0
TOKEN = "operators-in-this-test"
RTP_PORTS = 16


@dataclass(frozen=True, slots=True)
class TelephoneGateway:
    """A gateway that takes calls."""

    url: str
    port: int
    "Of SIP over UDP and TCP; TLS has the next one."
    log: Path

    def uri(self, transport: str = "udp", number: str = "100") -> str:
        """Where a telephone calls."""
        return f"sip:{number}@127.0.0.1:{self.port + (transport == 'tls')}"

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request to its API, as an operator."""
        answer = httpx.request(
            method,
            f"{self.url}/api/calls{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
            trust_env=False,
        )
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json()


@contextmanager
def telephone_gateway(
    folder: Path,
    models: Path,
    trunks: list[dict[str, Any]],
    *options: str,
    sections: Mapping[str, Any] | None = None,
    **telephone: Any,
) -> Iterator[TelephoneGateway]:
    """A gateway with these trunks, ready for calls; stopped at the end.

    `options` are those of `warmline serve`, `sections` further ones of its configuration. What it keeps lies
    in `folder`.
    """
    port, media = ports.free(2), ports.free(RTP_PORTS)
    own = str(certificates.make(folder / "own.pem"))
    settings = {
        "http": {"port": 0, "api_token": TOKEN},
        "store": {"url": f"sqlite+aiosqlite:///{folder / 'sessions.sqlite'}"},
        "models": {"folder": str(models)},
        "telephone": {
            "listen": [f"udp:127.0.0.1:{port}", f"tcp:127.0.0.1:{port}", f"tls:127.0.0.1:{port + 1}"],
            "rtp_ports": f"{media}-{media + RTP_PORTS - 1}",
            "tls": {"certificate": own, "private_key": own},
            "trunks": trunks,
            "numbers": [{"pattern": "*"}],
            **telephone,
        },
        **(sections or {}),
    }
    (folder / "warmline.yaml").write_text(yaml.safe_dump(settings))
    log = folder / "gateway.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--config", str(folder / "warmline.yaml"), *options],
            cwd=ROOT,
            env={**os.environ, "XDG_STATE_HOME": str(folder)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield TelephoneGateway(_ready(process, log), port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address that the gateway printed, once voice and telephone are up."""
    end = time.monotonic() + STARTING_S
    while time.monotonic() < end and process.poll() is None:
        printed = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace"))
        if printed and _takes_calls(printed[0]):
            return printed[0]
        time.sleep(0.25)
    raise AssertionError(f"the gateway did not become ready:\n{log.read_text(errors='replace')[-4000:]}")


def _takes_calls(address: str) -> bool:
    try:
        parts = httpx.get(f"{address}/readyz", timeout=2, trust_env=False).json()["parts"]
        return all(parts[name]["state"] == "up" for name in ("voice", "telephone", "model"))
    except (httpx.HTTPError, ValueError, KeyError):
        return False
