"""What a desk shows of the queue and of colleagues: the queue's snapshots as messages.  [core]"""

from collections.abc import Iterable, Sequence

from gateway.accounts.account import Account
from gateway.accounts.permissions import Action, allows
from gateway.desk.messages import (
    Canned,
    Colleague,
    Contact,
    Disposition,
    Presence,
    Queue,
    QueueInfo,
    Sessions,
    Waiting,
)
from gateway.queue.contacts import InLine, OnDuty
from gateway.queue.settings import Queues

MOST_WAITING = 500
"Shown at most, the next ones."


def presence(on_duty: Iterable[OnDuty]) -> Presence:
    """Everybody who may get contacts."""
    return Presence(agents=tuple(_colleague(each) for each in on_duty))


def waiting(line: Iterable[InLine], account: Account) -> Queue:
    """Who waits in the queues of this agent, or in all for those who see all."""
    all_of_them = allows(account.role, Action.SEE_ALL)
    seen = [each for each in line if all_of_them or each.wanted.queue in account.queues]
    return Queue(waiting=tuple(_waiting(each) for each in seen[:MOST_WAITING]))


def sessions(live: Iterable[Contact], account: Account) -> Sessions:
    """Sessions, without what this agent may not see of customers."""
    hidden = None if allows(account.role, Action.SEE_PII) else {"customer": None}
    return Sessions(live=tuple(each.model_copy(update=hidden) if hidden else each for each in live))


def queue_infos(queues: Queues) -> tuple[QueueInfo, ...]:
    """All queues: a customer may be handed on to any."""
    return tuple(QueueInfo(queue=queue.name, title=queue.shown) for queue in queues.all)


def dispositions(queues: Queues, account: Account) -> tuple[Disposition, ...]:
    """Those of the agent's queues, each once."""
    given = [entry for name in _names(queues, account) for entry in queues.dispositions_of(name)]
    by_code = {entry.code: entry for entry in reversed(given or queues.dispositions)}
    return tuple(Disposition(code=each.code, title=each.title) for each in reversed(by_code.values()))


def canned(queues: Queues, account: Account) -> tuple[Canned, ...]:
    """The replies for this agent."""
    replies = queues.canned_of(_names(queues, account))
    return tuple(Canned(key=each.key, title=each.title, text=each.text) for each in replies)


def _names(queues: Queues, account: Account) -> Sequence[str]:
    """The agent's queues; all for a supervisor, who may take over a contact of any."""
    if allows(account.role, Action.SEE_ALL):
        return [queue.name for queue in queues.all]
    return sorted(account.queues)


def _colleague(duty: OnDuty) -> Colleague:
    present, busy = duty.presence, duty.busy
    return Colleague(
        agent_id=present.agent_id,
        name=present.name,
        state=present.state,
        queues=tuple(sorted(present.queues)),
        contacts=dict(busy),
        capacity=dict(present.capacity),
    )


def _waiting(each: InLine) -> Waiting:
    wanted = each.wanted
    return Waiting(
        handoff_id=wanted.handoff_id,
        session=wanted.session_id,
        queue=wanted.queue,
        channel=wanted.channel,
        reason=wanted.reason,
        since=wanted.since,
        position=each.position,
        priority=wanted.priority,
    )
