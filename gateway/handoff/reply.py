"""An agent's answer on the telephone when they are asked to take a customer: a key, or a few words.  [core]

Only whole utterances count, and only these: what they say to somebody beside them, or what comes back of our
own voice, is no answer. A bare yes or no counts once the question was put; people say yes to much before.
"""

import re
from typing import Literal

Reply = Literal["yes", "no", "again"]

KEYS: dict[str, Reply] = {"1": "yes", "2": "no", "3": "again"}
_ANY_TIME: tuple[tuple[re.Pattern[str], Reply], ...] = (
    (
        re.compile(
            r"(yes )?(please )?(connect( me| us| them| him| her)?|put (them|him|her|it) through"
            r"|i('ll| will) take (it|them|him|her|the call)|i accept|accept)( please| now)?"
        ),
        "yes",
    ),
    (re.compile(r"(no )?(i )?(decline|(can't|cannot) take (it|the call)|not now)( sorry)?"), "no"),
    (re.compile(r"(please )?(again|repeat( that| it)?|say (that|it) again|once more)( please)?"), "again"),
)
_ASKED: tuple[tuple[re.Pattern[str], Reply], ...] = (
    (re.compile(r"yes( yes)?( please)?"), "yes"),
    (re.compile(r"no( no)?( thanks| thank you| sorry)?"), "no"),
)


def reply_of(text: str, *, asked: bool) -> Reply | None:
    """The reply that an utterance is; None: it is none. `asked`: the question was put already."""
    words = " ".join(re.sub(r"[^\w' ]+", " ", text.lower().replace("\u2019", "'")).split())
    known = (*_ANY_TIME, *_ASKED) if asked else _ANY_TIME
    return next((reply for pattern, reply in known if pattern.fullmatch(words)), None)
