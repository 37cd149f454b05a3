"""Three times the calls that there are places, through everything that is real but the language model."""

import asyncio
import statistics
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench import wer
from bench.overload import listened, measure, recorded, times, told
from bench.overload_callers import Turn
from tests.end_to_end.gateway_process import running
from tests.end_to_end.test_load import wait_until_ready
from tests.fakes.scripted_model import ScriptedModel, text

PHASE_S = 38
SLOWER = 3.0
"Times the latency without the crowd, on a machine that does other things too; `bench overload` measures it."

pytestmark = [pytest.mark.models, pytest.mark.timeout(300)]


@pytest.fixture
def gateway(tmp_path: Path, models_folder: Path) -> Iterator[str]:
    """The address of a gateway with one place and one more in the queue."""
    model = ScriptedModel(otherwise=text("I am glad to help you with that.", pause_s=0.02))
    with model.serve_in_thread() as endpoint:
        settings = {
            "WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{tmp_path / 'sessions.sqlite'}",
            "WARMLINE_SHOP__DATABASE": str(tmp_path / "shop.sqlite"),
            "WARMLINE_MODEL__ENDPOINT": endpoint,
            "WARMLINE_MODELS__FOLDER": str(models_folder),
            "WARMLINE_LIMITS__CALLS": "1",
            "WARMLINE_LOGGING__LEVEL": "warning",
        }
        with running(settings, ("gateway", "serve", "--port", "0")) as process:
            wait_until_ready(process.url)
            yield process.url


def test_running_calls_keep_their_words_and_their_latency_and_the_others_hear_why_they_wait(
    gateway: str, models_folder: Path, tmp_path: Path
) -> None:
    assert httpx.get(f"{gateway}/readyz/calls").status_code == 200
    phases = asyncio.run(measure(gateway, recorded(models_folder), 1, PHASE_S, tmp_path))

    assert len(phases.alone) >= 2 and len(phases.crowded) >= 2
    assert _word_errors(phases.crowded) <= max(0.2, _word_errors(phases.alone))
    before, during = statistics.median(times(phases.alone)), statistics.median(times(phases.crowded))
    assert during <= SLOWER * before

    waiting = [visit for visit in phases.visits if visit.outcome == "waiting"]
    refused = [visit for visit in phases.visits if visit.outcome == "refused"]
    assert [visit.positions for visit in waiting] == [[1]]
    assert refused and {visit.reason for visit in refused} == {"lines_busy"}
    assert len(waiting) + len(refused) == len(phases.visits), "nobody else got a place, or was left outside"
    heard = listened(phases.visits, models_folder)
    assert all(told(visit, words) for visit, words in zip(phases.visits, heard, strict=True)), heard


def _word_errors(turns: list[Turn]) -> float:
    return wer.total(wer.errors(turn.asked, turn.understood) for turn in turns).rate
