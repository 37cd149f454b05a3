"""No container engine runs where tests run: what can be known of the files without one is checked here."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import config
from gateway.weights import catalogue

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
GPU = ROOT / "deploy" / "gpu.yml"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
EXAMPLE = (ROOT / "deploy" / "example.env").read_text()
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[?-][^}]*)?\}")

compose: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
services: dict[str, dict[str, Any]] = compose["services"]
gpu: dict[str, Any] = yaml.safe_load(GPU.read_text())

each_service = pytest.mark.parametrize("name", services)
each_file = pytest.mark.parametrize("file", [COMPOSE, GPU], ids=lambda file: file.name)


def filled_in(text: str) -> str:
    """The text with every variable set to something that fits most places."""
    return VARIABLE.sub(
        lambda match: (match[2] or "")[2:] if (match[2] or "").startswith(":-") else "x1", text
    )


def test_the_promised_services_are_there() -> None:
    assert {"gateway", "redis", "postgres", "model", "coturn"} <= set(services)


@each_service
def test_images_are_pinned(name: str) -> None:
    image, _, tag = services[name]["image"].rpartition(":")
    assert image and re.search(r"\d", tag), f"{services[name]['image']} is not pinned to a release"
    assert tag != "latest"


def test_images_of_the_build_and_of_the_gpu_variant_are_pinned() -> None:
    for image in [*re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE), gpu["services"]["model"]["image"]]:
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\S*", image)


@each_service
def test_services_come_back_and_say_how_they_are(name: str) -> None:
    service = services[name]
    if service["restart"] == "no":
        waited_for = [
            s["depends_on"][name]["condition"] for s in services.values() if name in s.get("depends_on", {})
        ]
        assert set(waited_for) == {"service_completed_successfully"}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@each_service
def test_what_a_service_waits_for_exists_and_can_say_so(name: str) -> None:
    for other, how in services[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in services[other]


@each_file
def test_secrets_come_from_outside_and_their_absence_stops_the_start(file: Path) -> None:
    text = file.read_text()
    for name, default in VARIABLE.findall(text):
        if re.search(r"PASSWORD|SECRET|KEY", name):
            assert default.startswith(":?"), f"{name} must be required"
    for line in text.splitlines():
        if re.search(r"(PASSWORD|SECRET|API_KEY): ", line):
            assert "${" in line, f"a secret in the file: {line.strip()}"


@each_file
def test_every_variable_is_in_the_example_and_nothing_else_is(file: Path) -> None:
    used = {name for each in (COMPOSE, GPU) for name, _ in VARIABLE.findall(each.read_text())}
    offered = set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))
    assert offered == used
    assert {name for name, _ in VARIABLE.findall(file.read_text())} <= offered


def test_the_example_holds_no_secret() -> None:
    for name, value in re.findall(r"^(\w+)=(.*)$", EXAMPLE, re.MULTILINE):
        assert not (value and re.search(r"PASSWORD|SECRET|KEY", name))


def settings(overlay: dict[str, Any] | None = None) -> config.Config:
    values = services["gateway"]["environment"] | (overlay or {})
    return config.load(environment={name: filled_in(str(value)) for name, value in values.items()})


def test_the_gateway_understands_every_setting_that_it_is_given() -> None:
    chosen = settings(gpu["services"]["gateway"]["environment"])
    assert chosen.model.name == gpu["services"]["gateway"]["environment"]["WARMLINE_MODEL__NAME"]
    for service in ("gateway", "models"):
        config.load(environment={n: filled_in(str(v)) for n, v in services[service]["environment"].items()})
    image = dict(re.findall(r"(WARMLINE_\w+)=(\S+)", DOCKERFILE))
    assert image and config.load(environment=image)


def test_the_gateway_finds_its_neighbours_under_the_names_and_ports_they_listen_on() -> None:
    chosen = settings()
    assert chosen.store.url.get_secret_value().endswith("@postgres:5432/warmline")
    assert services["postgres"]["environment"]["POSTGRES_DB"] == "warmline"
    assert chosen.redis.url is not None
    assert "@redis:6379/" in chosen.redis.url.get_secret_value()
    assert chosen.model.endpoint == "http://model:8000/v1"
    for command in (services["model"]["command"], gpu["services"]["model"]["command"]):
        assert "--port=8000" in command and "--host=0.0.0.0" in command
    assert f"--alias={chosen.model.name}" in services["model"]["command"]


def test_the_published_port_is_the_one_the_gateway_listens_on() -> None:
    chosen = settings()
    (published,) = services["gateway"]["ports"]
    assert published.endswith(f":{chosen.http.port}:{chosen.http.port}")
    assert chosen.http.host == "0.0.0.0"
    assert f"EXPOSE {chosen.http.port}" in DOCKERFILE
    assert f":{chosen.http.port}/readyz" in services["gateway"]["healthcheck"]["test"][-1]


def test_a_stopping_gateway_has_time_to_drain() -> None:
    grace = int(services["gateway"]["stop_grace_period"].removesuffix("s"))
    assert grace > settings().limits.drain_s


def test_turn_shares_its_secret_ports_and_relay_range() -> None:
    command = dict(
        part.removeprefix("--").split("=", 1) for part in services["coturn"]["command"] if "=" in part
    )
    chosen = settings()
    assert chosen.webrtc.turn.secret is not None
    assert chosen.webrtc.turn.secret.get_secret_value() == filled_in(command["static-auth-secret"])
    assert all(f":{command['listening-port']}?" in url for url in chosen.webrtc.turn.urls)
    relays = f"{command['min-port']}-{command['max-port']}"
    assert f"{relays}:{relays}/udp" in services["coturn"]["ports"]


def test_the_model_file_is_one_that_the_catalogue_fetches() -> None:
    (file,) = catalogue.QWEN_CODER.files
    assert f"--model=/models/{file.path}" in services["model"]["command"]
    for user in ("gateway", "model", "models"):
        assert any(volume.startswith("models:/models") for volume in services[user]["volumes"])


def test_volumes_are_declared_and_used() -> None:
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert used == set(compose["volumes"])


def test_what_the_image_copies_is_in_the_repository_and_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text()
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(f"!{allowed}\n" in ignore for allowed in [source, source.split("/")[0]]), source


def test_the_image_does_not_run_as_root() -> None:
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)


def test_compose_itself_accepts_the_files(tmp_path: Path) -> None:
    """Where the plugin is installed; it needs no engine for this."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        return
    example = tmp_path / "filled.env"
    example.write_text(re.sub(r"^(\w+)=$", r"\1=x1", EXAMPLE, flags=re.MULTILINE))
    files = ["--env-file", str(example), "-f", str(COMPOSE), "-f", str(GPU)]
    command = [docker, "compose", *files, "config", "--quiet"]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""
