"""The values that a search is about: where a text comes from, the text, and how well it fits a question."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where a passage was written, precise enough to cite it."""

    article: str
    """The article's slug, unique within the folder, such as `return-policy`."""
    title: str
    """The article's title for people."""
    heading: str
    """The headings above the passage, outermost first, joined by ` > `; empty before the first one."""
    path: str
    """The file, relative to the folder, with forward slashes."""
    anchor: str
    """The section's name within the article, as GitHub would make it; empty before the first heading."""

    @property
    def link(self) -> str:
        """The relative link of the section, such as `return-policy#how-long-do-i-have`."""
        return f"{self.article}#{self.anchor}" if self.anchor else self.article


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an article that can stand alone: plain text, whole sentences."""

    id: str
    """`slug#anchor/n`, n counted from 1 within the section. It names a place, so an edit keeps it."""
    text: str
    source: Source
    lead: bool
    """Whether this is the first paragraph of its section: the direct answer, fit to be read out loud."""


@dataclass(frozen=True, slots=True)
class Match:
    """A passage found for a question."""

    passage: Passage
    score: float
    """The estimated probability that the passage answers the question, 0 to 1; see `index.COVERED`."""
    lexical: float
    """The share of the question's information in the passage (BM25 over its greatest value), 0 to 1."""
    semantic: float
    """The likeness of meaning: cosine of the sentence embeddings, -1 to 1, mostly 0 to 0.9."""
