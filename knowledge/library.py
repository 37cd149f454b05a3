"""The articles last known to be good, and the index made of them.

Relies on `ingest` to read the folder and on an `Embedder`. A broken file costs only its own last change: its
previous version stays searchable until it is mended or removed.
"""

import threading
from pathlib import Path

from knowledge.article import Article
from knowledge.embedding import Embedder
from knowledge.embedding_cache import CachedEmbedder
from knowledge.index import KnowledgeIndex, build_edition
from knowledge.ingest import Reading, read_folder
from knowledge.problem import Problem


class Library:
    """A folder of articles and its index. All of it may be used from any thread.

    Making one embeds a hundred short texts. With a `cache` file a restart embeds only what changed meanwhile.
    """

    index: KnowledgeIndex
    """What to search; always the same object. Empty until the first `refresh`."""

    def __init__(self, folder: Path, embedder: Embedder, cache: Path | None = None) -> None:
        self.folder = folder
        self.index = KnowledgeIndex(embedder)
        self._embedder = CachedEmbedder(embedder, cache)
        self._articles: dict[str, Article] = {}
        self._problems: tuple[Problem, ...] = ()
        # Cancelling the task that awaits a refresh does not stop its thread, and another may start.
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Read the folder again and swap in what it says now. Blocks: seconds at first, then by what changed.

        A folder that has gone (an unmounted volume) changes nothing but `problems`.

        Raises:
            EmbeddingUnavailable: the model does not run; the index stays as it was.
        """
        with self._refreshing:
            reading = read_folder(self.folder)
            articles = self._kept(reading)
            if articles != self._articles:
                self.index.replace(build_edition(tuple(articles.values()), self._embedder))
            self._articles, self._problems = articles, reading.problems

    def problems(self) -> tuple[Problem, ...]:
        """What the last `refresh` found wrong, in the order of the files."""
        return self._problems

    def articles(self) -> tuple[Article, ...]:
        """What is searched at present, in the order of the files."""
        return tuple(self._articles.values())

    def _kept(self, reading: Reading) -> dict[str, Article]:
        """The valid articles, and of the refused ones the version before."""
        if not reading.found:
            return self._articles
        taken = {article.slug for article in reading.articles.values()}
        previous = {
            path: article
            for path, article in self._articles.items()
            if path in reading.refused and article.slug not in taken
        }
        return dict(sorted((reading.articles | previous).items()))
