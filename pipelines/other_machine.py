"""Is it a machine that speaks to us: a menu of keys, an announcement, another bot? [core]

Machines at both ends can talk for ever. What only machines say is not answered, nor is what was said before
word for word; after several such turns with nothing else between them we end the call.
"""

import re
from collections import deque
from enum import Enum, auto

from pipelines.reading import words

_AUTOMATIC = re.compile(
    r"\bpress (?:the )?(?:\d|zero|one|two|three|four|five|six|seven|eight|nine|star|pound|hash)\b"
    r"|\byour call (?:is (?:very )?important|may be (?:recorded|monitored)|will be (?:answered|recorded))"
    r"|\bplease (?:stay on the line|listen carefully|continue to hold|hold (?:the line|while|for))"
    r"|\b(?:all|our) (?:of our )?(?:agents|representatives|operators|lines|advisors) are (?:\w+ )?busy"
    r"|\b(?:main menu|menu options|for more options|para espa[nñ]ol|automated (?:system|attendant|message))\b"
    r"|\bthis is (?:a|an) (?:recorded|automated|prerecorded)\b|\bthe next available (?:agent|representative)"
    r"|\b(?:leave|record) (?:a|your) message after the (?:tone|beep)"
)


class Heed(Enum):
    """What a turn deserves."""

    ANSWER = auto()
    IGNORE = auto()
    "It comes from a machine."
    GIVE_UP = auto()
    "Too many did."


class OtherMachine:
    """Watches the turns of one call."""

    MOST = 4
    "Turns of a machine in a row before we give up."
    REMEMBERED = 4
    LEAST_WORDS = 6
    "People repeat short sentences, and digits."

    def __init__(self) -> None:
        self._in_a_row = 0
        self._earlier: deque[list[str]] = deque(maxlen=self.REMEMBERED)

    def hear(self, text: str) -> Heed:
        """Take a turn of the customer's, complete."""
        said = words(text)
        repeated = len(said) >= self.LEAST_WORDS and self._earlier.count(said) >= 2
        self._earlier.append(said)
        if not repeated and not _AUTOMATIC.search(text.lower()):
            self._in_a_row = 0
            return Heed.ANSWER
        self._in_a_row += 1
        return Heed.IGNORE if self._in_a_row < self.MOST else Heed.GIVE_UP
