import asyncio
from pathlib import Path

import httpx
import pytest

from gateway.web.pages import Pages


def get(folder: Path, path: str) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(Pages(folder), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            return await http.get(path)

    return asyncio.run(main())


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>the page</h1>")
    (folder / "assets" / "app-4f2a.js").write_text("hello()")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def test_the_page_is_served_fresh_and_its_hashed_files_for_ever(built: Path) -> None:
    page, script = get(built, "/"), get(built, "/assets/app-4f2a.js")
    assert (page.text, page.headers["cache-control"]) == ("<h1>the page</h1>", "no-cache")
    assert (script.text, script.headers["cache-control"]) == (
        "hello()",
        "public, max-age=31536000, immutable",
    )
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//secret.txt"]
)
def test_nothing_outside_the_folder_is_served(built: Path, path: str) -> None:
    assert "secret" not in get(built, path).text


def test_without_built_pages_it_says_what_to_do(tmp_path: Path) -> None:
    answer = get(tmp_path / "dist", "/")
    assert answer.status_code == 200
    assert "make pages" in answer.text
    assert get(tmp_path / "dist", "/assets/x.js").status_code == 404


def test_pages_that_are_built_while_we_run_appear(tmp_path: Path) -> None:
    pages = tmp_path / "dist"
    assert "not built" in get(pages, "/").text
    pages.mkdir()
    (pages / "index.html").write_text("new")
    assert get(pages, "/").text == "new"
