"""A briefing in a model's words, kept only if it says nothing else than the briefing.

A model that may leave out what it likes must add nothing: every figure, every name and every word that
carries meaning has to stand in the notes it was given, and a deed needs its receipt. What does not pass is
dropped, not mended; the briefing's own summary is always there.
"""

import re

from pipelines.agent.claims import unproven
from pipelines.agent.figures import unsupported
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
    "customer client caller they them their want need ask aske call cont veri iden have been with this that "
    "from about into which also will would were when wher what beca sinc afte befo then than only some more "
    "does here ther next step stil curr alre help agen bot coll plea take over shou must note seem feel says "
    "said told".split()
)
"Beginnings of the words that any retelling has."


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


def _says_only(told: str, notes: str, receipts: set[str]) -> bool:
    if unsupported(told, [notes]) or unproven(told, receipts):
        return False
    known = {word[:_STEM] for word in _WORD.findall(notes.lower())} | {each[:_STEM] for each in _TELLING}
    return all(word[:_STEM] in known for word in _WORD.findall(told.lower()))
