import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.web.articles import articles_routes

ARTICLE = """---
title: Returns & more
topics: [returns]
updated: 2026-04-15
---

## How long do I have?
<!-- asked: can I still return it -->
You have **30 days** from delivery, if it is <unused>.

- Keep the box.
- Keep the tags.
"""


def get(folder: Path, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        app = FastAPI()
        app.include_router(articles_routes(folder))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shelf = tmp_path / "articles"
    shelf.mkdir()
    (shelf / "return-policy.md").write_text(ARTICLE)
    (tmp_path / "secret.md").write_text(ARTICLE)
    return shelf


def test_an_article_is_a_page_without_its_markup(folder: Path) -> None:
    page = get(folder, "/articles/return-policy")
    assert page.status_code == 200
    assert "<h1>Returns &amp; more</h1>" in page.text
    assert "How long do I have?</h2>" in page.text
    assert "30 days" in page.text and "**" not in page.text
    assert "<li>Keep the box.</li>" in page.text
    assert "can I still return it" not in page.text
    assert "<unused>" not in page.text


def test_an_edit_shows_at_once(folder: Path) -> None:
    (folder / "return-policy.md").write_text(ARTICLE.replace("30 days", "31 days"))
    assert "31 days" in get(folder, "/articles/return-policy").text


@pytest.mark.parametrize(
    "name", ["nothing", "..%2Fsecret", "Return-Policy", "return-policy.md", "a" * 5000, "%00"]
)
def test_anything_else_is_not_there(folder: Path, name: str) -> None:
    assert get(folder, f"/articles/{name}").status_code == 404


def test_a_broken_file_and_a_link_out_of_the_folder_are_not_shown(folder: Path) -> None:
    (folder / "broken.md").write_text("no front matter")
    (folder / "link.md").symlink_to(folder.parent / "secret.md")
    assert get(folder, "/articles/broken").status_code == 404
    assert get(folder, "/articles/link").status_code == 404


def test_the_style_sheet_is_ours(folder: Path) -> None:
    assert get(folder, "/articles/style.css").headers["content-type"].startswith("text/css")
