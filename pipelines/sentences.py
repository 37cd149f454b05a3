"""Cuts words as they stream in into pieces that can be spoken on their own. [core]

The first piece comes early, at the first clause, because nothing is heard before it; the rest comes
sentence by sentence, because whole sentences sound better. A piece is made while the ones before it are
played, so it may only be a few times as long as they are. Pieces keep their place in the text, so that what
was heard can be told from what was said.
"""

import re
from dataclasses import dataclass

ABBREVIATIONS = frozenset(
    "mr mrs ms dr st ave blvd rd apt vs etc e.g i.e inc ltd co corp dept approx est jan feb mar apr jun "
    "jul aug sep sept oct nov dec a.m p.m u.s".split()
)
_STOP = re.compile(r"[.!?…]+[\"')\]”’*_]*(?=\s)|\n+")
_CLAUSE = re.compile(r"[,;:]\s|\s[–—-]+\s|[–—]")
_SOFT = re.compile(
    r"\s(?=(?:and|but|or|so|because|which|that|when|if|unless|until|while|before|after|as|to|for|with|from|on|in"
    r"|at|by|within|without|about|above|below|between)\s)"
)
_CLINGING = frozenset(
    "a an the this that these those your our my his her its their no any some every each one of to for with "
    "from on in at by within is are was were be been am has have had can may will would shall should must "
    "cannot not very too more most men's women's".split()
)
"Words that belong to the one behind them; so does a number."


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
    "The first piece has at least so many words, if it ends at a clause;"
    FIRST_MARKED = 3
    "or so many where a comma ends it: there a voice pauses anyhow."
    FIRST_LIMIT = 7
    "And at most so many, if no clause ends. A number read out digit by digit counts as many words."
    GROWTH = 4
    "A piece is at most so many times as long as all before it: so much faster than speech a busy voice is."
    LONGEST = 220
    "Characters; a longer sentence is cut at a clause, or anywhere between words."

    def __init__(self) -> None:
        self._rest = ""
        self._start = 0
        self._words = 0
        "Handed over so far."

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are complete with these words."""
        self._rest += text
        pieces = []
        while cut := self._cut():
            pieces += self._take(cut)
        return pieces

    def end_clause(self) -> list[Piece]:
        """What can be spoken now that a clause or sentence is known to end here; a word or two wait on."""
        ends_sentence = re.search(r"[.!?…][\"')\]”’*_]*\s*$", self._rest) is not None
        enough = ends_sentence or self._may_end(len(self._rest))
        return self._take(len(self._rest)) if enough and self._rest else []

    def flush(self) -> list[Piece]:
        """What is left at the end of the reply."""
        return self._take(len(self._rest))

    def _take(self, cut: int) -> list[Piece]:
        text, self._rest = self._rest[:cut], self._rest[cut:]
        piece = Piece(text, self._start)
        self._start += cut
        if not re.search(r"\w", text):
            return []
        self._words += len(text.split())
        return [piece]

    def _cut(self) -> int:
        """Where the next piece ends, 0 if it is not complete."""
        sentence = self._sentence_end()
        limit = self.LONGEST
        if self._words < self.FIRST_WORDS:
            # Nothing is heard yet, or next to nothing.
            if clause := self._first_clause(sentence or len(self._rest), bool(sentence)):
                return clause
        else:
            limit = min(limit, self.GROWTH * self._start)
        if sentence and sentence <= limit:
            return sentence
        return self._forced(limit) if max(sentence, len(self._rest)) > limit else 0

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
        if word == "no":
            return re.match(r"\s*(\d|$)", self._rest[stop.end() :]) is not None
        listed = word.isdigit() and len(before) < 2
        return word in ABBREVIATIONS or listed or (len(word) == 1 and word.isalpha() and word != "i")

    def _first_clause(self, limit: int, whole: bool) -> int:
        """Where the piece heard first may end, 0 if not before the limit; `whole`: a sentence ends there."""
        clauses = [match.end() for match in _CLAUSE.finditer(self._rest, 0, limit)]
        soft = [match.start() for match in _SOFT.finditer(self._rest, 0, limit)]
        fits, too_long = self._fits(limit)
        if whole and not too_long:
            soft = []
        places = [*clauses, *soft] if not too_long else [*clauses, *soft, fits]
        enough = sorted(place for place in places if self._may_end(place))
        if enough and (enough[0] <= fits or not too_long):
            return enough[0]
        spaces = [match.start() for match in re.finditer(r"\s", self._rest[:fits])]
        return next(filter(self._may_end, spaces), fits) if too_long else 0

    def _fits(self, limit: int) -> tuple[int, bool]:
        """Where as many words end as a first piece may have, and whether there are more."""
        said, fits = 0, 0
        for word in re.finditer(r"\S+(?=\s)", self._rest[:limit]):
            said += len(word.group()) if re.fullmatch(r"#?\d{5,}\W?", word.group()) else 1
            if said > self.FIRST_LIMIT:
                return fits or word.end(), True
            fits = word.end()
        return fits, False

    def _may_end(self, place: int) -> bool:
        """Whether these are enough words, and the last of them does not belong to the next."""
        before = self._rest[:place].split()
        last = before[-1].lower() if before else ""
        least = self.FIRST_MARKED if last.endswith((",", ";", ":")) else self.FIRST_WORDS
        return len(before) >= least and last not in _CLINGING and not last[-1:].isdigit()

    def _forced(self, limit: int) -> int:
        """The last place up to `limit` where a voice may pause."""
        clauses = [m.end() for m in _CLAUSE.finditer(self._rest, 0, limit)]
        soft = [m.start() for m in _SOFT.finditer(self._rest, 0, limit)]
        spaces = [m.start() for m in re.finditer(r"\s", self._rest[:limit])]
        late = [place for place in (*clauses, *soft) if place > limit // 2]
        return max(clauses, default=0) or max(late, default=0) or max(spaces, default=0) or limit
