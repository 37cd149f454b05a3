"""Reads a folder of articles and what is wrong with it; `python -m knowledge.ingest FOLDER` prints both.

The only module here that opens files, and it trusts none of them: the folder may be edited by many, mounted
from elsewhere, or half written. Whatever is wrong becomes a `Problem` with file and line.
"""

import argparse
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from knowledge.article import Article, parse_article
from knowledge.chunk import passages
from knowledge.problem import InvalidArticle, Problem, Severity

FILE_BYTES: Final = 256 * 1024
"""A larger file is refused; an article has some kilobytes."""
FOLDER_FILES: Final = 5000
"""Files beyond this number are refused: about 25,000 passages, a gigabyte of memory and minutes to embed."""

Stamp: TypeAlias = dict[str, tuple[int, int, int]]
"""For each file what changes when it is edited: its inode, its size in bytes, its time of change in ns."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at a folder found."""

    articles: dict[str, Article] = field(default_factory=dict)
    """The valid ones by path, in the order of their paths."""
    problems: tuple[Problem, ...] = ()
    refused: frozenset[str] = frozenset()
    """The paths of files that are there but cannot be used."""
    found: bool = True
    """Whether the folder was there at all."""


def read_folder(folder: Path) -> Reading:
    """Read every `*.md` below `folder`, except in hidden folders; never raises for what lies in it."""
    if not folder.is_dir():
        return Reading(problems=(Problem(".", 1, "the knowledge folder is missing"),), found=False)
    articles: dict[str, Article] = {}
    problems: list[Problem] = []
    refused: set[str] = set()
    slugs: dict[str, str] = {}
    for path in _article_paths(folder):
        try:
            article = parse_article(path, _read(folder, path))
            _demand_room(article, articles, slugs)
        except InvalidArticle as error:
            problems.append(error.problem)
            refused.add(path)
            continue
        articles[path] = article
        slugs[article.slug] = path
        problems += article.warnings
    if not articles and not refused:
        problems.append(Problem(".", 1, "the knowledge folder has no articles", Severity.WARNING))
    return Reading(articles, tuple(problems), frozenset(refused))


def stamp_folder(folder: Path) -> Stamp:
    """A cheap look (a stat per file) that differs when an article was added, edited or removed."""
    stamp: Stamp = {}
    for path in _article_paths(folder):
        try:
            status = (folder / path).stat()
        except OSError:  # removed since it was listed, or a link to nowhere: `read_folder` reports it
            stamp[path] = (0, 0, 0)
        else:
            stamp[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return stamp


def _article_paths(folder: Path) -> list[str]:
    """The paths of all `*.md` relative to the folder, sorted; linked folders are not entered."""
    paths = []
    for directory, below, files in os.walk(folder, followlinks=False):
        below[:] = sorted(name for name in below if not name.startswith("."))
        place = Path(directory).relative_to(folder)
        paths += [(place / name).as_posix() for name in files if name.endswith(".md") and name[0] != "."]
    return sorted(paths)


def _read(folder: Path, path: str) -> str:
    """The text of one file.

    Raises:
        InvalidArticle: it lies outside the folder, is no ordinary file, too large, unreadable or not UTF-8.
    """
    try:
        if not path.isprintable():
            raise InvalidArticle(Problem(ascii(path), 1, "has a file name that cannot be printed; rename it"))
        target = (folder / path).resolve(strict=True)
        if not target.is_relative_to(folder.resolve()):
            raise InvalidArticle(Problem(path, 1, "is a link that leaves the knowledge folder"))
        data = _bytes(target, path)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        reason = error.strerror if isinstance(error, OSError) else "links in a circle"
        raise InvalidArticle(Problem(path, 1, f"cannot be read: {reason}")) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidArticle(Problem(path, line, "is not UTF-8; save it with that encoding")) from error


def _bytes(target: Path, path: str) -> bytes:
    # Opened before it is judged, so that nothing can be put in its place between; a pipe must not block us.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(target, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InvalidArticle(Problem(path, 1, "is not an ordinary file"))
        data = file.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise InvalidArticle(Problem(path, 1, f"is larger than {FILE_BYTES // 1024} KiB; split it"))
    return data


def _demand_room(article: Article, articles: dict[str, Article], slugs: dict[str, str]) -> None:
    if len(articles) >= FOLDER_FILES:
        raise InvalidArticle(Problem(article.path, 1, f"is beyond the first {FOLDER_FILES} articles"))
    if other := slugs.get(article.slug):
        message = f"its slug `{article.slug}` is taken by {other}; rename one of the files"
        raise InvalidArticle(Problem(article.path, 1, message))


def main(arguments: list[str] | None = None) -> int:
    """Print what is in the folder; the exit status is 1 where an article or the folder cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m knowledge.ingest", description="Check a folder of articles."
    )
    parser.add_argument("folder", type=Path)
    reading = read_folder(parser.parse_args(arguments).folder)
    sys.stdout.writelines(f"{line}\n" for line in _summary(reading))
    return int(any(problem.severity is Severity.ERROR for problem in reading.problems))


def _summary(reading: Reading) -> Iterator[str]:
    yield from map(str, reading.problems)
    cut = [passage for article in reading.articles.values() for passage in passages(article)]
    words = sum(len(passage.text.split()) for passage in cut)
    leads = sum(passage.lead for passage in cut)
    yield (
        f"{len(reading.articles)} articles, {len(cut)} passages ({leads} leads), {words} words; "
        f"{len(reading.problems)} problems, {len(reading.refused)} files refused"
    )


if __name__ == "__main__":
    sys.exit(main())
