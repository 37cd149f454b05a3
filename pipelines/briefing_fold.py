"""Keeps the briefing of one session current: facts in, a packet at any time. Rules only, microseconds.
[core]

What the matter is comes from `briefing_matters.py`, what is known and was done from `briefing_records.py`;
here is who it is, how they are, and what was said. Folding the session's log again gives the same briefing,
on another node and on another channel.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from knowledge.chunk import sentences
from pipelines.agent.rules import is_question, wants_person
from pipelines.briefing import Briefing
from pipelines.briefing_matters import Matters
from pipelines.briefing_parts import Glossary, Note, OpenQuestion, Promise, Redaction, Who
from pipelines.briefing_records import Records
from pipelines.facts import (
    CustomerTurn,
    Fact,
    HandoffRequested,
    HumanTurn,
    IdentityVerified,
    NoteAdded,
    ReplyDone,
)
from pipelines.language import language_of
from pipelines.promises import promises
from pipelines.sentiment import Mood

MOST = 12
"Promises and notes that are kept, the newest."


class BriefingFold:
    """The running briefing of one session."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self._who = Who()
        self._matters = Matters(glossary)
        self._records = Records(glossary)
        self._mood = Mood()
        self._reason: str | None = None
        self._promised: dict[str, Promise] = {}
        self._notes: list[Note] = []
        self._unanswered: OpenQuestion | None = None
        "The customer's."
        self._asked: OpenQuestion | None = None
        "Ours, to which nothing was said yet."
        self._language: str | None = None

    def claim(self, values: Mapping[str, Any]) -> None:
        """Take what the wire says of who calls; of each key the newest counts."""
        claims = {**self._who.claims, **{str(key): str(value) for key, value in values.items()}}
        self._who = self._who.model_copy(update={"claims": claims})

    def apply(self, fact: Fact) -> None:
        """Fold one fact in; facts that say nothing that a person must know are ignored."""
        self._mood.apply(fact)
        self._matters.apply(fact)
        self._records.apply(fact)
        match fact:
            case CustomerTurn():
                self._customer_spoke(fact)
            case ReplyDone() | HumanTurn():
                self._we_spoke(fact)
            case IdentityVerified():
                self._verified(fact)
            case HandoffRequested(reason=reason):
                self._reason = reason
            case NoteAdded(purpose=purpose, agent=agent, pii=pii):
                self._notes = [*self._notes, Note(purpose=purpose, agent=agent, text=pii.text)][-MOST:]

    def apply_all(self, facts: Iterable[Fact]) -> "BriefingFold":
        """Fold several in, in order."""
        for fact in facts:
            self.apply(fact)
        return self

    def briefing(self) -> Briefing:
        """What a person must know now, before anything is left out for their role."""
        hide = self._records.without_proofs
        why = self._matters.why(self._reason)
        earlier = tuple(each.model_copy(update={"words": hide(each.words)}) for each in why.earlier)
        question = self._unanswered or self._asked
        awaited, asked = self._matters.awaited
        tries = self._records.failed_tries
        return Briefing.of(
            awaited,
            asked,
            who=self._who.model_copy(update={"failed_tries": tries}),
            why=why.model_copy(update={"words": hide(why.words), "earlier": earlier}),
            facts=self._records.facts(),
            done=self._records.done,
            failed=(*self._matters.stuck, *self._records.failed),
            promised=tuple(_hidden(each, hide(each.text)) for each in self._promised.values()),
            policy_limits=self._records.limits,
            notes=tuple(_hidden(each, hide(each.text)) for each in self._notes),
            sentiment=self._mood.sentiment,
            language=self._language or self._glossary.language,
            open_question=_hidden(question, hide(question.text)) if question else None,
            redactions=tuple(Redaction(field=each, how="withheld") for each in self._records.proofs),
        )

    # --- who and what was said ---------------------------------------------------------------------

    def _customer_spoke(self, fact: CustomerTurn) -> None:
        channels = self._who.channels
        if fact.channel not in channels:
            channels = (*channels, fact.channel)
        self._who = self._who.model_copy(update={"channel": fact.channel, "channels": channels})
        self._language = language_of(fact.pii.text) or self._language
        self._asked = None
        if is_question(fact.pii.text) and not wants_person(fact.pii.text):
            self._unanswered = OpenQuestion(text=fact.pii.text, source_turn=fact.turn_id, by="customer")

    def _we_spoke(self, fact: ReplyDone | HumanTurn) -> None:
        by: Any = "human" if isinstance(fact, HumanTurn) else "bot"
        if isinstance(fact, HumanTurn):
            self._unanswered = self._asked = None
        else:
            self._bot_answered(fact)
        if isinstance(fact, HumanTurn) or fact.source in ("workflow", "fixed"):
            for text in promises(fact.pii.text):
                self._promised.pop(text, None)
                self._promised[text] = Promise(text=text, source_turn=fact.turn_id, by=by)
            while len(self._promised) > MOST:
                self._promised.pop(next(iter(self._promised)))

    def _bot_answered(self, fact: ReplyDone) -> None:
        answered = self._unanswered
        if answered and fact.source != "fixed" and fact.answers == answered.source_turn:
            self._unanswered = None
        asked = [sentence for sentence in sentences(fact.pii.text) if sentence.endswith("?")]
        offers = self._matters.offering
        self._asked = (
            OpenQuestion(text=asked[-1], source_turn=fact.turn_id, by="bot") if asked and not offers else None
        )

    def _verified(self, fact: IdentityVerified) -> None:
        values = {key: str(value) for key, value in fact.pii.values.items()}
        self._who = self._who.model_copy(
            update={
                "customer_id": fact.customer_id,
                "verified": True,
                "method": fact.method,
                "name": values.get("name"),
                "email": values.get("email"),
            }
        )


def _hidden(part: Any, text: str) -> Any:
    return part if part.text == text else part.model_copy(update={"text": text})
