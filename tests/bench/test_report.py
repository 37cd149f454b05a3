"""The page of benchmarks: what is compared stands side by side, and what is missing says why."""

import json
from dataclasses import asdict
from xml.etree import ElementTree

from bench import chart, report
from bench.figures import Figure

PEER = "pipecat 1.14"
FIGURES = [
    Figure("delay, p50", "warmline", 640, "ms", "<= 800 ms", True, (600, 640, 700)),
    Figure("delay, p95", "warmline", 1_400, "ms", "<= 1300 ms", False),
    Figure("delay, p50", PEER, 3_300, "ms"),
    Figure("delay", "livekit <x>", None, "ms", note="it needs a server"),
]
MACHINE = {
    "at": "2026-11-25T21:00:00+00:00",
    "processor": "CPU",
    "cores": 2,
    "load": 0.1,
    "python": "3.11",
    "commit": "abc",
}


def test_the_table_sets_systems_side_by_side() -> None:
    rows = report.table(FIGURES).splitlines()
    assert rows[0] == f"|  | warmline | {PEER} | limit | holds |"
    assert rows[2] == "| delay, p50 | 640 ms | 3,300 ms | <= 800 ms | yes |"
    assert rows[3] == "| delay, p95 | 1,400 ms |  | <= 1300 ms | **no** |"


def test_the_page_tells_stages_and_why_a_peer_is_missing() -> None:
    raw = {"stages": {"warmline": {"tool": {"decision": 210.0}, "model": {"first audio": 640.4}}}}
    result = {"figures": [asdict(figure) for figure in FIGURES], "machine": MACHINE, "raw": raw}
    page = report.render(report.benchmarks(), {"voice": json.loads(json.dumps(result))})
    assert "livekit <x>: no delay: it needs a server." in page
    assert "`make bench ARGS=voice`" in page
    assert "pictures/benchmarks/voice.svg" in page
    assert "commit `abc`" in page
    assert "| stages of warmline, ms | decision | first audio |" in page
    assert "| model |  | 640 |" in page


def test_every_benchmark_can_be_described() -> None:
    assert all(about.title and about.how for about in report.benchmarks().values())


def test_a_chart_is_whole_svg_with_a_bar_for_each_value() -> None:
    tree = ElementTree.fromstring(chart.svg("Delay & more", FIGURES))
    space = "{http://www.w3.org/2000/svg}"
    words = [text.text for text in tree.iter(f"{space}text")]
    bars = [float(rect.attrib["width"]) for rect in tree.iter(f"{space}rect")][1:]
    assert "640 ms  (limit 800)" in words
    assert len(bars) == 2
    assert round(bars[1] / bars[0], 1) == round(3_300 / 640, 1)


def test_what_stands_alone_is_not_drawn() -> None:
    assert chart.svg("Nothing", [Figure("memory", "warmline", 3, "MB")]) == ""


def test_a_share_of_a_peers_figure_is_no_place_on_the_scale() -> None:
    assert chart.limit_of(Figure("d", "warmline", 1, "ms", "<= 1.25 x alone")) is None
    assert chart.limit_of(Figure("d", "warmline", 1, "ms", "<= 800 ms, <= 0.3 x pipecat")) == 800


def test_of_many_figures_only_those_with_a_limit_are_drawn() -> None:
    many = [Figure(f"detail {n}", PEER, n, "ms") for n in range(chart.MOST)]
    assert {figure.name for figure in chart.charted([*FIGURES[:2], *many])} == {"delay, p50"}
    assert len(chart.charted(many)) == chart.MOST, "where nothing has a limit all are"
