"""What every `Embedder` must do. A test module subclasses `EmbedderContract` and says how to make one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from knowledge.embedding import Embedder, Vectors

ODD = ["", "   ", "\x00", "😀🏔️", "naïve café", "word " * 5000, "x" * 20_000]
ALIKE = 0.98
"""A quantised model scales a batch as a whole, so that a text's vector depends a little on its neighbours."""


class EmbedderContract:
    """Inherited by one test class for each embedder."""

    def embedder(self) -> Embedder:
        raise NotImplementedError

    def embed(self, *texts: str) -> Vectors:
        return self.embedder().embed(texts)

    def test_gives_a_row_of_float32_for_every_text(self) -> None:
        vectors = self.embed("one", "two words", "three more words")
        assert vectors.dtype == np.float32
        assert vectors.ndim == 2
        assert len(vectors) == 3

    def test_gives_no_rows_but_the_same_width_for_no_texts(self) -> None:
        assert self.embedder().embed([]).shape == (0, self.embed("a").shape[1])

    @pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
    def test_gives_a_vector_of_length_one_for_any_text(self, text: str) -> None:
        assert np.linalg.norm(self.embed(text)[0]) == pytest.approx(1, abs=1e-4)

    def test_gives_the_same_vector_again(self) -> None:
        embedder = self.embedder()
        assert np.array_equal(embedder.embed(["the same"]), embedder.embed(["the same"]))

    def test_keeps_the_order_of_the_texts(self) -> None:
        texts = ["short", "a rather long text about boots " * 5, "medium length text", "short too"] * 10
        embedder = self.embedder()
        together = embedder.embed(texts)
        for text, vector in zip(texts, together, strict=True):
            assert embedder.embed([text])[0] @ vector > ALIKE

    def test_puts_alike_texts_nearer_than_others(self) -> None:
        asked, alike, other = self.embed(
            "how do I return my boots", "return my boots please", "the weather in paris"
        )
        assert asked @ alike > asked @ other + 0.2

    def test_answers_many_threads_at_once(self) -> None:
        embedder = self.embedder()
        texts = [f"question number {number}" for number in range(32)]
        alone = [embedder.embed([text]) for text in texts]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda text: embedder.embed([text]), texts))
        for one, other in zip(alone, together, strict=True):
            assert np.array_equal(one, other)
