"""The structural rules of the code base that a machine can check.

Reading order is dependency order: gateway, pipelines, tools, knowledge. A package may import the
ones to its right and never one to its left, and nobody imports in a circle.
"""

import ast
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ["gateway", "pipelines", "tools", "knowledge"]
MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))

#: Protocols, parsers, deciders and state machines. Bytes, frames, ids and the time come in as arguments.
CORES = [
    "gateway/accounts/account.py",
    "gateway/accounts/password_rules.py",
    "gateway/accounts/permissions.py",
    "gateway/admission.py",
    "gateway/cut_off.py",
    "gateway/desk/commands.py",
    "gateway/desk/measured.py",
    "gateway/desk/messages.py",
    "gateway/desk/views.py",
    "gateway/events.py",
    "gateway/files/kinds.py",
    "gateway/files/names.py",
    "gateway/handoff/consult.py",
    "gateway/handoff/notice.py",
    "gateway/handoff/recent.py",
    "gateway/handoff/reply.py",
    "gateway/handoff/said_number.py",
    "gateway/handoff/silence.py",
    "gateway/handoff/when.py",
    "gateway/hold_music.py",
    "gateway/matrix.py",
    "gateway/mixing.py",
    "gateway/protocol_error.py",
    "gateway/queue/board.py",
    "gateway/queue/estimate.py",
    "gateway/queue/hours.py",
    "gateway/queue/records.py",
    "gateway/queue/recovery.py",
    "gateway/queue/routing.py",
    "gateway/queue/standing.py",
    "gateway/queue/wire.py",
    "gateway/rtp/agreed.py",
    "gateway/rtp/comfort_noise.py",
    "gateway/rtp/concealment.py",
    "gateway/rtp/dtmf.py",
    "gateway/rtp/jitter.py",
    "gateway/rtp/lateness.py",
    "gateway/rtp/packet.py",
    "gateway/rtp/ports.py",
    "gateway/rtp/receiver.py",
    "gateway/rtp/reports.py",
    "gateway/rtp/rtcp.py",
    "gateway/rtp/sender.py",
    "gateway/rtp/session.py",
    "gateway/rtp/source.py",
    "gateway/rtp/srtp.py",
    "gateway/rtp/statistics.py",
    "gateway/sip/acceptance.py",
    "gateway/sip/address.py",
    "gateway/sip/body.py",
    "gateway/sip/call_events.py",
    "gateway/sip/callers.py",
    "gateway/sip/client_requests.py",
    "gateway/sip/client_transaction.py",
    "gateway/sip/context.py",
    "gateway/sip/course.py",
    "gateway/sip/destinations.py",
    "gateway/sip/dialog.py",
    "gateway/sip/digest.py",
    "gateway/sip/flood.py",
    "gateway/sip/framer.py",
    "gateway/sip/grammar.py",
    "gateway/sip/header_fields.py",
    "gateway/sip/hop.py",
    "gateway/sip/in_dialog.py",
    "gateway/sip/incoming.py",
    "gateway/sip/info.py",
    "gateway/sip/invitation.py",
    "gateway/sip/matching.py",
    "gateway/sip/message.py",
    "gateway/sip/negotiation.py",
    "gateway/sip/line.py",
    "gateway/sip/numbers.py",
    "gateway/sip/offer_answer.py",
    "gateway/sip/offering.py",
    "gateway/sip/outgoing.py",
    "gateway/sip/parameters.py",
    "gateway/sip/reasons.py",
    "gateway/sip/registration.py",
    "gateway/sip/reliable.py",
    "gateway/sip/sdes.py",
    "gateway/sip/sdp.py",
    "gateway/sip/server_transaction.py",
    "gateway/sip/session_timer.py",
    "gateway/sip/station.py",
    "gateway/sip/timers.py",
    "gateway/sip/transaction.py",
    "gateway/sip/transaction_events.py",
    "gateway/sip/transaction_table.py",
    "gateway/sip/transfer.py",
    "gateway/sip/typed_fields.py",
    "gateway/sip/uri.py",
    "gateway/sip/usage.py",
    "gateway/sip/user_agent.py",
    "gateway/sip/via.py",
    "gateway/stages.py",
    "gateway/stream/asterisk.py",
    "gateway/stream/audiosocket.py",
    "gateway/stream/documents.py",
    "gateway/stream/encoding.py",
    "gateway/stream/event_stream.py",
    "gateway/stream/exotel.py",
    "gateway/stream/genesys.py",
    "gateway/stream/http_signature.py",
    "gateway/stream/playout.py",
    "gateway/stream/plivo.py",
    "gateway/stream/providers.py",
    "gateway/stream/signatures.py",
    "gateway/stream/telnyx.py",
    "gateway/stream/ticket.py",
    "gateway/stream/twilio.py",
    "gateway/stream/vonage.py",
    "gateway/stream/wire.py",
    "gateway/timeline.py",
    "gateway/web/attempts.py",
    "gateway/webrtc/rtvi.py",
    "gateway/webrtc/turn.py",
    "gateway/weights/plan.py",
    "gateway/weights/simple_index.py",
    "knowledge/article.py",
    "knowledge/chunk.py",
    "knowledge/front_matter.py",
    "knowledge/lexical.py",
    "knowledge/problem.py",
    "pipelines/agent/claims.py",
    "pipelines/agent/commands.py",
    "pipelines/agent/glossary.py",
    "pipelines/agent/position.py",
    "pipelines/agent/recall.py",
    "pipelines/agent/sayings.py",
    "pipelines/agent/steps.py",
    "pipelines/agent/tool_calls.py",
    "pipelines/agent/workflow.py",
    "pipelines/answering_machine.py",
    "pipelines/briefing.py",
    "pipelines/briefing_fold.py",
    "pipelines/briefing_lines.py",
    "pipelines/briefing_matters.py",
    "pipelines/briefing_parts.py",
    "pipelines/briefing_records.py",
    "pipelines/conversation.py",
    "pipelines/disclosure.py",
    "pipelines/echo.py",
    "pipelines/escalation.py",
    "pipelines/facts.py",
    "pipelines/heard.py",
    "pipelines/keypad.py",
    "pipelines/language.py",
    "pipelines/other_machine.py",
    "pipelines/phrases.py",
    "pipelines/piper_wire.py",
    "pipelines/promises.py",
    "pipelines/secret.py",
    "pipelines/sentences.py",
    "pipelines/sentiment.py",
    "pipelines/spoken.py",
    "pipelines/transcript.py",
    "pipelines/turns.py",
    "pipelines/voice.py",
    "pipelines/wrap_up.py",
    "tools/arguments.py",
    "tools/evidence.py",
    "tools/gate.py",
    "tools/numerals.py",
    "tools/places.py",
    "tools/policy.py",
    "tools/records.py",
    "tools/refusals.py",
    "tools/schema.py",
    "tools/tool.py",
]
IMPURE = {"asyncio", "socket", "time", "threading", "random", "os", "secrets", "subprocess", "redis", "httpx"}
BANNED_STEMS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
BANNED_SUFFIXES = ("Manager", "Helper", "Util", "Utils", "Impl")
#: Above this a module has two things living in one room.
LONGEST_MODULE = 450
MOST_PARAMETERS = 8

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every import, wherever in the file it stands."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            prefix = ".".join([*above, *filter(None, [node.module])])
            yield prefix
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


@each_module
def test_imports_point_one_way(path: Path) -> None:
    layer = LAYERS.index(path.relative_to(ROOT).parts[0])
    left = set(LAYERS[:layer])
    assert not [name for name in imports(path) if name.split(".")[0] in left]


def test_no_import_cycles() -> None:
    names = {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in MODULES
    }
    graph = {name: {i for i in imports(path) if i in names and i != name} for name, path in names.items()}
    while leaves := [name for name, needs in graph.items() if not needs]:
        for name in leaves:
            del graph[name]
        for needs in graph.values():
            needs.difference_update(leaves)
    assert not graph, f"cycle among {sorted(graph)}"


def test_the_demo_shop_is_a_service_and_not_a_library() -> None:
    users = [
        path
        for path in MODULES
        if "shop" not in path.relative_to(ROOT).parts
        for name in imports(path)
        if name == "tools.shop" or name.startswith("tools.shop.")
    ]
    assert not users, "the shop is reached over HTTP only"


@pytest.mark.parametrize("core", CORES)
def test_cores_do_no_io(core: str) -> None:
    module = tree(ROOT / core)
    assert not {name.split(".")[0] for name in imports(ROOT / core)} & IMPURE
    waits = [n for n in ast.walk(module) if isinstance(n, ast.Await | ast.AsyncFor | ast.AsyncWith)]
    assert not waits, "a core waits for nothing"


@each_module
def test_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), "the module needs a docstring"


@each_module
def test_package_docstring_is_all_there_is(path: Path) -> None:
    if path.name == "__init__.py":
        module = tree(path)
        assert len(module.body) == 1, "an __init__.py holds its docstring only"
        assert len((ast.get_docstring(module) or "").splitlines()) <= 40


@each_module
def test_names_say_what_things_are(path: Path) -> None:
    assert path.stem not in BANNED_STEMS
    classes = [n.name for n in ast.walk(tree(path)) if isinstance(n, ast.ClassDef)]
    assert not [name for name in classes if name.endswith(BANNED_SUFFIXES) or name.startswith("Base")]


@each_module
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@each_module
def test_constructors_take_settings_and_not_lists_of_switches(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            parameters = len(node.args.args) + len(node.args.kwonlyargs) - 1
            assert parameters <= MOST_PARAMETERS, f"line {node.lineno}: {parameters} parameters"


QUEUES = {"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "JoinableQueue"}
"Of the standard library: without a size they grow for ever."


@each_module
def test_tasks_belong_to_a_group_and_queues_are_bounded(path: Path) -> None:
    faults = []
    for call in (n for n in ast.walk(tree(path)) if isinstance(n, ast.Call)):
        name = ast.unparse(call.func)
        if name in {"asyncio.create_task", "asyncio.ensure_future", "loop.create_task"}:
            faults.append(f"line {call.lineno}: {name} outside a task group")
        if name.split("[")[0].split(".")[-1] in QUEUES and not call.args and not call.keywords:
            faults.append(f"line {call.lineno}: unbounded queue")
    assert not faults


@each_module
def test_only_config_reads_the_environment(path: Path) -> None:
    if path != ROOT / "gateway/config.py":
        reads = [
            n
            for n in ast.walk(tree(path))
            if isinstance(n, ast.Attribute) and ast.unparse(n) in {"os.environ", "os.getenv", "os.environb"}
        ]
        assert not reads


def test_tests_mirror_the_code() -> None:
    tests = {p.relative_to(ROOT / "tests") for p in (ROOT / "tests").rglob("test_*.py")}
    expected = [p.relative_to(ROOT) for p in MODULES if p.stem not in {"__init__", "__main__"}]
    missing = [str(p) for p in expected if p.with_name(f"test_{p.name}") not in tests]
    assert not missing


def test_nothing_names_a_machine_or_a_registry() -> None:
    kinds = ("*.py", "*.md", "*.toml", "*.yaml", "*.yml", "*.lock", "*.ts", "*.tsx", "Makefile")
    folders = [*LAYERS, "tests", "docs", "evals", "bench", "deploy", "web-demo/src"]
    files = itertools.chain.from_iterable(
        (ROOT / folder).rglob(kind) for folder in folders for kind in kinds if (ROOT / folder).is_dir()
    )
    banned = [
        "/" + "work/",
        "pypi" + ".org",
        "registry.npmjs" + ".org",
        "deb.debian" + ".org",
        "file:///" + "root",
    ]
    for path in itertools.chain(files, ROOT.glob("*.*")):
        if path.suffix in {".png", ".wav", ".sqlite"} or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        assert not [word for word in banned if word in text], path
