"""Reads one Markdown article: YAML front matter, then sections of paragraphs, lists and tables [core].

Relies on `front_matter` for the head. The Markdown is the subset that help articles need (ATX headings,
paragraphs, lists, pipe tables, fences); anything else reads as a paragraph.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from knowledge.front_matter import FrontMatter, front_matter_end
from knowledge.problem import Problem, Severity, refuse

LEAD_WORDS = 45
"""A section's first paragraph is read out loud: about fifteen seconds."""

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_HEADING_CLOSE = re.compile(r"(?:^|[ \t])#+\s*$")
_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_ASKED = re.compile(r"\s*<!-- *asked:(.{1,2000})-->\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Every repetition is bounded: an article is not trusted, and an unbounded one is quadratic on hostile text.
_INLINE = (
    (re.compile(r"<!--.{0,2000}?-->", re.DOTALL), ""),
    (re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\n]{0,500}\)"), r"\1"),
    (re.compile(r"<(https?://[^<>\s]{1,500})>"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>\n]{0,200}>"), " "),
    (re.compile(r"`{1,3}([^`\n]{1,500})`{1,3}"), r"\1"),
    (re.compile(r"\*{1,3}(?=\S)([^*\n]{1,500})(?<=\S)\*{1,3}"), r"\1"),
    (re.compile(r"(?<!\w)_{1,3}([^_\n]{1,500})_{1,3}(?!\w)"), r"\1"),
    (re.compile(r"\\([^\w\s])"), r"\1"),
)


class BlockKind(StrEnum):
    """The kinds of text that a section is made of."""

    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or one item of a list, or one row of a table, as plain text on one line."""

    kind: BlockKind
    text: str
    line: int
    """Where it starts, counted from 1."""
    marked_up: bool
    """Whether the source has markup, which a voice cannot read."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what follows it, down to the next heading of any level."""

    headings: tuple[str, ...]
    """The headings above, outermost first; empty before the first one."""
    anchor: str
    line: int
    asked: tuple[str, ...]
    """Other ways to ask for it, from `<!-- asked: one; another -->`: searched, never shown."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """One file of the folder, read and found valid."""

    slug: str
    path: str
    title: str
    topics: tuple[str, ...]
    updated: date
    sections: tuple[Section, ...]
    warnings: tuple[Problem, ...]


def slugify(text: str) -> str:
    """A name for links: lower-case ASCII letters and digits, words joined by hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").lower()).strip("-")


def parse_article(path: str, text: str) -> Article:
    """Read the article in `text`; `path` is its place in the folder, and gives it its slug.

    Raises:
        InvalidArticle: naming the first line that is wrong.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if _CONTROL.search(line):
            refuse(path, number, "holds control characters; save it as plain text")
    slug = slugify(path.rsplit("/", 1)[-1].removesuffix(".md"))
    if not slug:
        refuse(path, 1, "the file's name has no letter or digit to make a slug of")
    end = front_matter_end(path, lines)
    front = FrontMatter(path, "\n".join(lines[1:end]))
    sections = tuple(_sections(lines, end + 1))
    if not any(section.blocks for section in sections):
        refuse(path, end + 1, "there is no text below the front matter")
    return Article(
        slug=slug,
        path=path,
        title=front.title(),
        topics=front.topics(),
        updated=front.updated(),
        sections=sections,
        warnings=(*front.unknown_fields(), *_unspeakable_leads(path, sections)),
    )


def _sections(lines: list[str], start: int) -> Iterator[Section]:
    """The sections from line index `start` on; the one before the first heading only where it has text."""
    stack: list[tuple[int, str]] = []
    anchors: dict[str, int] = {}
    anchor, first, body = "", start, list[tuple[int, str]]()
    for index, line, heading in _lines_and_headings(lines, start):
        if heading is None:
            body.append((index, line))
            continue
        if anchor or any(text.strip() for _, text in body):
            yield _section(stack, anchor, first, body)
        level, text = len(heading[1]), _plain(_HEADING_CLOSE.sub("", heading[2]))
        stack = [entry for entry in stack if entry[0] < level] + [(level, text)]
        anchor, first, body = _unique(slugify(text) or "section", anchors), index, []
    if anchor or any(text.strip() for _, text in body):
        yield _section(stack, anchor, first, body)


def _lines_and_headings(lines: list[str], start: int) -> Iterator[tuple[int, str, re.Match[str] | None]]:
    """Each line with its index, and its parts where it is a heading; what is fenced cannot be one."""
    fenced = False
    for index in range(start, len(lines)):
        if lines[index].lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            yield index, "", None
        else:
            yield index, lines[index], None if fenced else _HEADING.fullmatch(lines[index])


def _section(stack: list[tuple[int, str]], anchor: str, first: int, body: list[tuple[int, str]]) -> Section:
    asked: list[str] = []
    rest = []
    for index, line in body:
        if ways := _ASKED.fullmatch(line):
            asked += filter(None, (way.strip() for way in ways[1].split(";")))
            rest.append((index, ""))
        else:
            rest.append((index, line))
    headings = tuple(text for _, text in stack)
    return Section(headings, anchor, first + 1, tuple(asked), tuple(_blocks(rest)))


def _unique(anchor: str, taken: dict[str, int]) -> str:
    taken[anchor] = taken.get(anchor, 0) + 1
    return anchor if taken[anchor] == 1 else f"{anchor}-{taken[anchor]}"


def _blocks(body: list[tuple[int, str]]) -> Iterator[Block]:
    """Cut at blank lines, then each stretch to what it is."""
    for blank, group in groupby(body, key=lambda numbered: not numbered[1].strip()):
        if not blank:
            stretch = list(group)
            if stretch[0][1].lstrip().startswith("|"):
                yield from _rows(stretch)
            else:
                yield from _paragraph_and_items(stretch)


def _paragraph_and_items(stretch: list[tuple[int, str]]) -> Iterator[Block]:
    kind, first, parts = BlockKind.PARAGRAPH, stretch[0][0], list[str]()
    for index, line in stretch:
        if item := _LIST_ITEM.match(line):
            yield from _block(kind, first, parts)
            kind, first, parts = BlockKind.LIST, index, [line[item.end() :]]
        else:
            parts.append(line.lstrip("> \t"))
    yield from _block(kind, first, parts)


def _rows(stretch: list[tuple[int, str]]) -> Iterator[Block]:
    """A table's rows, each as `column: cell; column: cell`, so that it makes sense on its own."""
    rows = [(index, [cell.strip() for cell in line.strip().strip("|").split("|")]) for index, line in stretch]
    header = rows[0][1]
    for index, cells in rows[1:]:
        if not all(set(cell) <= set(":- ") for cell in cells):
            named = (f"{name}: {cell}" for name, cell in zip(header, cells, strict=False) if cell)
            yield from _block(BlockKind.TABLE, index, ["; ".join(named)])


def _block(kind: BlockKind, index: int, parts: list[str]) -> Iterator[Block]:
    source = " ".join(part.strip() for part in parts)
    text = _plain(source)
    if text:
        yield Block(kind, text, index + 1, marked_up=text != " ".join(source.split()))


def _plain(text: str) -> str:
    """The text without inline markup: what a reader would see, on one line."""
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def _unspeakable_leads(path: str, sections: tuple[Section, ...]) -> Iterator[Problem]:
    for section in sections:
        if not section.blocks:
            continue
        lead = section.blocks[0]
        if lead.kind is not BlockKind.PARAGRAPH:
            message = f"the section opens with a {lead.kind}; a paragraph that answers directly comes first"
        elif lead.marked_up:
            message = "the section's first paragraph is read out loud and must have no markup"
        elif (words := len(lead.text.split())) > LEAD_WORDS:
            message = f"the section's first paragraph is read out loud; {words} words are over {LEAD_WORDS}"
        else:
            continue
        yield Problem(path, lead.line, message, Severity.WARNING)
