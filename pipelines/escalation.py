"""When a conversation should go to a person although nobody has asked: facts in, perhaps a wish out. [core]

Each trigger can be switched off. With hysteresis: once its wish stands in the log (`HandoffRequested`) it
is quiet while a person is on the way or there; a wish that nobody took up is stated again only for what
went wrong since; and a customer who has said no to a person is asked again only when it has got worse.
Whoever folds a log anew leaves the wishes that come of it alone: they were dealt with then.
"""

import re
from dataclasses import dataclass

from pipelines.agent.position import OFFER
from pipelines.facts import (
    CustomerTurn,
    Fact,
    HandoffRequested,
    NoteAdded,
    ToolFinished,
    Understood,
    WorkflowChanged,
)
from pipelines.sentiment import Mood

_LEGAL = re.compile(
    r"\b(?:lawyers?|attorneys?|solicitor|legal (?:action|steps|advice|department|counsel)|suing|law ?suit"
    r"|sue (?:you|your|them|the)|take (?:you|this|it) to court|small claims|in court|ombudsman|press charges"
    r"|consumer (?:protection|rights|court|agency)|better business bureau|trading standards|charge ?back"
    r"|attorney general|data protection (?:authority|officer)|gdpr|ccpa|subject access request|police)\b"
)
_ANSWERED = frozenset({"start", "fill", "correct", "affirm", "ask"})


@dataclass(frozen=True, slots=True)
class EscalationSettings:
    """What leads to a person. None or False switches a trigger off."""

    failed_tries: int | None = 2
    "So many turns in a row that we did not understand, that answered no question, or whose tool failed."
    low_confidence: float | None = 0.35
    "Below it we only guess what is meant; …"
    low_confidence_turns: int = 2
    "… and so many turns in a row of that are enough."
    sentiment: bool = True
    "An angry customer, or one who is cross for the second turn."
    legal: bool = True
    "Words of law and courts."
    skills: tuple[tuple[str, str], ...] = (("legal", "general"),)
    "By reason, the skill that is asked for; `general` by default."


class Escalation:
    """The triggers of one session."""

    def __init__(self, settings: EscalationSettings = EscalationSettings()) -> None:
        self._settings = settings
        self._mood = Mood()
        self._quiet = False
        "A person is on the way or there."
        self._tries = 0
        self._guesses = 0
        self._cross = 0
        "Turns in a row."
        self._declined: frozenset[str] = frozenset()
        "Reasons for which a person was wished for before the customer said no to one."
        self._stated: set[str] = set()
        self._failed_turn = ""

    def resume(self) -> None:
        """The bot talks with the customer again: count anew.

        What was said of law stays said, and a mood that a person was asked for has to pass first.
        """
        self._quiet = False
        self._tries = self._guesses = self._cross = 0
        self._stated &= {"legal", "negative_sentiment"}

    def apply(self, fact: Fact) -> HandoffRequested | None:
        """Fold one fact in; a wish for a person, if this one tips the scales."""
        self._mood.apply(fact)
        if self._mood.sentiment.label in ("neutral", "positive"):
            self._stated.discard("negative_sentiment")
        match fact:
            case HandoffRequested():
                self._quiet = True
            case NoteAdded(purpose="hand_back"):
                self.resume()
            case WorkflowChanged(workflow=name, state="cancelled") if name == OFFER:
                self._declined = frozenset({"repeated_failure", "low_confidence", "negative_sentiment"})
                self._stated -= self._declined
                self._tries = self._guesses = self._cross = 0
        return None if self._quiet else self._wish(self._reason(fact))

    def _reason(self, fact: Fact) -> str | None:
        match fact:
            case CustomerTurn(pii=words):
                return self._by_words(words.text)
            case Understood(turn_id=turn_id, commands=commands, confidence=confidence):
                return self._by_understanding(turn_id, commands, confidence)
            case ToolFinished(outcome="failed", agent_id=None, turn_id=turn_id) if (
                turn_id != self._failed_turn
            ):
                self._failed_turn = turn_id
                self._tries += 1
                return self._by_tries()
        return None

    def _by_words(self, text: str) -> str | None:
        if self._settings.legal and _LEGAL.search(text.lower()):
            return "legal"
        label = self._mood.sentiment.label
        self._cross = self._cross + 1 if label in ("negative", "angry") else 0
        upset = label == "angry" or self._cross >= 2
        return "negative_sentiment" if self._settings.sentiment and upset else None

    def _by_understanding(self, turn_id: str, commands: list[str], confidence: float) -> str | None:
        names = {command.partition("(")[0] for command in commands}
        failed = bool(names & {"clarify", "unclear"}) and not names & _ANSWERED
        if failed:
            self._tries += 1
        elif names & _ANSWERED:
            self._tries = 0
        low = self._settings.low_confidence
        self._guesses = self._guesses + 1 if low is not None and confidence < low else 0
        if reason := self._by_tries():
            return reason
        return (
            "low_confidence"
            if low is not None and self._guesses >= self._settings.low_confidence_turns
            else None
        )

    def _by_tries(self) -> str | None:
        most = self._settings.failed_tries
        enough = most is not None and self._tries >= most + (1 if "repeated_failure" in self._declined else 0)
        return "repeated_failure" if enough else None

    def _wish(self, reason: str | None) -> HandoffRequested | None:
        if reason is None or reason in self._stated:
            return None
        if (
            reason in self._declined
            and self._mood.sentiment.label != "angry"
            and reason != "repeated_failure"
        ):
            return None
        if reason in ("legal", "negative_sentiment"):
            self._stated.add(reason)
        self._tries = self._guesses = self._cross = 0
        return HandoffRequested(reason=reason, skill=dict(self._settings.skills).get(reason, "general"))
