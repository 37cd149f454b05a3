"""What is written down of a contact once it is over, drafted from its briefing for the person who had it.
[core]

They change it as they like. It says what was wanted, what was done with which receipt, what was agreed, and
what is still to do; nothing that is not in the briefing.
"""

from pydantic import BaseModel, ConfigDict

from pipelines.briefing import Briefing
from pipelines.briefing_lines import QUOTED, shortened, words


class WrapUpDraft(BaseModel):
    """A draft, as a whole and in parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    wanted: str
    done: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()
    "What a person told the customer will happen."
    follow_ups: tuple[str, ...] = ()
    "What is open, one task each."


def draft(briefing: Briefing) -> WrapUpDraft:
    """From what is known at the end; hand in the briefing as the writer's role may see it."""
    wanted = _wanted(briefing)
    done = tuple(each.text for each in briefing.done)
    agreed = tuple(each.text for each in briefing.promised if each.by == "human")
    follow_ups = tuple(_follow_ups(briefing))
    parts = [
        f"Wanted: {wanted}",
        f"Done: {'; '.join(done)}" if done else "Done: nothing with a receipt",
        f"Agreed: {' '.join(agreed)}" if agreed else "",
        f"To do: {'; '.join(follow_ups)}" if follow_ups else "",
    ]
    return WrapUpDraft(
        text="\n".join(filter(None, parts)), wanted=wanted, done=done, agreed=agreed, follow_ups=follow_ups
    )


def _wanted(briefing: Briefing) -> str:
    why = briefing.why
    quote = f" (“{shortened(why.words, QUOTED)}”)" if why.words else ""
    earlier = [each.intent for each in why.earlier if each.intent]
    wants = [f"{why.intent}{quote}" if why.intent else f"unknown{quote}", *earlier]
    return "; ".join(dict.fromkeys(wants if why.intent or not earlier else earlier))


def _follow_ups(briefing: Briefing) -> list[str]:
    tasks = [
        f"Check whether it was done: {words(each.tool)}"
        if each.code == "unconfirmed"
        else f"Do by hand: {words(each.tool)}"
        for each in briefing.failed
        if each.tool is not None
    ]
    tasks += [f"Decide: {each.text}" for each in briefing.policy_limits if each.limit]
    if briefing.open_question is not None and briefing.open_question.by == "customer":
        tasks.append(f"Answer: “{shortened(briefing.open_question.text, QUOTED)}”")
    return [*tasks, *(f"Keep: {each.text}" for each in briefing.promised if each.by == "human")]
