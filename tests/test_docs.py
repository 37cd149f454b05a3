"""What the documents show is true: configuration loads, metrics and files exist, links lead somewhere."""

import re
from pathlib import Path

import pytest

from gateway.config import load

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```yaml(?: config)?\n(.*?)```", OPERATIONS, re.DOTALL))
def test_the_configuration_in_the_operations_page_is_accepted(block: str, tmp_path: Path) -> None:
    file = tmp_path / "warmline.yaml"
    file.write_text(block)
    secrets = {"WARMLINE_SHOP__TOKEN": "t" * 32, "WARMLINE_WEBRTC__TURN__SECRET": "s" * 32}
    streams = {"WARMLINE_STREAMS__PUBLIC_URL": "https://voice.example.com"} if "streams:" in block else {}
    config = load(file, secrets | streams)
    assert config != load(environment={}), "and it says something"


def test_the_metrics_of_the_operations_page_exist() -> None:
    named = set(re.findall(r"warmline_[a-z_]+", OPERATIONS))
    sources = "".join(
        p.read_text() for layer in ("gateway", "pipelines", "tools") for p in (ROOT / layer).rglob("*.py")
    )
    assert named and not [name for name in named if f'"{name}"' not in sources]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = re.findall(r"^make ([a-z]+)", readme, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert targets and not [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)]
