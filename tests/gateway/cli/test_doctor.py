import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway import config
from gateway.cli import doctor
from gateway.cli.doctor import Finding, Verdict
from gateway.weights import catalogue
from tests.fakes.registry_server import Page, RegistryServer, registry_server
from tests.gateway.weights.samples import HALVES, JOINED_FILE, MODEL, SMALL, SMALL_FILE


def settings(**variables: str) -> config.Config:
    return config.load(environment={f"WARMLINE_{name}": value for name, value in variables.items()})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "PATIENCE_S", 0.3)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def port_of(server: RegistryServer) -> int:
    return int(server.url.rsplit(":", 1)[1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def assert_fails(finding: Finding, detail: str) -> None:
    assert finding.verdict is Verdict.FAIL
    assert detail in finding.detail
    assert finding.remedy, "a failure says what to do about it"


# --- the machine -----------------------------------------------------------------------------------


def test_python_is_judged_by_its_version() -> None:
    assert doctor.python((3, 13, 0)).verdict is Verdict.OK
    assert_fails(doctor.python((3, 10, 13)), "3.10.13")


@pytest.mark.parametrize(("cores", "gigabytes", "verdict"), [(2, 4, "ok"), (1, 16, "warn"), (8, 2, "warn")])
def test_a_small_machine_is_only_warned_about(cores: int, gigabytes: int, verdict: str) -> None:
    assert doctor.machine(cores, gigabytes << 30).verdict.value == verdict


def test_missing_packages_are_named() -> None:
    versions = {"a": "1.0"}
    assert doctor.packages("packages", ["a"], versions.get, None).detail == "a 1.0"
    assert_fails(doctor.packages("packages", ["a", "b"], versions.get, None), "not installed: b")


def test_an_extra_fails_only_where_the_configuration_needs_it() -> None:
    def verdicts(chosen: config.Config) -> dict[str, str]:
        return {f.name.split()[1]: f.verdict.value for f in doctor.extras(chosen, lambda _: None)}

    assert verdicts(settings()) == {"embedded": "fail", "postgres": "ok", "redis": "ok", "microphone": "ok"}
    remote = settings(
        MODEL__ENDPOINT="http://models.test/v1",
        VOICE__ENGINE="openai",
        VOICE__ENDPOINT="http://models.test/v1",
        STORE__URL="postgresql+asyncpg://u@db.test/w",
        REDIS__URL="redis://redis.test",
    )
    assert verdicts(remote) == {"embedded": "ok", "postgres": "fail", "redis": "fail", "microphone": "ok"}


# --- what we bring ---------------------------------------------------------------------------------


def test_model_files_are_whole_or_named(tmp_path: Path) -> None:
    assert_fails(doctor.model_files(MODEL, tmp_path), f"{JOINED_FILE.path} is missing")
    (tmp_path / "sample").mkdir()
    (tmp_path / JOINED_FILE.path).write_bytes(HALVES)
    (tmp_path / SMALL_FILE.path).write_bytes(SMALL[:-1])
    assert_fails(doctor.model_files(MODEL, tmp_path), f"{SMALL_FILE.path} is damaged")
    (tmp_path / SMALL_FILE.path).write_bytes(SMALL)
    assert doctor.model_files(MODEL, tmp_path).verdict is Verdict.OK


def test_remote_models_need_no_files_here() -> None:
    models, others = doctor.models_needed(settings())
    assert set(models) == set(catalogue.select()) and others == []
    remote = settings(
        MODEL__ENDPOINT="http://m.test/v1",
        VOICE__ENGINE="openai",
        VOICE__ENDPOINT="http://m.test/v1",
        RECOGNISER__ENGINE="pipecat",
    )
    assert doctor.models_needed(remote) == ([catalogue.TURN, catalogue.MINILM], [])


def test_a_model_of_ones_own_need_only_be_there(tmp_path: Path) -> None:
    chosen = settings(MODEL__FILE="llm/own.gguf", RECOGNISER__NAME="moonshine-tiny")
    models, others = doctor.models_needed(chosen)
    assert others == ["llm/own.gguf"]
    assert catalogue.MOONSHINE_TINY in models and catalogue.QWEN_CODER not in models
    assert_fails(doctor.own_file("llm/own.gguf", tmp_path), f"not in {tmp_path}")
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm/own.gguf").touch()
    assert doctor.own_file("llm/own.gguf", tmp_path).verdict is Verdict.OK


def test_pages_that_are_not_built_are_a_warning(tmp_path: Path) -> None:
    assert doctor.pages(tmp_path).verdict is Verdict.WARN
    (tmp_path / "index.html").touch()
    assert doctor.pages(tmp_path).verdict is Verdict.OK


# --- what we talk to -------------------------------------------------------------------------------


def test_a_free_port_is_fine() -> None:
    assert "is free" in asyncio.run(doctor.port("127.0.0.1", free_port())).detail
    assert asyncio.run(doctor.port("127.0.0.1", 0)).verdict is Verdict.OK


def test_a_port_that_a_gateway_answers_is_fine(server: RegistryServer) -> None:
    server.pages["/healthz"] = Page(b"{}")
    assert "running gateway" in asyncio.run(doctor.port("127.0.0.1", port_of(server))).detail


def test_a_port_of_another_program_is_told_apart(server: RegistryServer) -> None:
    assert_fails(asyncio.run(doctor.port("127.0.0.1", port_of(server))), "taken by another program")


def test_a_port_that_accepts_and_says_nothing_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        finding = asyncio.run(doctor.port("127.0.0.1", silent.getsockname()[1]))
    assert_fails(finding, "does not speak HTTP")


def test_a_sqlite_file_may_be_made_in_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    finding = asyncio.run(doctor.store(f"sqlite+aiosqlite:///{tmp_path}/new/warmline.sqlite"))
    assert finding.verdict is Verdict.OK
    assert not (tmp_path / "new").exists(), "a doctor changes nothing"


def test_a_sqlite_file_that_cannot_be_written_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert_fails(asyncio.run(doctor.store(f"sqlite+aiosqlite:///{tmp_path}/w.sqlite")), "cannot be written")


def test_little_room_and_a_store_in_memory_are_warned_about(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asyncio.run(doctor.store("sqlite+aiosqlite://")).verdict is Verdict.WARN
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 5 << 20}))
    finding = asyncio.run(doctor.store(f"sqlite+aiosqlite:///{tmp_path}/w.sqlite"))
    assert finding.verdict is Verdict.WARN and "5 MB" in finding.detail


@pytest.mark.postgres
@pytest.mark.timeout(120)
def test_postgresql_answers_or_not(postgres_url: str) -> None:
    assert asyncio.run(doctor.store(postgres_url)).verdict is Verdict.OK
    gone = f"postgresql+asyncpg://w:hunter2@127.0.0.1:{free_port()}/w"
    finding = asyncio.run(doctor.store(gone))
    assert_fails(finding, "does not answer")
    assert "hunter2" not in finding.detail


@pytest.mark.redis
@pytest.mark.timeout(120)
def test_redis_answers_or_not(redis_url: str) -> None:
    assert asyncio.run(doctor.redis(redis_url)).verdict is Verdict.OK
    assert asyncio.run(doctor.redis(None)).verdict is Verdict.OK
    assert_fails(asyncio.run(doctor.redis(f"redis://127.0.0.1:{free_port()}/0")), "does not answer")


@pytest.mark.parametrize(
    ("status", "verdict", "detail"),
    [
        (200, "ok", "answers"),
        (401, "fail", "refuses our key"),
        (503, "fail", "trouble"),
        (404, "warn", "no list"),
    ],
)
def test_model_endpoints_are_judged_by_their_answer(
    server: RegistryServer, status: int, verdict: str, detail: str
) -> None:
    server.pages["/v1/models"] = Page(b"{}", status=status)
    finding = asyncio.run(doctor.endpoint("model", f"{server.url}/v1/", "secret-key"))
    assert (finding.verdict.value, detail in finding.detail) == (verdict, True)
    assert "secret-key" not in finding.detail + finding.remedy


def test_a_model_endpoint_that_is_gone_or_silent_fails(server: RegistryServer) -> None:
    gone = f"http://127.0.0.1:{free_port()}/v1"
    assert_fails(asyncio.run(doctor.endpoint("model", gone, None)), "does not answer")
    server.pages["/hang/models"] = Page(b"{}")
    assert_fails(asyncio.run(doctor.endpoint("model", f"{server.url}/hang", None)), "does not answer")


def test_what_we_run_ourselves_is_not_asked() -> None:
    assert asyncio.run(doctor.endpoint("model", "embedded", None)).verdict is Verdict.OK
    assert "embedded" in asyncio.run(doctor.speech("voice", settings().voice)).detail


def test_a_speech_endpoint_is_asked_with_its_key(server: RegistryServer) -> None:
    server.pages["/v1/models"] = Page(b"{}", status=401)
    chosen = settings(VOICE__ENGINE="openai", VOICE__ENDPOINT=f"{server.url}/v1").voice
    assert_fails(asyncio.run(doctor.speech("voice", chosen)), "refuses our key")


def test_a_pipecat_service_has_no_address_of_ours_to_ask() -> None:
    chosen = settings(RECOGNISER__ENGINE="pipecat", RECOGNISER__NAME="deepgram.stt.DeepgramSTTService")
    finding = asyncio.run(doctor.speech("recogniser", chosen.recogniser))
    assert finding.verdict is Verdict.OK and "DeepgramSTTService" in finding.detail


# --- the command -----------------------------------------------------------------------------------


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> typer.Typer:
    monkeypatch.setenv("WARMLINE_MODELS__FOLDER", str(tmp_path / "models"))
    monkeypatch.setenv("WARMLINE_HTTP__PORT", "0")
    monkeypatch.setenv("COLUMNS", "200")
    made = typer.Typer()
    made.command()(doctor.doctor)
    return made


def test_a_machine_without_models_is_told_how_to_get_them(app: typer.Typer) -> None:
    result = CliRunner().invoke(app)
    assert result.exit_code == 1
    (row,) = [row for row in result.output.splitlines() if "files whisper-base" in row]
    assert "fail" in row and "missing" in row
    assert "warmline models pull" in result.output
    assert "pip install 'warmline[microphone]'" in result.output or "sounddevice" in result.output


def test_json_is_for_programs(app: typer.Typer) -> None:
    findings = json.loads(CliRunner().invoke(app, ["--json"]).stdout)
    verdicts = {finding["name"]: finding["verdict"] for finding in findings}
    assert verdicts["python"] == "ok"
    assert verdicts["files whisper-base"] == "fail"


def test_with_remote_models_and_whole_files_all_is_well(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, server: RegistryServer
) -> None:
    server.pages["/v1/models"] = Page(b"{}")
    monkeypatch.setattr(doctor, "models_needed", lambda _: ([], []))
    monkeypatch.setenv("WARMLINE_MODEL__ENDPOINT", f"{server.url}/v1")
    assert CliRunner().invoke(app).exit_code == 0


def test_a_configuration_that_cannot_be_used_is_exit_code_2(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("htp:\n  port: 1\n")
    result = CliRunner().invoke(app, ["--config", str(tmp_path / "bad.yaml")])
    assert result.exit_code == 2 and "bad.yaml:1" in result.output
