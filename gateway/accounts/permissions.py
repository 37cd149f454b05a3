"""Which role may do which action at the desk; asked on the server for every one of them.  [core]

An agent does what a contact of their own needs. A supervisor does that, and sees and joins everybody's
contacts. An admin looks after accounts and reads who did what, and has no business with customers: who needs
both has two accounts.
"""

from enum import StrEnum
from typing import Literal, get_args

DeskRole = Literal["agent", "supervisor", "admin"]
DESK_ROLES: tuple[DeskRole, ...] = get_args(DeskRole)


class Action(StrEnum):
    """What can be done at the desk. Those of a contact are for its own agent only; see the desk's routes."""

    ACCEPT = "accept"
    "Be available, take offers or decline them."
    WATCH = "watch"
    MESSAGE = "message"
    NOTE = "note"
    ASK = "ask"
    "A private question to the bot."
    HOLD = "hold"
    MUTE = "mute"
    PRESS = "press"
    TRANSFER = "transfer"
    CONSULT = "consult"
    "Ask a colleague about a customer who hears music meanwhile."
    HAND_BACK = "hand_back"
    END = "end"
    WRAP_UP = "wrap_up"
    RUN_TOOL = "run_tool"
    FOLLOW_UP = "follow_up"
    "See what is owed to customers, and close it."
    SEE_PII = "see_pii"
    "Customers' words and data."
    SUPERVISE = "supervise"
    "Monitor, whisper, barge, take over."
    SEE_ALL = "see_all"
    "Everybody's contacts and presence, not only one's own."
    SEE_MEASURES = "see_measures"
    "How long handoffs take and how they go, without anything of customers."
    READ_AUDIT = "read_audit"
    MANAGE_ACCOUNTS = "manage_accounts"


_CONTACT = {
    Action.ACCEPT,
    Action.WATCH,
    Action.MESSAGE,
    Action.NOTE,
    Action.ASK,
    Action.HOLD,
    Action.MUTE,
    Action.PRESS,
    Action.TRANSFER,
    Action.CONSULT,
    Action.HAND_BACK,
    Action.END,
    Action.WRAP_UP,
    Action.RUN_TOOL,
    Action.FOLLOW_UP,
    Action.SEE_PII,
}
_MAY: dict[DeskRole, frozenset[Action]] = {
    "agent": frozenset(_CONTACT),
    "supervisor": frozenset(
        _CONTACT | {Action.SUPERVISE, Action.SEE_ALL, Action.SEE_MEASURES, Action.READ_AUDIT}
    ),
    "admin": frozenset({Action.SEE_ALL, Action.READ_AUDIT, Action.MANAGE_ACCOUNTS}),
}


def allows(role: DeskRole, action: Action) -> bool:
    """Whether this role may do this."""
    return action in _MAY[role]


def allowed(role: DeskRole) -> list[Action]:
    """Everything this role may do, in the order of `Action`; for the page, which hides the rest."""
    return [action for action in Action if action in _MAY[role]]
