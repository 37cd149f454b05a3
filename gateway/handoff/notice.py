"""What another system is told of a handoff, and how it knows that it was us.  [core]"""

import hashlib
import hmac
import json
from typing import Literal

from gateway.desk.messages import Contact
from pipelines.briefing import Briefing

Kind = Literal["handoff.queued", "handoff.connected", "handoff.ended"]


def kind_of(contact: Contact) -> Kind | None:
    """What is to be told about where a contact stands now; None: nothing."""
    if contact.outcome is not None:
        return "handoff.ended"
    if contact.state == "human_active":
        return "handoff.connected"
    return "handoff.queued" if contact.state == "queued" else None


def notice(kind: Kind, notice_id: str, contact: Contact, briefing: Briefing, at: float) -> bytes:
    """A JSON object; the briefing as an agent at the desk sees it, without contact data in full."""
    told = {
        "type": kind,
        "id": notice_id,
        "at": at,
        "handoff_id": contact.handoff_id,
        "session": contact.session,
        "channel": contact.channel,
        "queue": contact.queue,
        "reason": contact.reason,
        "agent": contact.agent,
        "outcome": contact.outcome,
        "briefing": briefing.for_role("agent").model_dump(mode="json"),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of `Warmline-Signature`: when it was sent (unix s), and the HMAC-SHA256 of `<time>.<body>`.

    Whoever gets it refuses what is older than a few minutes, or was there before.
    """
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"
