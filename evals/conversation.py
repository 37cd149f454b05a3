"""What an eval's script may say and expect, and how a turn is judged. [core]"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from pipelines.agent.rules import plain


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedTool(_Strict):
    """A tool call that must have been made in this turn."""

    tool: str
    arguments: Mapping[str, str] = {}
    outcome: Literal["done", "refused", "failed"] | None = None
    code: str | None = None


class Expectation(_Strict):
    """What must hold of a reply; all that is given."""

    any_of: tuple[str, ...] = ()
    "One of these is in the reply, in any case and punctuation."
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    tools: tuple[ExpectedTool, ...] = ()
    no_tool: tuple[str, ...] = ()
    "None of these was called with success."
    cites: str | None = None
    "Article."
    handoff: str | None = None
    "Reason of a requested handoff; `any` for whichever."
    no_handoff: bool = False
    shorter_than: int | None = None
    "Characters."


class Exchange(_Strict):
    """The customer's words and what must come of them."""

    say: str
    expect: Expectation = Expectation()


class Script(_Strict):
    """One conversation."""

    name: str
    channel: Literal["voice", "chat"] = "chat"
    turns: tuple[Exchange, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Observed:
    """What one turn brought."""

    reply: str
    tools: Sequence[Mapping[str, Any]]
    "tool, arguments, outcome, code of each call."
    cited: Sequence[str]
    handoffs: Sequence[str]
    first_words_ms: int
    total_ms: int
    understood: str
    source: str


def load_scripts(folder: Path) -> list[Script]:
    """All conversations of a folder, in the order of files and lines; raises `pydantic.ValidationError`."""
    return [
        Script.model_validate(each)
        for path in sorted(folder.glob("*.yaml"))
        for each in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def judge(expected: Expectation, observed: Observed) -> list[str]:
    """What does not hold; empty if the turn passed."""
    reply = plain(observed.reply)
    faults = [f"lacks {text!r}" for text in expected.all_of if plain(text) not in reply]
    faults += [f"has {text!r}" for text in expected.none_of if text.lower() in observed.reply.lower()]
    if expected.any_of and not any(plain(text) in reply for text in expected.any_of):
        faults.append(f"has none of {list(expected.any_of)}")
    faults += [f"no call {tool}" for tool in expected.tools if not any(_is(tool, c) for c in observed.tools)]
    done = {call["tool"] for call in observed.tools if call["outcome"] == "done"}
    faults += [f"did {tool}" for tool in expected.no_tool if tool in done]
    if expected.cites is not None and expected.cites not in observed.cited:
        faults.append(f"cites {list(observed.cited)} and not {expected.cites!r}")
    if expected.handoff and not any(expected.handoff in ("any", reason) for reason in observed.handoffs):
        faults.append(f"no handoff for {expected.handoff!r}")
    if expected.no_handoff and observed.handoffs:
        faults.append("asked for a person")
    if expected.shorter_than and len(observed.reply) >= expected.shorter_than:
        faults.append(f"has {len(observed.reply)} characters")
    return faults or ([] if observed.reply else ["says nothing"])


def _is(expected: ExpectedTool, call: Mapping[str, Any]) -> bool:
    return (
        call["tool"] == expected.tool
        and all(str(call["arguments"].get(name)) == value for name, value in expected.arguments.items())
        and expected.outcome in (None, call["outcome"])
        and expected.code in (None, call["code"])
    )
