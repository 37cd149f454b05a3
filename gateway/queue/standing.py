"""Where contacts stand, who is there, and how long it will take: questions to a board.  [core]"""

import math
from collections import defaultdict
from collections.abc import Sequence

from gateway.queue import estimate
from gateway.queue.board import Board
from gateway.queue.contacts import Availability, InLine, OnDuty, Standing, Wanted
from gateway.queue.estimate import Figures
from gateway.queue.records import SHARED, Entry, figures_key
from gateway.queue.routing import Agent, Candidate, fits, rank, reach
from pipelines.facts import Channel


def position(board: Board, handoff_id: str, now: float) -> Standing:
    """A contact's place among those that wait for the same, and how long it will take."""
    entry = board.entries.get(handoff_id)
    if entry is None:
        return Standing(None, None)
    ahead = [each for each in _line(board, entry.wanted) if _before(board, each, entry)]
    figures = _figures(board, entry.wanted)
    if entry.lease_id is not None:
        return Standing(len(ahead) + 1, estimate.wait_s(figures, 1, places=1, free=1))
    reached = reach(entry.wanted.queue, now - entry.wanted.since, board.queues)
    unoffered = sum(each.lease_id is None for each in ahead)
    return Standing(len(ahead) + 1, _wait(board, _candidate(entry), reached, unoffered + 1))


def availability(
    board: Board,
    queue: str,
    skills: frozenset[str],
    language: str,
    channel: Channel,
    now: float,
    node: str = SHARED,
) -> Availability:
    """Who could take such a contact if it came now, at this node."""
    wanted = Wanted("", "", queue, channel, skills, language, priority=0, since=now)
    contact = Candidate(wanted, node=node)
    everywhere = reach(queue, math.inf, board.queues)
    agents = _fitting(board, contact, everywhere)
    free = sum(agent.can_take(channel) for agent in agents)
    waiting = sum(each.lease_id is None for each in _line(board, wanted))
    wait_s = _wait(board, contact, everywhere[:1], waiting + 1)
    flows = board.queues.of(queue).overflow
    if flows is not None and not _fitting(board, contact, everywhere[:1]):
        elsewhere = _wait(board, contact, everywhere, waiting + 1)
        wait_s = None if elsewhere is None else round(flows.after_s) + elsewhere
    return Availability(len(agents), free, wait_s)


def in_line(board: Board) -> Sequence[InLine]:
    """Every contact in line, the next one first."""
    counts: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    found = []
    for entry in sorted(board.entries.values(), key=lambda each: rank(each.wanted, board.queues)):
        line = _line_of(entry.wanted)
        counts[line] += 1
        lease = board.leases.get(entry.lease_id or "")
        found.append(InLine(entry.wanted, counts[line], lease.offer.agent_id if lease else None))
    return found


def on_duty(board: Board) -> Sequence[OnDuty]:
    """Everybody announced, by id."""
    contacts: dict[str, dict[str, Channel]] = {agent_id: {} for agent_id in board.seats}
    for place in board.places.values():
        contacts.get(place.agent_id, {})[place.handoff_id] = place.channel
    ringing = {lease.offer.agent_id: lease_id for lease_id, lease in board.leases.items()}
    return [
        OnDuty(seat.presence, contacts[agent_id], ringing.get(agent_id), seat.idle_since)
        for agent_id, seat in sorted(board.seats.items())
    ]


def free_agents(board: Board, queue: str, channel: Channel) -> int:
    """How many agents of a queue could take a contact now."""
    return sum(queue in agent.presence.queues and agent.can_take(channel) for agent in board.agents())


def _line_of(wanted: Wanted) -> tuple[str, str | None]:
    """Contacts that wait for one agent are a line of their own."""
    return ("", wanted.only_agent) if wanted.only_agent else (wanted.queue, None)


def _line(board: Board, wanted: Wanted) -> list[Entry]:
    line = _line_of(wanted)
    return [entry for entry in board.entries.values() if _line_of(entry.wanted) == line]


def _before(board: Board, one: Entry, other: Entry) -> bool:
    return rank(one.wanted, board.queues) < rank(other.wanted, board.queues)


def _figures(board: Board, wanted: Wanted) -> Figures:
    return board.figures.get(figures_key(wanted.queue, wanted.channel), Figures())


def _candidate(entry: Entry) -> Candidate:
    return Candidate(entry.wanted, entry.tried, entry.again_at, entry.node)


def _fitting(board: Board, contact: Candidate, reached: Sequence[str]) -> list[Agent]:
    """Agents at work who may get it, busy or not."""
    return [
        agent
        for agent in board.agents()
        if agent.presence.state == "available"
        and fits(contact.wanted, agent.presence, reached)
        and contact.hears(agent)
    ]


def _wait(board: Board, contact: Candidate, reached: Sequence[str], position: int) -> int | None:
    agents, wanted = _fitting(board, contact, reached), contact.wanted
    places = sum(agent.presence.capacity.get(wanted.channel, 0) for agent in agents)
    free = sum(agent.can_take(wanted.channel) for agent in agents)
    return estimate.wait_s(_figures(board, wanted), position, places, free)
