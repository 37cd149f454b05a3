"""Cuts an article into passages, section by section: whole sentences, short enough to read out [core]."""

import re
from collections.abc import Iterable, Iterator

from knowledge.article import Article, BlockKind, Section
from knowledge.passage import Passage, Source

PASSAGE_WORDS = 90
"""A passage grows up to this length. One sentence that is longer stays whole."""

_SENTENCE_END = re.compile(r"[.!?][\"')\]]{0,3}\s(?=[\"'(\[$]?[A-Z0-9])")
_ABBREVIATIONS = frozenset(
    "a.m. p.m. e.g. i.e. etc. approx. vs. no. st. ave. mt. mr. mrs. ms. dr. u.s. u.k.".split()
)


def passages(article: Article) -> tuple[Passage, ...]:
    """All of the article in order; the first paragraph of each section begins with its lead passage."""
    return tuple(passage for section in article.sections for passage in of_section(article, section))


def sentences(text: str) -> Iterator[str]:
    """Cut text of one line after full stops, question and exclamation marks, but not after abbreviations."""
    start = 0
    for end in _SENTENCE_END.finditer(text):
        last_word = text[start : end.start() + 1].rsplit(" ", 1)[-1]
        if last_word.lower().lstrip("(") not in _ABBREVIATIONS:
            yield text[start : end.end()].strip()
            start = end.end()
    if rest := text[start:].strip():
        yield rest


def of_section(article: Article, section: Section) -> Iterator[Passage]:
    """Cut one section of the article."""
    source = Source(article.slug, article.title, " > ".join(section.headings), article.path, section.anchor)
    blocks = section.blocks
    has_lead = bool(blocks) and blocks[0].kind is BlockKind.PARAGRAPH
    texts = list(_packed(sentences(blocks[0].text))) if has_lead else []
    rest = (
        sentence for block in blocks[has_lead:] for sentence in sentences(_closed(block.text, block.kind))
    )
    texts += _packed(rest)
    for number, text in enumerate(texts, 1):
        yield Passage(f"{source.link}/{number}", text, source, lead=has_lead and number == 1)


def _closed(text: str, kind: BlockKind) -> str:
    """List items and table rows often lack a full stop; packed in one text they need one."""
    return text if kind is BlockKind.PARAGRAPH or text.endswith((".", "!", "?", ":")) else f"{text}."


def _packed(pieces: Iterable[str]) -> Iterator[str]:
    """Join sentences while they fit into `PASSAGE_WORDS`."""
    packed: list[str] = []
    words = 0
    for piece in pieces:
        count = len(piece.split())
        if packed and words + count > PASSAGE_WORDS:
            yield " ".join(packed)
            packed, words = [], 0
        packed.append(piece)
        words += count
    if packed:
        yield " ".join(packed)
