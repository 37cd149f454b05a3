from collections.abc import Sequence
from pathlib import Path

import pytest

from knowledge.embedding import EmbeddingUnavailable, Vectors
from knowledge.library import Library
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.knowledge.shelf import fill


def best(library: Library, question: str) -> str:
    return library.index.search(question)[0].passage.text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "shelf", returns="## How long?\n\nThirty days.", tents="## Rent?\n\nIn Denver.")


@pytest.fixture
def library(folder: Path) -> Library:
    made = Library(folder, HashedEmbedder())
    made.refresh()
    return made


def test_is_empty_until_it_is_refreshed(folder: Path) -> None:
    library = Library(folder, HashedEmbedder())
    assert library.index.search("how long") == []
    library.refresh()
    assert best(library, "how long") == "Thirty days."


def test_an_edit_an_addition_and_a_removal_are_searched(library: Library, folder: Path) -> None:
    fill(folder, returns="## How long?\n\nForty days.", boots="## Wax?\n\nOften.")
    (folder / "tents.md").unlink()
    library.refresh()
    assert best(library, "how long") == "Forty days."
    assert best(library, "wax") == "Often."
    assert [article.slug for article in library.articles()] == ["boots", "returns"]


def test_a_broken_edit_keeps_the_previous_version_and_is_a_problem(library: Library, folder: Path) -> None:
    (folder / "returns.md").write_text("---\ntitle: broken")
    fill(folder, tents="## Rent?\n\nIn Portland.")
    library.refresh()
    assert best(library, "how long") == "Thirty days."
    assert best(library, "rent") == "In Portland."
    (problem,) = library.problems()
    assert problem.path == "returns.md"


def test_a_mended_article_replaces_the_version_that_was_kept(library: Library, folder: Path) -> None:
    (folder / "returns.md").write_bytes(b"\xff\xff")
    library.refresh()
    fill(folder, returns="## How long?\n\nForty days.")
    library.refresh()
    assert best(library, "how long") == "Forty days."
    assert library.problems() == ()


def test_a_broken_article_that_is_removed_is_gone(library: Library, folder: Path) -> None:
    (folder / "returns.md").write_text("broken")
    library.refresh()
    (folder / "returns.md").unlink()
    library.refresh()
    assert [article.slug for article in library.articles()] == ["tents"]
    assert library.problems() == ()


def test_a_kept_version_gives_way_to_a_file_that_took_its_slug(library: Library, folder: Path) -> None:
    (folder / "returns.md").write_text("broken")
    fill(folder / "new", returns="## How long?\n\nForty days.")
    library.refresh()
    assert [article.path for article in library.articles()] == ["new/returns.md", "tents.md"]


def test_a_folder_that_has_gone_keeps_everything(library: Library, folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    library.refresh()
    assert best(library, "how long") == "Thirty days."
    assert "missing" in library.problems()[0].message
    folder.with_name("away").rename(folder)
    library.refresh()
    assert library.problems() == ()


def test_a_folder_that_was_emptied_empties_the_index(library: Library, folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    library.refresh()
    assert library.index.search("how long") == []
    assert "no articles" in library.problems()[0].message


def test_only_what_changed_is_embedded_again(folder: Path) -> None:
    library = Library(folder, embedder := HashedEmbedder())
    library.refresh()
    before = len(embedder.embedded)
    fill(folder, returns="## How long?\n\nForty days.")
    library.refresh()
    assert embedder.embedded[before:] == ["Returns. How long? Forty days."]


def test_a_restart_with_a_cache_embeds_no_article_again(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        library = Library(folder, embedder := HashedEmbedder(), tmp_path / "vectors.npz")
        before = len(embedder.embedded)
        library.refresh()
    assert embedder.embedded[before:] == []
    assert best(library, "how long") == "Thirty days."


def test_nothing_is_built_when_nothing_changed(library: Library) -> None:
    edition = library.index.edition
    library.refresh()
    assert library.index.edition is edition


def test_a_model_that_fails_leaves_the_last_edition_and_the_next_refresh_catches_up(folder: Path) -> None:
    class Failing(HashedEmbedder):
        failing = False

        def embed(self, texts: Sequence[str]) -> Vectors:
            if self.failing and len(texts) > 0 and "Forty days." in texts[-1]:
                raise EmbeddingUnavailable("no")
            return super().embed(texts)

    library = Library(folder, embedder := Failing())
    library.refresh()
    embedder.failing = True
    fill(folder, returns="## How long?\n\nForty days.")
    with pytest.raises(EmbeddingUnavailable):
        library.refresh()
    assert best(library, "how long") == "Thirty days."
    embedder.failing = False
    library.refresh()
    assert best(library, "how long") == "Forty days."
