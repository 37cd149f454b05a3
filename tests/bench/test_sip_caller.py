"""The callers of `bench sip` against the bare echo, as the benchmark runs them."""

import os
from pathlib import Path

import pytest

from bench.capacity_processes import load
from bench.figures import percentile
from bench.sip import climb, measured
from bench.sip_caller import Process
from bench.sip_systems import SYSTEMS, Server


def test_a_process_is_read_from_outside() -> None:
    here = Process(os.getpid())
    before = here.cpu_s()
    percentile(list(range(100_000)), 50)
    assert here.cpu_s() > before
    assert 10 < here.rss_mb() < 10_000
    with pytest.raises(ProcessLookupError):
        Process(2**22 + 1)


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_calls_come_up_and_are_heard(tmp_path: Path) -> None:
    with (
        Server(SYSTEMS["floor"].command()) as server,
        load("bench.sip_caller", server.address, server.pid, tmp_path) as callers,
    ):
        assert callers.ask(carry=30) == {"carry": 30, "failures": []}
        step = measured(callers, calls=30, up=30, span_s=1.5)
    assert step.missing < 0.1
    assert 0 < step.cpu < 1
    assert step.marks >= 25
    assert step.delay_p50_ms is not None and 0 < step.delay_p50_ms < 500
    assert list(tmp_path.iterdir()) == []


@pytest.mark.interop
@pytest.mark.timeout(120)
def test_steps_end_with_the_first_that_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.sip.SETTLE_S", 0.1)
    monkeypatch.setattr("bench.sip_figures.FULL", 0.0)
    with Server(SYSTEMS["floor"].command()) as server:
        steps = list(climb(server, (2, 4), 0.5))
    assert [step.calls for step in steps] == [2]
