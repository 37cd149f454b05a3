"""Finds passages by their words: BM25 (Robertson & Zaragoza 2009) from bm25s, over lightly stemmed words.

The scores are scaled to the share of the question's information that a text holds, so that they mean the same
for every question: a rare word that no text has lowers them all. bm25s runs on plain numpy here; its numba
backend would compile for seconds inside somebody's first question.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

# It sets its own logger to DEBUG on import, which shows up wherever a program logs to its root handler.
logging.getLogger("bm25s").setLevel(logging.WARNING)

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_TERM_SATURATION = 0.5  # k1: passages are short, and a word's second occurrence tells little
_LENGTH_PENALTY = 0.3  # b: they are of similar length, too

_STOPWORDS = frozenset(
    """a about actually all also am an and any anybody anyone are as at be been being but by can could did do
    does doing done for from get gets getting give go going gonna got had has have having he hello her
    hers hey hi him his how i if in into is it its just kind know let like made make many may me mean
    might mine much must my need no not now of off ok okay on one or our ours out please really shall
    she should so some someone something such tell thank thanks that the their theirs them then there
    these they thing things this those to too uh um us very wanna want wants was we well went were
    what when where which while who whom whose why will with would yeah yes yet you your yours""".split()
)
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()
_TENS = {"fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "hundred": "100"}
_NUMBERS = {word: str(value) for value, word in enumerate(_SMALL)} | _TENS


class LexicalIndex:
    """The words of some documents; never changes after it is made, so any thread may search it."""

    def __init__(self, documents: Sequence[str]) -> None:
        corpus = [terms(document) for document in documents]
        self._size = len(corpus)
        self._document_counts = Counter(term for document in corpus for term in set(document))
        self._bm25 = bm25s.BM25(
            k1=_TERM_SATURATION, b=_LENGTH_PENALTY, method="lucene", backend="numpy", csc_backend="numpy"
        )
        if self._document_counts:
            self._bm25.index(corpus, show_progress=False)

    def knows(self, word: str) -> bool:
        """Whether any document has this word."""
        return any(term in self._document_counts for term in terms(word))

    def shares(self, query: str) -> NDArray[np.float32]:
        """For each document the share of the query's information that it holds, 0 to 1; shape (n,)."""
        wanted = list(dict.fromkeys(terms(query)))
        known = [term for term in wanted if term in self._document_counts]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        greatest = sum(self._information(term) for term in wanted)
        return np.asarray(self._bm25.get_scores(known) / greatest, dtype=np.float32)

    def _information(self, term: str) -> float:
        """BM25's inverse document frequency, which bounds what the term can add to a score."""
        count = self._document_counts[term]
        return math.log(1 + (self._size - count + 0.5) / (count + 0.5))


def terms(text: str) -> list[str]:
    """The words that carry meaning, lower-case and stemmed; numbers in digits."""
    words = (word.split("'")[0] for word in _WORD.findall(text.lower().replace("\u2019", "'")))
    return [_stem(_NUMBERS.get(word, word)) for word in words if word not in _STOPWORDS]


def _stem(word: str) -> str:
    """Take off the commonest English endings; crude, but the same for questions and documents."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    for ending in ("ing", "ed", "es", "s", "e"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and not word.endswith("ss"):
            # "shipped" and "ship", "refunding" and "refund", "exchanges" and "exchange" must meet.
            doubled = ending in ("ing", "ed") and rest[-1] == rest[-2] and rest[-1] not in "sl"
            return rest[:-1] if doubled else rest
    return word
