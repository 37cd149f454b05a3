"""Decides what happens next: definition, where we stand and what came give steps and a new position. [core]

`decide` takes the commands of a turn, `proceed` the result of a tool call that a decision asked for. Both are
pure. A decision that ends in `Use` is continued with `proceed`; any other ends the turn.

What no sequence of commands can change: a tool that changes something is called with `confirmed` only in the
turn that says yes directly after our confirmation question, for the very values that the question named, and
after identity was verified. Before the question the same call is made unconfirmed: the gate refuses it with
`not_confirmed` exactly if it would allow it otherwise, so we never ask a yes for what policy forbids.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pipelines.agent.commands import (
    Affirm,
    Ask,
    Cancel,
    Chat,
    Clarify,
    Command,
    Correct,
    Courtesy,
    Deny,
    Fill,
    HandOff,
    Start,
)
from pipelines.agent.definition import (
    AskStep,
    ConfirmStep,
    Definition,
    Slot,
    Spoken,
    UseStep,
    VerifyStep,
    Workflow,
)
from pipelines.agent.position import (
    CONFIRMATION,
    GO_ON,
    OFFER,
    PERSON,
    RESUMPTION,
    Pending,
    Position,
)
from pipelines.agent.steps import Answer, Converse, Decision, Returned, Step, Tell, Transfer, Use
from pipelines.facts import WorkflowChanged

TRIES = 3
"Failed answers to one question before we offer a person."


def decide(
    definition: Definition, position: Position, commands: Sequence[Command], *, verified: bool
) -> Decision:
    """What the commands of a turn lead to; `verified` is whether the customer has proven who they are."""
    return _Turn(definition, position, verified).hear(commands)


def proceed(definition: Definition, position: Position, returned: Returned, *, verified: bool) -> Decision:
    """What the result of the tool call leads to that the last decision ended in."""
    return _Turn(definition, position, verified).receive(returned)


def offer_person(definition: Definition, position: Position, reason: str, skill: str) -> Decision:
    """Ask whether a person shall take over; only where nothing else is going on."""
    return _Turn(definition, position, verified=False).offer(reason, skill)


class _Turn:
    """One decision in the making."""

    def __init__(self, definition: Definition, position: Position, verified: bool) -> None:
        self._definition = definition
        self._phrases = definition.phrases
        self._now = position
        self._known = position
        self._verified = verified
        self._steps: list[Step] = []

    # --- from commands -----------------------------------------------------------------------------

    def hear(self, commands: Sequence[Command]) -> Decision:
        """Fold the commands of one turn in."""
        if any(isinstance(command, HandOff) for command in commands):
            self._transfer("customer_asked", self._skill())
            return self._decision()
        for command in commands:
            if isinstance(command, Ask):
                self._steps.append(Answer(command.question))
            elif isinstance(command, Chat):
                self._steps.append(Converse(command.text))
        starts = [command for command in commands if isinstance(command, Start)]
        if starts:
            self._start(starts, commands)
        elif self._now.awaiting == PERSON:
            self._person_answered(commands)
        elif self._now.awaiting == RESUMPTION:
            self._resumption_answered(commands)
        elif self._now.workflow is None:
            self._idle(commands)
        else:
            self._go_on(commands)
        return self._decision()

    def _start(self, starts: Sequence[Start], commands: Sequence[Command]) -> None:
        first, *others = starts
        if first.workflow == self._now.workflow:
            given = [Fill(slot, value) for slot, value in first.slots]
            self._go_on([*given, *(c for c in commands if not isinstance(c, Start))])
            return
        if self._now.workflow is not None:
            self._tell(self._phrases.leaving, title=self._workflow.title)
            self._end("cancelled")
        elif self._now.awaiting in (PERSON, RESUMPTION):
            self._close_offer("cancelled")
        self._now = Position.begin(first.workflow, dict(first.slots), tuple(map(_pending, others)))
        self._advance()

    def _person_answered(self, commands: Sequence[Command]) -> None:
        kinds = {type(command) for command in commands}
        if Affirm in kinds and Deny not in kinds:
            self._transfer(self._now.slots.get("reason", "customer_asked"), self._skill())
        elif kinds & {Deny, Cancel}:
            self._close_offer("cancelled")
            self._tell(self._phrases.person_declined)
        else:
            self._close_offer("cancelled")
            self._idle(commands)

    def _resumption_answered(self, commands: Sequence[Command]) -> None:
        """Go on with what a cut-off call was about: from its first step, for who calls is not known."""
        kinds, slots = {type(command) for command in commands}, self._now.slots
        if Affirm not in kinds or Deny in kinds:
            self._close_offer("cancelled")
            if kinds & {Deny, Cancel}:
                self._tell(self._phrases.person_declined)
            else:
                self._idle(commands)
        elif slots.get("workflow") in self._definition.workflows:
            self._close_offer("done")
            self._now = Position.begin(slots["workflow"], {})
            self._advance()
        else:
            self._transfer("returning", self._skill())

    def _idle(self, commands: Sequence[Command]) -> None:
        """Nothing is going on: a stray value may mend what ended last, the rest wants a word back."""
        given = {c.slot: c.value for c in commands if isinstance(c, Fill | Correct)}
        last = self._now.last
        if last and given and set(given) <= set(self._definition.slots_of(last.workflow)):
            self._now = Position.begin(last.workflow, {**last.slots, **given})
            self._advance()
            return
        if any(isinstance(step, Answer | Converse) for step in self._steps):
            return
        self._word_back(commands)

    def _word_back(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Courtesy(kind=kind):
                    return self._tell(getattr(self._phrases, kind))
                case Clarify(between=(first, second, *_)):
                    workflows = self._definition.workflows
                    abouts = {"first": workflows[first].about, "second": workflows[second].about}
                    return self._tell(self._phrases.clarify_between, **abouts)
                case Deny() | Cancel():
                    return self._tell(self._phrases.nothing_more)
                case Fill() | Correct():
                    return self._tell(self._phrases.which)
        self._tell(self._phrases.clarify)

    def _go_on(self, commands: Sequence[Command]) -> None:
        """A workflow is under way: values first, then yes and no, then everything else."""
        if any(isinstance(command, Cancel) for command in commands):
            self._tell(self._workflow.say.declined, **self._now.slots)
            self._end("cancelled")
            self._next()
        elif self._take_values(commands):
            self._advance()
        elif self._now.awaiting == CONFIRMATION:
            self._confirmation_answered(commands)
        else:
            self._not_answered({type(command) for command in commands})

    def _take_values(self, commands: Sequence[Command]) -> bool:
        """Fill slots; true if anything is new. A changed value sends us back to the first step."""
        slots = self._definition.slots_of(self._workflow_name)
        given = {c.slot: c.value for c in commands if isinstance(c, Fill | Correct) and c.slot in slots}
        new = {slot: value for slot, value in given.items() if self._now.slots.get(slot) != value}
        if not new:
            # The same answer again is an answer, unless it was one we asked to correct.
            return bool(given) and self._now.awaiting in given
        changed = self._now.awaiting == CONFIRMATION or any(slot in self._now.slots for slot in new)
        keeps_count = set(new) == {self._definition.identity.proof}
        self._now = replace(
            self._now,
            slots={**self._now.slots, **new},
            step=0 if changed else self._now.step,
            attempts=self._now.attempts if keeps_count else 0,
        )
        return True

    def _confirmation_answered(self, commands: Sequence[Command]) -> None:
        kinds = {type(command) for command in commands}
        if Deny in kinds:
            self._tell(self._workflow.say.declined, **self._now.slots)
            self._end("cancelled")
            self._next()
        elif Affirm in kinds and self._now.question_heard:
            self._now = replace(self._now, confirmed=True, awaiting=None, step=self._now.step + 1)
            self._advance()
        else:
            self._not_answered(kinds)

    def _not_answered(self, kinds: set[type]) -> None:
        """What came does not answer the open question: count it as a try unless it was something else."""
        if kinds and kinds <= {Ask, Chat, Courtesy}:
            self._tell(self._phrases.resume, title=self._workflow.title)
            self._advance()
        else:
            self._try_failed()

    def _try_failed(self) -> None:
        self._now = replace(self._now, attempts=self._now.attempts + 1)
        if self._now.attempts >= TRIES:
            self._give_up()
        elif self._now.awaiting in (None, CONFIRMATION):
            self._advance()
        else:
            slot = self._definition.slots_of(self._workflow_name)[str(self._now.awaiting)]
            self._tell(slot.again)

    def _give_up(self) -> None:
        skill = self._skill()
        self._tell(self._phrases.too_many_tries)
        self._end("failed")
        self._offer("repeated_failure", skill)

    # --- from results ------------------------------------------------------------------------------

    def receive(self, returned: Returned) -> Decision:
        """Take the result of the step we stand at."""
        self._now = replace(self._now, results={**self._now.results, **returned.values})
        step = self._workflow.steps[self._now.step]
        if returned.outcome == "failed":
            self._failed()
        elif isinstance(step, VerifyStep):
            self._verification_came(returned)
        elif returned.outcome == "done":
            # A check that went through although nobody had said yes has done the deed: never repeat it.
            past = 2 if isinstance(step, ConfirmStep) else 1
            self._now = replace(self._now, step=self._now.step + past)
            self._advance()
        elif isinstance(step, ConfirmStep) and returned.code == "not_confirmed":
            self._ask_confirmation(step)
        else:
            self._refused(returned)
        return self._decision()

    def offer(self, reason: str, skill: str) -> Decision:
        """Ask whether a person shall take over."""
        self._offer(reason, skill)
        return self._decision()

    def _verification_came(self, returned: Returned) -> None:
        if returned.outcome == "done":
            self._verified = True
            self._now = replace(self._now, step=self._now.step + 1, attempts=0)
            self._advance()
            return
        if returned.offer_person:
            self._refused(returned)
            return
        proof = self._definition.identity.proof
        slots = {slot: value for slot, value in self._now.slots.items() if slot != proof}
        self._now = replace(self._now, slots=slots, awaiting=proof, attempts=self._now.attempts + 1)
        if self._now.attempts >= TRIES:
            self._give_up()
        else:
            self._tell(self._definition.identity.mismatch)

    def _refused(self, returned: Returned) -> None:
        workflow, skill = self._workflow, returned.skill or self._skill()
        line = workflow.say.refused.get(returned.code)
        sentence = returned.sentence or self._phrases.no_receipt.chat
        self._tell(line or _verbatim(sentence), **self._values())
        self._end("refused")
        if returned.offer_person:
            self._offer(returned.reason or returned.code, skill)
        else:
            self._next()

    def _failed(self) -> None:
        skill = self._skill()
        self._tell(self._workflow.say.failed, **self._values())
        self._end("failed")
        self._offer("tool_failed", skill)

    # --- walking the steps -------------------------------------------------------------------------

    def _advance(self) -> None:
        """Walk on until something has to be asked, called, or nothing is left."""
        steps = self._workflow.steps
        while self._now.step < len(steps):
            match steps[self._now.step]:
                case AskStep(ask=slot):
                    if slot not in self._now.slots:
                        return self._ask(slot)
                case VerifyStep(verify=key):
                    if not self._verified:
                        return self._verify(key)
                case ConfirmStep():
                    write = steps[self._now.step + 1]
                    assert isinstance(write, UseStep)
                    return self._use(write)
                case UseStep() as use:
                    return self._use(use)
            self._now = replace(self._now, step=self._now.step + 1)
        self._finish()

    def _ask(self, slot: str) -> None:
        attempts = self._now.attempts if self._now.awaiting == slot else 0
        self._now = replace(self._now, awaiting=slot, attempts=attempts)
        self._tell(self._definition.slots_of(self._workflow_name)[slot].ask, **self._values())

    def _verify(self, key: str) -> None:
        identity = self._definition.identity
        for slot in (key, identity.proof):
            if slot not in self._now.slots:
                return self._ask(slot)
        wanted = {
            argument: slot for argument, slot in identity.given.items() if slot in (key, identity.proof)
        }
        arguments = {argument: self._now.slots[slot] for argument, slot in wanted.items()}
        self._steps.append(Use(identity.tool, arguments))

    def _use(self, step: UseStep) -> None:
        """Call the step's tool; one that changes something counts as confirmed only if we just heard yes."""
        arguments = {argument: self._now.slots[slot] for argument, slot in step.given.items()}
        confirmed = step.effect == "write" and self._now.confirmed and self._verified
        self._now = replace(self._now, confirmed=False)
        self._steps.append(Use(step.use, arguments, step.effect, confirmed))

    def _ask_confirmation(self, step: ConfirmStep) -> None:
        attempts = self._now.attempts if self._now.awaiting == CONFIRMATION else 0
        self._now = replace(self._now, awaiting=CONFIRMATION, attempts=attempts)
        self._tell(step.confirm, **self._values())

    def _finish(self) -> None:
        done, values = self._workflow.say.done, self._values()
        case = str(values.get(done.by, "")) if done.by else ""
        self._tell(done.cases.get(case, done.otherwise), **values)
        self._end("done")
        self._next()

    # --- small parts -------------------------------------------------------------------------------

    @property
    def _workflow_name(self) -> str:
        assert self._now.workflow is not None
        return self._now.workflow

    @property
    def _workflow(self) -> Workflow:
        return self._definition.workflows[self._workflow_name]

    def _values(self) -> dict[str, Any]:
        return {**self._now.results, **self._now.slots}

    def _asked(self) -> Slot | None:
        """The slot that is awaited, if it is one and no yes or no."""
        if self._now.workflow is None:
            return None
        return self._definition.slots_of(self._workflow_name).get(str(self._now.awaiting))

    def _skill(self) -> str:
        if self._now.workflow is not None:
            return self._workflow.skill
        return str(self._now.slots.get("skill", "general"))

    def _tell(self, line: Spoken, **values: Any) -> None:
        self._steps.append(Tell(line, values))

    def _end(self, state: Literal["done", "cancelled", "failed", "refused"]) -> None:
        self._steps.append(self._now.changed(state))
        self._now = self._now.ended()
        self._known = self._now

    def _next(self) -> None:
        """Begin the second thing that was asked for, if there is one."""
        if not self._now.then:
            return
        following, *rest = self._now.then
        self._tell(self._phrases.next, title=self._definition.workflows[following.workflow].title)
        self._now = Position.begin(following.workflow, following.slots, tuple(rest))
        self._advance()

    def _offer(self, reason: str, skill: str) -> None:
        self._tell(self._phrases.offer_person)
        self._now = replace(
            self._now, workflow=None, awaiting=PERSON, slots={"reason": reason, "skill": skill}, then=()
        )

    def _close_offer(self, state: Literal["done", "cancelled"]) -> None:
        workflow = GO_ON if self._now.awaiting == RESUMPTION else OFFER
        self._steps.append(WorkflowChanged(workflow=workflow, state=state))
        self._now = replace(self._now.ended(), last=None)
        self._known = self._now

    def _transfer(self, reason: str, skill: str) -> None:
        if self._now.awaiting in (PERSON, RESUMPTION):
            self._close_offer("done")
        self._steps.append(Transfer(reason, skill))
        self._tell(self._phrases.handing_off)

    def _decision(self) -> Decision:
        """The steps so far; where we stand is noted before the tool call or at the end, if it changed."""
        if self._now.differs(self._known):
            place = len(self._steps) - (1 if self._steps and isinstance(self._steps[-1], Use) else 0)
            self._steps.insert(place, self._now.changed("active", self._asked()))
        return Decision(self._now, tuple(self._steps))


def _pending(start: Start) -> Pending:
    return Pending(start.workflow, dict(start.slots))


def _verbatim(sentence: str) -> Spoken:
    """A ready sentence as a line: its braces are no placeholders."""
    escaped = sentence.replace("{", "{{").replace("}", "}}")
    return Spoken.model_construct(voice=escaped, chat=escaped)
