import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import (
    DIMENSIONS,
    Embedder,
    EmbeddingUnavailable,
    SentenceEmbedder,
)
from tests.contracts.embedder import EmbedderContract
from tests.fakes.hashed_embedder import HashedEmbedder


class TestHashedEmbedder(EmbedderContract):
    def embedder(self) -> Embedder:
        return HashedEmbedder()


@pytest.mark.models
@pytest.mark.timeout(120)
class TestSentenceEmbedder(EmbedderContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _loaded(cls, models_folder: Path) -> Iterator[None]:
        cls.loaded = SentenceEmbedder(models_folder / "minilm")
        yield
        del cls.loaded

    loaded: SentenceEmbedder

    def embedder(self) -> Embedder:
        return self.loaded

    def test_has_the_dimensions_it_says(self) -> None:
        assert self.embed("hello").shape == (1, DIMENSIONS)

    def test_knows_meaning_and_not_only_words(self) -> None:
        asked, alike, other = self.embed("can I get my money back", "refund policy", "how to wash a jacket")
        assert asked @ alike > asked @ other + 0.15

    def test_does_not_see_what_lies_beyond_its_window(self) -> None:
        start = "boots " * 300
        assert np.array_equal(self.embed(start), self.embed(start + "and a question about refunds"))


@pytest.mark.models
@pytest.mark.timeout(120)
@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named_with_what_to_do(missing: str, models_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(models_folder / "minilm", tmp_path, dirs_exist_ok=True)
    (tmp_path / missing).unlink()
    with pytest.raises(EmbeddingUnavailable, match=rf"{missing} is missing; run `warmline models pull`"):
        SentenceEmbedder(tmp_path)


@pytest.mark.models
@pytest.mark.timeout(120)
@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"not a model", b"\xff\xfe{}"])
def test_a_broken_file_is_named_with_what_to_do(
    broken: str, content: bytes, models_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(models_folder / "minilm", tmp_path, dirs_exist_ok=True)
    (tmp_path / broken).write_bytes(content)
    with pytest.raises(EmbeddingUnavailable, match=rf"{broken} is broken .* run `warmline models pull`"):
        SentenceEmbedder(tmp_path)


def test_an_empty_folder_is_told_apart_from_a_broken_model(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingUnavailable, match=r"tokenizer\.json is missing"):
        SentenceEmbedder(tmp_path)
