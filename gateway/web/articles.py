"""The articles that answers cite, as plain pages at `/articles/{name}`, so that a source can be read.

An article is read when somebody asks for it: an edit shows at the next reload, as it does in answers. The
page is made from the parsed blocks of the article, never from markup in the file.
"""

import asyncio
import re
from html import escape
from itertools import groupby
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from knowledge.article import Article, Block, BlockKind, Section, parse_article
from knowledge.problem import InvalidArticle

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_STYLE = """
:root { color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 42rem; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2, h3 { font-size: 1.15rem; margin-top: 2rem; }
:target { scroll-margin-top: 1rem; text-decoration: underline; }
footer { margin-top: 3rem; opacity: .75; font-size: .875rem; }
"""


def articles_routes(folder: Path) -> APIRouter:
    """`/articles/{name}` over the files of `folder`, and their style sheet."""
    router = APIRouter()

    @router.get("/articles/style.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css")

    @router.get("/articles/{name}")
    async def article(name: str) -> Response:
        found = await asyncio.to_thread(_read, folder, name)
        if found is None:
            raise HTTPException(404, f"There is no article called {name[:80]!r}.")
        return HTMLResponse(_page(found), headers={"cache-control": "no-cache"})

    return router


def _read(folder: Path, name: str) -> Article | None:
    """The article, or None if there is none of that name that can be read."""
    if not _NAME.match(name):
        return None
    file = folder / f"{name}.md"
    try:
        if file.is_symlink() or not file.is_file():
            return None
        return parse_article(file.name, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, InvalidArticle):
        return None


def _page(article: Article) -> str:
    title = escape(article.title)
    body = "\n".join(_section(section) for section in article.sections)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/articles/style.css">
<main>
<h1>{title}</h1>
{body}
</main>
<footer>Last changed {article.updated:%B} {article.updated.day}, {article.updated.year}</footer>
</html>
"""


def _section(section: Section) -> str:
    heading = ""
    if section.headings:
        level = min(len(section.headings) + 1, 6)
        heading = f'<h{level} id="{escape(section.anchor)}">{escape(section.headings[-1])}</h{level}>\n'
    return heading + "\n".join(
        _blocks(kind, list(run)) for kind, run in groupby(section.blocks, lambda b: b.kind)
    )


def _blocks(kind: BlockKind, blocks: list[Block]) -> str:
    if kind is BlockKind.PARAGRAPH:
        return "\n".join(f"<p>{escape(block.text)}</p>" for block in blocks)
    # The rows of a table were read as lines of text; a list shows them well enough.
    return "<ul>\n" + "\n".join(f"<li>{escape(block.text)}</li>" for block in blocks) + "\n</ul>"
