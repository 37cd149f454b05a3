"""What a benchmark found: figures with the peer or limit they are held against, and where they came from."""

import json
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one system."""

    name: str
    "What was measured, e.g. `voice to voice p50, workflow`."
    system: str
    "`warmline`, or the peer's name and version."
    value: float | None
    "The median over the runs; None: the peer is missing, and `note` says why."
    unit: str
    limit: str = ""
    "What it should be, in words: `<= 800`, `<= 0.3 x pipecat`."
    holds: bool | None = None
    "Whether it is; None where there is no limit or no value."
    runs: tuple[float, ...] = ()
    note: str = ""


@dataclass(slots=True)
class Result:
    """All figures of one benchmark, and the circumstances."""

    benchmark: str
    figures: list[Figure] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    "Whatever somebody would need to check the figures: one entry a turn, a clip or a call."
    machine: dict[str, Any] = field(default_factory=lambda: circumstances())

    def save(self) -> Path:
        """Write `bench/results/<benchmark>.json`; the newest replaces the one before."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.benchmark}.json"
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")
        return path


def circumstances() -> dict[str, Any]:
    """What a reader must know to compare: processor, cores, load when it began, versions, commit."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "commit": commit.strip(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def median(values: Sequence[float]) -> float:
    """The middle value; raises `StatisticsError` for none."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank); raises `ValueError` for none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent * len(ordered) / 100) - 1)]
