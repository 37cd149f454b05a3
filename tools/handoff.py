"""Asking for a person: a wish, which the gateway grants or not."""

from typing import Literal

from tools.declaration import Answer, Permit, Tool
from tools.policy import Access, ToolPolicy
from tools.tool import HandoffRequest

Reason = Literal["customer_asked", "not_covered", "repeated_failure", "complaint", "over_limit"]
Skill = Literal["general", "orders", "refunds", "accounts"]


def handoff_tools() -> list[Tool]:
    """The declaration; needs no service."""
    return [Tool(ask_for_person, ToolPolicy(access=Access.ANYONE))]


async def ask_for_person(
    permit: Permit, reason: Reason = "customer_asked", skill: Skill = "general"
) -> Answer:
    """Ask for a human colleague to take over, when the customer wants one or you cannot help."""
    return Answer({"reason": reason, "skill": skill}, wish=HandoffRequest(reason, skill))
