"""What remains to be done for a customer whose contact is wrapped up, as it is kept."""

import secrets
from datetime import UTC, date, datetime

from gateway.desk.conductor import Closing
from gateway.store.desk_records import FollowUp

DAY_S = 86_400.0


def follow_up(closing: Closing, session_id: str, queue: str, agent_id: str, now: float) -> FollowUp | None:
    """The task that the agent leaves, if any; `now` in Unix seconds. What is due in the past is due now."""
    if closing.follow_up is None:
        return None
    due = closing.follow_up.due
    days = 0 if due is None else (due - _today(now)).days
    return FollowUp(
        f"f_{secrets.token_hex(8)}",
        session_id,
        "task",
        queue,
        due_at=now + max(days, 0) * DAY_S,
        created_at=now,
        created_by=agent_id,
        words=closing.follow_up.task,
    )


def _today(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).date()
