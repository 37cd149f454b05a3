from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import Embedder, EmbeddingUnavailable, Vectors
from knowledge.embedding_cache import CachedEmbedder
from tests.contracts.embedder import EmbedderContract
from tests.fakes.hashed_embedder import HashedEmbedder


class TestCachedEmbedder(EmbedderContract):
    def embedder(self) -> Embedder:
        return CachedEmbedder(HashedEmbedder())


class Counting(HashedEmbedder):
    """Leaves out of its record what the cache asks to know the model."""

    def __init__(self, cache_file: Path | None = None) -> None:
        super().__init__()
        self.cache = CachedEmbedder(self, cache_file)
        self.embedded.clear()


def test_the_cache_asks_only_for_what_was_not_in_the_call_before() -> None:
    inner = Counting()
    inner.cache.embed(["a", "b", "c"])
    inner.cache.embed(["c", "d", "a"])
    assert inner.embedded == ["a", "b", "c", "d"]


def test_the_cache_asks_once_for_a_text_that_comes_twice() -> None:
    inner = Counting()
    vectors = inner.cache.embed(["a", "a"])
    assert inner.embedded == ["a"]
    assert np.array_equal(vectors[0], vectors[1])


def test_the_cache_forgets_what_is_no_longer_used() -> None:
    inner = Counting()
    for texts in (["a"], ["b"], ["a"]):
        inner.cache.embed(texts)
    assert inner.embedded == ["a", "b", "a"]


def test_the_cache_keeps_what_it_had_when_the_model_fails() -> None:
    class Failing(Counting):
        def embed(self, texts: Sequence[str]) -> Vectors:
            if "bad" in texts:
                raise EmbeddingUnavailable("no")
            return super().embed(texts)

    inner = Failing()
    inner.cache.embed(["a"])
    with pytest.raises(EmbeddingUnavailable):
        inner.cache.embed(["a", "bad"])
    inner.cache.embed(["a"])
    assert inner.embedded == ["a"]


def test_a_restart_embeds_nothing_again(tmp_path: Path) -> None:
    before = Counting(tmp_path / "new" / "vectors.npz").cache.embed(["a", "b"])
    second = Counting(tmp_path / "new" / "vectors.npz")
    assert np.array_equal(second.cache.embed(["a", "b"]), before)
    assert second.embedded == []


def test_the_file_of_another_model_is_not_used(tmp_path: Path) -> None:
    class Other(Counting):
        def embed(self, texts: Sequence[str]) -> Vectors:
            return -super().embed(texts)

    Counting(tmp_path / "vectors.npz").cache.embed(["a"])
    other = Other(tmp_path / "vectors.npz")
    other.cache.embed(["a"])
    assert other.embedded == ["a"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x93NUMPY", b"x" * 5000])
def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "vectors.npz"
    file.write_bytes(content)
    Counting(file).cache.embed(["a"])
    after = Counting(file)
    after.cache.embed(["a"])
    assert after.embedded == []


def test_a_file_with_other_content_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npz"
    probe = HashedEmbedder().embed(["The quick brown fox jumps over the lazy dog."])[0]
    np.savez(file, probe=probe, keys=np.zeros((2, 3), np.uint8), vectors=np.zeros((2, 5), np.float32))
    counting = Counting(file)
    counting.cache.embed(["a"])
    assert counting.embedded == ["a"]


def test_a_file_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where a folder should be")
    counting = Counting(tmp_path / "occupied" / "vectors.npz")
    assert len(counting.cache.embed(["a"])) == 1


def test_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    Counting(tmp_path / "vectors.npz").cache.embed(["a"])
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.npz"]
