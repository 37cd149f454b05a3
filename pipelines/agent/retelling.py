"""A briefing in a model's words, kept only if it says nothing else than the briefing.

A model that may leave out what it likes must add nothing. True words in a new order are the danger ("yes,
you can return the skis", of a customer who asked whether they could), so each sentence has to rest on a
single line of the notes, with its figures, its names, its words of meaning and its denials; what the
customer said stays something they said; a deed needs its receipt. What does not pass is dropped, not
mended. A model of 1.5 billion parameters hardly ever passes, so one that may not phrase answers is not
asked (`routing.py`).
"""

import re
from collections.abc import Collection

from knowledge.chunk import sentences
from pipelines.agent.claims import unproven
from pipelines.agent.figures import contradicts, unsupported
from pipelines.agent.language_model import LanguageModel, Limits, Message, ModelUnavailable
from pipelines.agent.model_answer import Asked
from pipelines.agent.prompt_texts import RETELL
from pipelines.briefing import Briefing
from pipelines.briefing_lines import shown, words

LIMITS = Limits(first_token_s=10.0, total_s=15.0, tokens=90)
LONGEST = 400
"Characters of a retelling."
_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM = 4
_TELLING = frozenset(
    "cust clie call they them thei want need aske cont have been with this that from abou into whic also "
    "will woul were when wher what beca sinc afte befo then than only some more does here ther next step "
    "stil curr plea take over shou must seem feel says said told wrot writ repo".split()
)
"Beginnings of the words that any retelling has."
_SAYS = re.compile(
    r"\b(?:wants?|wanted|asks?|asked|says?|said|wrote|writes|needs?|requests?|requested|reports?)\b"
)
_ASIDE = re.compile(r"\([^)]*\)")
"Such as `(not verified)`."
_DENIAL = re.compile(r"\b(?:not|no|nobody|nothing|never|without|neither|refused|failed)\b|n't\b")


class Retelling:
    """Asks the model and checks what it says."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    async def of(self, briefing: Briefing) -> str | None:
        """The briefing retold; None when the model is not available or says anything else."""
        notes = notes_of(briefing)
        messages: list[Message] = [
            {"role": "system", "content": RETELL},
            {"role": "user", "content": notes},
        ]
        told = ""
        try:
            async for piece in self._model.stream(messages, limits=LIMITS):
                if isinstance(piece, Asked):
                    return None
                told += piece
        except ModelUnavailable:
            return None
        told = " ".join(told.split())
        receipts = {deed.tool for deed in briefing.done}
        return told if told and len(told) <= LONGEST and _says_only(told, notes, receipts) else None


def notes_of(briefing: Briefing) -> str:
    """What the model is given."""
    facts = "; ".join(f"{words(each.key)}: {shown(each.value)}" for each in briefing.facts[:12])
    said = " ".join(each.text for each in briefing.promised[-3:])
    lines = [*briefing.summary, f"Known: {facts}." if facts else "", f"Told: {said}" if said else ""]
    return "\n".join(filter(None, lines))


def _says_only(told: str, notes: str, receipts: Collection[str]) -> bool:
    if unproven(told, receipts):
        return False
    lines = notes.splitlines()
    return all(any(_rests_on(sentence, line) for line in lines) for sentence in sentences(told))


def _rests_on(sentence: str, line: str) -> bool:
    """Whether one line of the notes has all that the sentence says."""
    if sentence.endswith("?") or unsupported(sentence, [line]) or contradicts(sentence, [line]):
        return False
    denied = _ASIDE.sub(" ", line.lower())
    if bool(_DENIAL.search(sentence.lower())) != bool(_DENIAL.search(denied)):
        return False
    if "“" in line and not _SAYS.search(sentence.lower()):
        return False  # what the customer said is true of them, and of nothing else
    return _stems(sentence) - _TELLING <= _stems(line)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(text.lower()))
