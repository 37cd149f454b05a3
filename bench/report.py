"""The page of all benchmarks, `docs/benchmarks.md`, with a chart of each, from `bench/results/*.json`."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import chart
from bench.chart import OURS
from bench.figures import RESULTS, Figure

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures" / "benchmarks"
OPENING = (
    "Written by `make bench ARGS=report` from `bench/results/*.json`, where every single turn, clip and call "
    "is kept. Ours and the peers ran on the same machine in the same run; why one is missing stands below. "
    "Peers install themselves into environments of their own under `build/bench/`."
)


@dataclass(frozen=True, slots=True)
class About:
    """What a reader must know of a benchmark."""

    title: str
    how: str


def benchmarks() -> dict[str, About]:
    """All that may have results, in the order of the page."""
    listed = yaml.safe_load((Path(__file__).parent / "report.yaml").read_text(encoding="utf-8"))
    return {name: About(**about) for name, about in listed.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing can be chosen."""


def run(options: argparse.Namespace) -> int:
    """Write the page and the charts."""
    known = benchmarks()
    files = {name: RESULTS / f"{name}.json" for name in known}
    results = {name: json.loads(file.read_text()) for name, file in files.items() if file.is_file()}
    if not results:
        print("bench report: there are no results yet; run a benchmark first", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        picture = chart.svg(known[name].title, figures_of(result))
        if picture:
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")
    page = DOCS / "benchmarks.md"
    page.write_text(render(known, results), encoding="utf-8")
    print(f"bench report: {page} with {', '.join(results)}", file=sys.stderr)
    return 0


def figures_of(result: Mapping[str, Any]) -> list[Figure]:
    """The figures of a result's file."""
    return [Figure(**{**figure, "runs": tuple(figure["runs"])}) for figure in result["figures"]]


def render(known: Mapping[str, About], results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, in Markdown."""
    parts = ["# Benchmarks", OPENING]
    for name, result in results.items():
        parts += _section(name, known[name], result)
    return "\n\n".join(parts) + "\n"


def _section(name: str, about: About, result: Mapping[str, Any]) -> list[str]:
    figures = figures_of(result)
    parts = [f"## {about.title}", f"`make bench ARGS={name}`", about.how, _machine(result["machine"])]
    if chart.charted(figures):
        parts.append(f"![{about.title}: ours beside the peers](pictures/benchmarks/{name}.svg)")
    parts.append(table(figures))
    parts += [_stages(system, told) for system, told in result["raw"].get("stages", {}).items() if told]
    parts += [f"{f.system}: no {f.name}: {f.note}." for f in figures if f.value is None and f.note]
    return parts


def _machine(machine: Mapping[str, Any]) -> str:
    return (
        f"Measured on {str(machine['at'])[:10]}: {machine['cores']} cores of {machine['processor']}, "
        f"load {machine['load']} when it began, Python {machine['python']}, commit `{machine['commit']}`."
    )


def _stages(system: str, told: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each kind of turn, a column for each stage: medians in ms."""
    names = list(dict.fromkeys(name for stages in told.values() for name in stages))
    rows = [[f"stages of {system}, ms", *names], ["---", *["---:"] * len(names)]]
    rows += [
        [category, *(f"{stages[name]:.0f}" if name in stages else "" for name in names)]
        for category, stages in told.items()
    ]
    return _markdown(rows)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def table(figures: Sequence[Figure]) -> str:
    """A row for each figure, a column for each system that has any value, ours first."""
    there = [figure for figure in figures if figure.value is not None]
    peers = [name for name in dict.fromkeys(figure.system for figure in there) if name != OURS]
    systems = [OURS, *peers]
    rows = [["", *systems, "limit", "holds"], ["---", *["---:"] * len(systems), "---", "---"]]
    for name in dict.fromkeys(figure.name for figure in there):
        by_system = {figure.system: figure for figure in figures if figure.name == name}
        ours = by_system.get(OURS)
        holds = {True: "yes", False: "**no**", None: ""}[ours.holds if ours else None]
        values = [_value(by_system.get(system)) for system in systems]
        rows.append([name, *values, ours.limit if ours else "", holds])
    return _markdown(rows)


def _value(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure.value is None:
        return "missing"
    return f"{figure.value:,g} {figure.unit}".strip()
