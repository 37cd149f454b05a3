"""How much of a reply the customer heard, in words. [core]

The transcript keeps what was heard, not what was said. While a reply is spoken, `HeardText` is told which
piece of text every frame belongs to and whether it carries sound; asked for the text at so many ms, it
places the words of the piece under way between its first and its last sound, in proportion to how long
they take to say.
"""

import re
from dataclasses import dataclass

from pipelines.audio import FRAME_MS
from pipelines.sentences import Piece
from pipelines.spoken import spoken

GUESS_MS = 65
"Per character said, for a piece whose sound has not all arrived yet."


@dataclass(slots=True)
class _Spoken:
    """A piece and its sound."""

    piece: Piece
    begins_ms: int
    length_ms: int = 0
    first_ms: int | None = None
    last_ms: int = 0
    complete: bool = False


class HeardText:
    """The pieces of one reply in time."""

    def __init__(self) -> None:
        self._pieces: list[_Spoken] = []
        self.total_ms = 0
        "Length of all sound so far."

    def begin(self, piece: Piece) -> None:
        """The frames that follow belong to this piece."""
        self.end()
        self._pieces.append(_Spoken(piece, self.total_ms))

    def add(self, loud: bool) -> None:
        """One more frame of the piece; `loud` if there is sound in it."""
        now = self._pieces[-1]
        if loud:
            now.first_ms = now.length_ms if now.first_ms is None else now.first_ms
            now.last_ms = now.length_ms + FRAME_MS
        now.length_ms += FRAME_MS
        self.total_ms += FRAME_MS

    def end(self) -> None:
        """The piece under way has all its sound."""
        if self._pieces:
            self._pieces[-1].complete = True

    def text_at(self, heard_ms: int) -> str:
        """The words of the reply that were heard after so many ms of it."""
        heard = ""
        for spoken_piece in self._pieces:
            part = _words_until(spoken_piece, heard_ms - spoken_piece.begins_ms)
            heard += part
            if len(part) < len(spoken_piece.piece.text):
                break
        return heard.rstrip()


def _words_until(spoken_piece: _Spoken, heard_ms: int) -> str:
    text = spoken_piece.piece.text
    if heard_ms <= 0 or spoken_piece.first_ms is None:
        return ""
    if spoken_piece.complete and heard_ms >= spoken_piece.last_ms:
        return text
    words = list(re.finditer(r"\S+\s*", text))
    weights = [_weight(word.group()) for word in words]
    duration = spoken_piece.last_ms - spoken_piece.first_ms
    if not spoken_piece.complete:
        duration = max(duration, sum(weights) * GUESS_MS)
    share = (heard_ms - spoken_piece.first_ms) / max(duration, 1) * sum(weights)
    end, said = 0, 0.0
    for word, weight in zip(words, weights, strict=True):
        said += weight
        if said - weight / 2 > share:
            break
        end = word.end()
    return text[:end]


def _weight(word: str) -> int:
    """How long a word takes to say, in characters; a mark at its end is a short silence."""
    pause = 3 if re.search(r"[,;:.!?]\s*$", word) else 0
    return max(1, len(re.sub(r"\d", "four", spoken(word)))) + pause
