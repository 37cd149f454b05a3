"""What a customer came for: the things they asked, in their own words, and how each stands. [core]"""

import re

from pipelines.agent.position import OFFER, OFFERS
from pipelines.agent.rules import plain
from pipelines.briefing_lines import TALK, failure_text
from pipelines.briefing_parts import Failure, Glossary, Matter, Why
from pipelines.facts import CustomerTurn, Fact, ReplyDone, ToolFinished, Understood, WorkflowChanged

EARLIER = 5
"Other matters that a briefing names, the newest."
_ASK = "ask"
_UNCLEAR = "unclear"
_OPEN = ("open", "unanswered", "failed", "refused")
_THANKFUL = re.compile(r"(?:(?:ok|okay|oh|great|perfect|alright|well) )*(?:thanks|thank you)\b")
_WORDY = 3
"Words from which on a turn may say what somebody wants."


class Matters:
    """A fold of facts: what was asked for, and what is open."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self._matters: list[tuple[str, Matter]] = []
        "With the workflow, `_ASK` or `_UNCLEAR`."
        self._said: dict[str, str] = {}
        "By turn."
        self._asked_for_person: str | None = None
        "The turn."
        self._workflow: WorkflowChanged | None = None
        self._stuck: dict[str, Failure] = {}
        "By workflow."
        self._tool_failed: str | None = None
        "The turn for which a tool failed last."
        self.offering = False
        "We have asked whether a person shall take over."

    @property
    def stuck(self) -> tuple[Failure, ...]:
        """What the conversation itself did not get done."""
        return tuple(self._stuck.values())

    @property
    def awaited(self) -> tuple[str | None, str | None]:
        """What the workflow under way waits for, and how that is asked."""
        now = self._workflow
        if now is None or now.state != "active" or now.workflow in OFFERS:
            return None, None
        return now.awaiting, self._glossary.questions.get(now.awaiting or "")

    def apply(self, fact: Fact) -> None:
        """Fold one fact in."""
        match fact:
            case CustomerTurn(turn_id=turn_id, pii=pii):
                self._said[turn_id] = pii.text
            case Understood(turn_id=turn_id, commands=commands):
                self._understood(turn_id, commands)
            case ToolFinished(outcome="failed", turn_id=turn_id):
                self._tool_failed = turn_id
            case ToolFinished(outcome="done", receipt_id=str(), agent_id=str(), tool=tool):
                self._settle(self._glossary.deeds.get(tool, ""), "done")  # by hand
            case WorkflowChanged():
                self._changed(fact)
            case ReplyDone(answers=str(turn_id), source=source):
                self._answered(turn_id, "unanswered" if source == "fixed" else "answered")

    def why(self, reason: str | None) -> Why:
        """What they want now, and the rest."""
        unresolved = [(kind, each) for kind, each in self._matters if each.state in _OPEN]
        clear = [each for kind, each in unresolved if kind != _UNCLEAR]
        current = clear[-1] if clear else unresolved[-1][1] if unresolved else None
        others = [each for kind, each in self._matters if each is not current and kind != _UNCLEAR]
        earlier = tuple(others[-EARLIER:])
        if current is not None:
            intent, words, turn = current.intent, current.words, current.source_turn
        elif self._asked_for_person is not None:
            intent, turn = TALK, self._asked_for_person
            words = self._said.get(turn, "")
        else:
            # Nobody has understood anything yet, or all is settled: their last words that say something.
            spoken = [(turn, text) for turn, text in self._said.items() if len(text.split()) >= _WORDY]
            turn, words = spoken[-1] if spoken and not earlier else ("", "")
            intent = None
        return Why(intent=intent, words=words, source_turn=turn or None, reason=reason, earlier=earlier)

    def _understood(self, turn_id: str, commands: list[str]) -> None:
        for command in commands:
            name, _, detail = command.removesuffix(")").partition("(")
            if name == "start":
                self._begin(detail, self._glossary.intents.get(detail, detail.replace("_", " ")), turn_id)
            elif name == "ask":
                self._begin(_ASK, "get a question answered", turn_id)
            elif name in ("clarify", "chat"):
                self._begin(_UNCLEAR, None, turn_id)
            elif name == "hand_off":
                self._asked_for_person = turn_id

    def _begin(self, kind: str, intent: str | None, turn_id: str) -> None:
        same = [each for known, each in self._matters if known == kind and each.source_turn == turn_id]
        words = self._said.get(turn_id, "")
        if same or not words or (kind == _UNCLEAR and _THANKFUL.match(plain(words))):
            return  # begun again after a restart, or said to be polite
        if kind != _UNCLEAR:
            # They have found other words for it.
            self._matters = [each for each in self._matters if each[0] != _UNCLEAR]
            if kind == self._under_way:
                return
        self._matters.append((kind, Matter(intent=intent, words=words, source_turn=turn_id)))

    @property
    def _under_way(self) -> str | None:
        now = self._workflow
        return now.workflow if now is not None and now.state == "active" else None

    def _changed(self, fact: WorkflowChanged) -> None:
        if fact.workflow in OFFERS:
            if fact.workflow == OFFER:
                self.offering = fact.state == "active"
            return
        before, self._workflow = self._workflow, fact
        if fact.state == "active":
            return
        self._settle(fact.workflow, fact.state)
        if fact.state == "done":
            self._stuck.pop(fact.workflow, None)
        elif fact.state == "failed" and self._tool_failed != self._newest_turn:
            intent = self._glossary.intents.get(fact.workflow, fact.workflow.replace("_", " "))
            wanted = before.awaiting if before and before.workflow == fact.workflow else None
            about = f"{intent} (no {wanted.replace('_', ' ')})" if wanted else intent
            self._stuck[fact.workflow] = Failure(
                tool=None,
                code="repeated_failure",
                text=failure_text(None, "repeated_failure", about),
                source_turn=self._newest_turn,
            )

    def _settle(self, workflow: str, state: str) -> None:
        """The newest matter of the workflow has come to this."""
        for place in range(len(self._matters) - 1, -1, -1):
            kind, matter = self._matters[place]
            if kind == workflow:
                self._matters[place] = (kind, matter.model_copy(update={"state": state}))
                return

    @property
    def _newest_turn(self) -> str:
        return next(reversed(self._said), "")

    def _answered(self, turn_id: str, state: str) -> None:
        self._matters = [
            (kind, each.model_copy(update={"state": state}) if _waits(kind, each, turn_id) else each)
            for kind, each in self._matters
        ]


def _waits(kind: str, matter: Matter, turn_id: str) -> bool:
    return kind == _ASK and matter.source_turn == turn_id and matter.state == "open"
