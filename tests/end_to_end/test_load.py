"""Fifty chats and five calls at the same time, through everything that is real but the language model."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.gateway_process import ROOT, running
from tests.fakes.scripted_model import ScriptedModel, text

CHATS = 50
CALLS = 5
LAG_S = 0.02
SHARE = 0.99
ROUNDS = 3

pytestmark = [pytest.mark.models, pytest.mark.timeout(240)]


@pytest.fixture
def gateway(tmp_path: Path, models_folder: Path) -> Iterator[str]:
    """The address of a gateway that is ready, with a scripted model behind it."""
    model = ScriptedModel(otherwise=text("I am glad to help you with that.", pause_s=0.02))
    with model.serve_in_thread() as endpoint:
        settings = {
            "WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{tmp_path / 'sessions.sqlite'}",
            "WARMLINE_SHOP__DATABASE": str(tmp_path / "shop.sqlite"),
            "WARMLINE_MODEL__ENDPOINT": endpoint,
            "WARMLINE_MODEL__SLOTS": "16",
            "WARMLINE_LIMITS__CALLS": str(CALLS),
            "WARMLINE_MODELS__FOLDER": str(models_folder),
            "WARMLINE_LOGGING__LEVEL": "warning",
        }
        with running(settings, ("gateway", "serve", "--port", "0")) as process:
            wait_until_ready(process.url)
            yield process.url


def test_fifty_chats_and_five_calls_at_once_keep_the_event_loop_free(gateway: str) -> None:
    shares: list[float] = []
    # What else this machine does can only add to our lag, so the best of a few rounds is the truest.
    while len(shares) < ROUNDS and not (shares and shares[-1] >= SHARE):
        shares.append(_share_in_time(gateway))
    assert max(shares) >= SHARE, f"timers within {LAG_S * 1000:.0f} ms, by round: {shares}"


def _share_in_time(gateway: str) -> float:
    """The part of the loop's timers that fired in time while a crowd was there; no visitor sees an error."""
    before = _lag(gateway)
    # Customers have machines of their own; here they are a process that stands back behind the gateway.
    crowd = [
        "nice",
        "-n",
        "10",
        sys.executable,
        "-m",
        "tests.end_to_end.crowd",
        gateway,
        str(CHATS),
        str(CALLS),
    ]
    subprocess.run(crowd, cwd=ROOT, check=True)
    after = _lag(gateway)
    measured = after["all"] - before["all"]
    assert measured > 100
    return (after["in time"] - before["in time"]) / measured


def _lag(url: str) -> dict[str, float]:
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics").text)
    (family,) = (f for f in families if f.name == "warmline_event_loop_lag_seconds")
    buckets = {s.labels["le"]: s.value for s in family.samples if s.name.endswith("_bucket")}
    return {"all": buckets["+Inf"], "in time": buckets[str(LAG_S)]}


def wait_until_ready(url: str) -> None:
    """Ready means ready for calls too; loading the voice takes a while."""
    deadline, body = time.monotonic() + 120, None
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):  # model files that come from a cold disk
            body = httpx.get(f"{url}/readyz", trust_env=False).json()
            if body["ready"] and not body["missing"]:
                return
        time.sleep(0.2)
    raise AssertionError(f"not ready: {body}")
