"""The sentences in which we told a customer what will happen. [core]

Whoever takes over has to keep them. Broad on purpose: one too many is read past, one too few is broken.
"""

import re

from knowledge.chunk import sentences

_SOMEONE = r"(?:i|we|they|he|she|it|you|that|somebody|someone|an? \w+|my \w+|our \w+|the \w+)"
_DAYS = r"(?:today|tonight|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
_MONTHS = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_FUTURE = re.compile(
    rf"\b{_SOMEONE}(?:'ll| will| shall)\b"
    r"|\b(?:i'm|i am|we're|we are) going to\b"
    r"|\bwill (?:be|get|have|receive|arrive|come|answer|call|contact|go)\b"
    r"|\bshould (?:arrive|be|come|get|reach)\b|\b(?:comes?|goes) back to (?:you|your)\b"
    r"|\bi(?:'ve| have) asked\b|\bwithin (?:\d+|an?|one|two|three|the)\b"
    rf"|\bby (?:{_DAYS}|{_MONTHS})\b"
)
_NOT_ONE = re.compile(
    r"\b(?:won't|will not|can't|cannot|could not|couldn't|unless|if (?:you|we|it|that)|you'll (?:find|need)"
    r"|i'll (?:only|leave)|i'm sorry)\b"
)
_ASKS = re.compile(r"\b(?:shall|should|may|can) i\b.*\?")
LONGEST = 240
"Characters of one that is kept."


def promises(text: str) -> list[str]:
    """The sentences of a reply that promise something, as they were said."""
    if _ASKS.search(text.lower()):
        return []  # what follows upon a yes is no promise before it
    return [sentence[:LONGEST] for sentence in sentences(" ".join(text.split())) if _promises(sentence)]


def _promises(sentence: str) -> bool:
    lowered = sentence.lower().replace("’", "'")
    return not sentence.endswith("?") and bool(_FUTURE.search(lowered)) and not _NOT_ONE.search(lowered)
