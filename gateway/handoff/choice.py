"""What a customer who waits for a person, or cannot have one, says they want instead.  [core]"""

import re
from typing import Literal

Choice = Literal["callback", "message", "stay", "wait", "cancel"]

LONGEST = 80
"Characters; whoever says more says something else as well."
_NO_PERSON = re.compile(
    r"never ?mind|forget (it|about it|the (person|colleague|agent|human))|no (person|human|agent|colleague)"
    r"|(do not|don't|dont) (need|want) (a|the|any|your) (person|human|agent|colleague|anybody|anyone)"
    r"|(stop|cancel) (that|this|it|the (transfer|call|handoff|request)|waiting)|i('ll| will) stay with you"
)
_ALTERNATIVES: tuple[tuple[re.Pattern[str], Choice], ...] = (
    (re.compile(r"\bcall ?(me )?back\b|\bcallback\b|\b(phone|ring|call) me\b"), "callback"),
    (
        re.compile(r"\b(leave|take|write|send|pass) .{0,12}(message|note)\b|^(a )?message( please)?$"),
        "message",
    ),
    (re.compile(r"\b(i('ll| will| can)?|rather|keep|let me) wait(ing)?\b|^wait(ing)?( please)?$"), "wait"),
    (re.compile(r"\b(go on|continue|carry on|stay|with you|together)\b|^no( thanks?| thank you)?$"), "stay"),
)


def choice_of(text: str, *, offered: bool, waiting: bool) -> Choice | None:
    """The choice in a customer's words, where they have one; None: the words are about something else.

    `offered`: they were just told what there is. `waiting`: somebody is being brought in.
    """
    words = " ".join(re.sub(r"[^\w' ]+", " ", text.lower().replace("\u2019", "'")).split())
    if not words or len(words) > LONGEST or not (offered or waiting):
        return None
    if waiting:
        return "cancel" if _NO_PERSON.search(words) else None
    if _NO_PERSON.search(words):
        return "stay"
    return next((choice for pattern, choice in _ALTERNATIVES if pattern.search(words)), None)
