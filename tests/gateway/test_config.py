from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from gateway import config
from gateway.config import Config, ConfigError


def problems(tmp_path: Path, text: str, **environment: str) -> list[str]:
    file = tmp_path / "warmline.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        config.load(file, environment)
    assert str(raised.value) == "\n".join(raised.value.problems)
    return [problem.replace(f"{tmp_path}/", "") for problem in raised.value.problems]


def test_without_file_and_variables_everything_has_a_default() -> None:
    settings = config.load(None, {})
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8080)
    assert settings.model.endpoint == "embedded"
    assert settings.models.folder == Path.home() / ".cache" / "warmline" / "models"
    assert settings.store.url.get_secret_value().startswith("sqlite+aiosqlite:////")


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "warmline.yaml"
    file.write_text("http: {host: 0.0.0.0, port: 1000}\nwebrtc:\n  turn: {secret: s}\n")
    variables = {"WARMLINE_HTTP__PORT": "2000", "WARMLINE_WEBRTC__TURN__URLS": "turn:a, turn:b", "PATH": "x"}
    settings = config.load(file, variables)
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 2000)
    assert settings.webrtc.turn.urls == ("turn:a", "turn:b")
    assert settings.webrtc.turn.secret == SecretStr("s")


def test_the_usual_file_is_found_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "warmline.yaml").write_text("http:\n  port: 3000\n")
    assert config.load(None, {}).http.port == 3000


def test_structured_values_come_from_variables_too() -> None:
    variables = {"WARMLINE_WEBRTC__ICE_SERVERS": '[{"urls": ["stun:stun.example.org"]}]'}
    (server,) = config.load(None, variables).webrtc.ice_servers
    assert server.urls == ("stun:stun.example.org",)


def test_the_standard_tracing_variables_are_read_and_ours_go_before_them() -> None:
    standard = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20t=1, x-team=care",
        "OTEL_SERVICE_NAME": "standard",
        "OTEL_METRICS_EXPORTER": "none",
    }
    tracing = config.load(None, standard | {"WARMLINE_TRACING__SERVICE_NAME": "ours"}).tracing
    assert tracing.address == "http://collector:4318/v1/traces"
    assert {name: value.get_secret_value() for name, value in tracing.headers.items()} == {
        "authorization": "Bearer t=1",
        "x-team": "care",
    }
    assert tracing.service_name == "ours"
    complete = standard | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example/in"}
    assert config.load(None, complete).tracing.address == "https://traces.example/in"
    assert config.load(None, complete | {"OTEL_SDK_DISABLED": "true"}).tracing.address is None
    assert config.load(None, {}).tracing.address is None


def test_a_wrong_standard_variable_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, "", OTEL_EXPORTER_OTLP_ENDPOINT="collector:4317") == [
        "environment variable OTEL_EXPORTER_OTLP_ENDPOINT: tracing.endpoint: "
        "must be an address that begins with http:// or https://"
    ]


def test_every_problem_names_its_line_and_what_to_do(tmp_path: Path) -> None:
    text = """\
http:
  prot: 80
  port: eighty
model:
  endpoint: htp://example.org
recogniser:
  engine: openai
webrtc:
  ice_servers:
    - urls: stun:a
      colour: x
limits: {drain_s: -1}
nope: 1
"""
    assert problems(tmp_path, text) == [
        "warmline.yaml:2: http.prot: there is no such key; did you mean `port`?",
        "warmline.yaml:3: http.port: input should be a valid integer, unable to parse string as an integer",
        "warmline.yaml:5: model.endpoint: must be `embedded` or an address that begins with http:// or https://",
        "warmline.yaml:6: recogniser: the engine `openai` needs an `endpoint`",
        "warmline.yaml:11: webrtc.ice_servers.0.colour: there is no such key; "
        "known here: urls, username, credential",
        "warmline.yaml:12: limits.drain_s: input should be greater than or equal to 0",
        "warmline.yaml:13: nope: there is no such key; known here: http, store, redis, models, model, "
        "recogniser, voice, webrtc, telephone, streams, queues, desk, files, agent, shop, limits, "
        "logging, tracing",
    ]


def test_a_recogniser_is_named_after_its_engine_unless_it_has_a_name(tmp_path: Path) -> None:
    file = tmp_path / "warmline.yaml"
    names = {}
    for engine in ("{}", "{engine: moonshine}", "{engine: moonshine, name: own}"):
        file.write_text(f"recogniser: {engine}\n")
        names[engine] = config.load(file, {}).recogniser.name
    assert list(names.values()) == ["whisper-base", "moonshine-tiny", "own"]


def test_moonshine_is_not_asked_to_hear_what_it_cannot(tmp_path: Path) -> None:
    assert problems(tmp_path, "recogniser:\n  engine: moonshine\n  language: de\n") == [
        "warmline.yaml:1: recogniser: the engine `moonshine` hears English (`en`) only"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http: [", "warmline.yaml:1: "),
        ("a: 1\nb: {", "warmline.yaml:2: "),
        ("http:\n  port: 1\n  port: 2\n", "warmline.yaml:3: the key 'port' was given before"),
        ("1: x\n", "warmline.yaml:1: the key 1 is not text"),
        ("- http\n", "warmline.yaml:1: the configuration is a mapping of sections"),
        ("http: 8080\n", "warmline.yaml:1: http: "),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, text: str, problem: str) -> None:
    (only,) = problems(tmp_path, text)
    assert only.startswith(problem)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    found = problems(
        tmp_path, "", WARMLINE_HTTP__PROT="1", WARMLINE_LIMITS__SESSIONS="many", WARMLINE_STORY__URL="x"
    )
    assert sorted(found) == [
        "environment variable WARMLINE_HTTP__PROT: http.prot: there is no such key; did you mean `port`?",
        "environment variable WARMLINE_LIMITS__SESSIONS: limits.sessions: "
        "input should be a valid integer, unable to parse string as an integer",
        "environment variable WARMLINE_STORY__URL: story: there is no such key; did you mean `store`?",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.yaml: cannot be read: No such file"):
        config.load(tmp_path / "absent.yaml", {})
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        config.load(tmp_path / "binary.yaml", {})


SECRETS = {
    "WARMLINE_MODEL__API_KEY": "sk-secret",
    "WARMLINE_STORE__URL": "postgresql+asyncpg://u:sk-secret@db/w",
    "WARMLINE_SHOP__TOKEN": "sk-secret",
    "WARMLINE_WEBRTC__TURN__SECRET": "sk-secret",
    "WARMLINE_REDIS__URL": "redis://:sk-secret@cache",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=sk-secret",
}


def test_secrets_are_never_shown() -> None:
    settings = config.load(None, SECRETS)
    assert "sk-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_errors_never_show_secrets() -> None:
    with pytest.raises(ConfigError) as raised:
        config.load(None, SECRETS | {"WARMLINE_MODEL__API_KEY": "[sk-secret]", "WARMLINE_HTTP__PORT": "x"})
    assert "sk-secret" not in str(raised.value)


def test_the_address_of_redis_is_one() -> None:
    for url in ("redis://cache:6379/0", "rediss://:pw@cache", "unix:///run/redis.sock"):
        assert config.load(None, {"WARMLINE_REDIS__URL": url}).redis.url is not None
    with pytest.raises(
        ConfigError, match="WARMLINE_REDIS__URL: redis.url: must begin with redis://"
    ) as raised:
        config.load(None, {"WARMLINE_REDIS__URL": "sk-secret:6379"})
    assert "sk-secret" not in str(raised.value)


def test_values_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Config().http.port = 1


def test_state_lives_where_the_system_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert config.state_folder() == tmp_path / "warmline"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.chdir(tmp_path)
    assert config.state_folder() == tmp_path / "var"
