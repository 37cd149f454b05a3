"""Cuts words as they stream in into pieces that can be spoken on their own. [core]

The first piece comes early, at the first clause, because nothing is heard before it; the rest comes
sentence by sentence, because whole sentences sound better. Pieces keep their place in the text, so that
what was heard can be told from what was said.
"""

import re
from dataclasses import dataclass

ABBREVIATIONS = frozenset(
    "mr mrs ms dr st ave blvd rd apt no vs etc e.g i.e inc ltd co corp dept approx est jan feb mar apr jun "
    "jul aug sep sept oct nov dec a.m p.m u.s".split()
)
_STOP = re.compile(r"[.!?…]+[\"')\]”’*_]*(?=\s)|\n+")
_CLAUSE = re.compile(r"[,;:]\s|\s[–—-]+\s|[–—]")
_SOFT = re.compile(r"\s(?=(?:and|but|or|so|because|which|that|when|if|to|for|with|from|on|in|at|by)\s)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a reply."""

    text: str
    start: int
    "Where they begin in the reply's text, in characters."

    @property
    def end(self) -> int:
        """Where they end, in characters."""
        return self.start + len(self.text)


class SentenceCutter:
    """Takes one reply's words as they come, gives back what can be spoken."""

    FIRST_WORDS = 4
    "The first piece has at least so many words, if it ends at a clause."
    FIRST_LIMIT = 7
    "And at most so many, if no clause ends. A number read out digit by digit counts as many words."
    LONGEST = 220
    "Characters; a longer sentence is cut at a clause, or anywhere between words."

    def __init__(self) -> None:
        self._rest = ""
        self._start = 0
        self._first = True

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are complete with these words."""
        self._rest += text
        pieces = []
        while cut := self._cut():
            pieces += self._take(cut)
        return pieces

    def flush(self) -> list[Piece]:
        """What is left at the end of the reply."""
        return self._take(len(self._rest))

    def _take(self, cut: int) -> list[Piece]:
        text, self._rest = self._rest[:cut], self._rest[cut:]
        piece = Piece(text, self._start)
        self._start += cut
        if not re.search(r"\w", text):
            return []
        self._first = False
        return [piece]

    def _cut(self) -> int:
        """Where the next piece ends, 0 if it is not complete."""
        sentence = self._sentence_end()
        if self._first and (clause := self._first_clause(sentence or len(self._rest))):
            return clause
        if sentence and sentence <= self.LONGEST:
            return sentence
        return self._forced() if max(sentence, len(self._rest)) > self.LONGEST else 0

    def _sentence_end(self) -> int:
        for match in _STOP.finditer(self._rest):
            if not self._abbreviates(match):
                return match.end()
        return 0

    def _abbreviates(self, stop: re.Match[str]) -> bool:
        if not stop.group().startswith(".") or len(stop.group()) > 1:
            return False
        before = self._rest[: stop.start()].rsplit(maxsplit=1)
        word = before[-1].lower().lstrip("(\"'") if before else ""
        listed = word.isdigit() and len(before) < 2
        return word in ABBREVIATIONS or listed or (len(word) == 1 and word.isalpha() and word != "i")

    def _first_clause(self, limit: int) -> int:
        for match in _CLAUSE.finditer(self._rest, 0, limit):
            if len(self._rest[: match.start()].split()) >= self.FIRST_WORDS:
                return match.end()
        said, fits = 0, 0
        for word in re.finditer(r"\S+(?=\s)", self._rest[:limit]):
            said += len(word.group()) if re.fullmatch(r"#?\d{5,}\W?", word.group()) else 1
            if said > self.FIRST_LIMIT:
                return self._softly(fits or word.end())
            fits = word.end()
        return 0

    def _softly(self, limit: int) -> int:
        """The last place up to `limit` where a voice may pause, if the words before it are enough."""
        soft = [match.start() for match in _SOFT.finditer(self._rest, 0, limit + 1)]
        long_enough = [cut for cut in soft if len(self._rest[:cut].split()) >= self.FIRST_WORDS]
        return long_enough[-1] if long_enough else limit

    def _forced(self) -> int:
        clauses = [m.end() for m in _CLAUSE.finditer(self._rest, 0, self.LONGEST)]
        spaces = [m.start() for m in re.finditer(r"\s", self._rest[: self.LONGEST])]
        return clauses[-1] if clauses else spaces[-1] if spaces else self.LONGEST
