"""Answers that a model has phrased before, by the words of the question and the passages they rest on. [core]

Only the very same words find an answer again. Likeness of meaning will not do: by their embeddings "can I
cancel before it shipped" and "... after it shipped" are nearer (cosine 0.97) than "what is your return
policy" and the same with a "please" (0.96). The passages are part of the key, so an answer is not found any
more once an article says something else. No question is kept but as a digest, and none with a number.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from pipelines.agent.clauses import Part
from pipelines.agent.figures import has_figures
from pipelines.agent.rules import plain


class AnswerCache:
    """The `size` answers that were given last."""

    def __init__(self, size: int = 512) -> None:
        self._size = size
        self._answers: OrderedDict[str, tuple[Part, ...]] = OrderedDict()

    def get(self, key: str) -> tuple[Part, ...]:
        """The answer; empty if it is not known."""
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key, ())

    def put(self, key: str, answer: Sequence[Part]) -> None:
        """Keep an answer; without a key it is not kept."""
        if not key:
            return
        self._answers[key] = tuple(answer)
        self._answers.move_to_end(key)
        if len(self._answers) > self._size:
            self._answers.popitem(last=False)


def cache_key(question: str, passages: Sequence[str], channel: str) -> str:
    """What an answer is kept under; empty for a question with a number, which may be somebody's."""
    words = plain(question)
    if not words or has_figures(question):
        return ""
    return hashlib.blake2b("\0".join((channel, words, *passages)).encode(), digest_size=16).hexdigest()
