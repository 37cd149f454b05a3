"""When a node is gone, or the shared memory comes back with less than it had.  [core]

Each node knows better than the memory what is its own: its contacts, its agents, the places of its contacts.
It puts that back. Offers belong to two nodes at once and are not put back: those that are lost end, and their
contacts are offered again.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.queue.board import Board
from gateway.queue.contacts import News, Offered, OfferEnded, Presence
from gateway.queue.records import SHARED, Entry, Place, Seat
from gateway.queue.settings import Queues

LOST = "queue_restarted"


def bury(board: Board, node: str, now: float) -> None:
    """A node is gone: so are its agents, its contacts and the places of its contacts."""
    for agent_id in _of(board.seats, node):
        board.absent(agent_id, node, now, "node_lost")
    for handoff_id in _of(board.entries, node):
        board.leave(handoff_id, now, "node_lost")
    for name in _of(board.places, node):
        board.free(board.places[name], now)
    board.note_burial(node)


def restore(board: Board, former: Board, node: str, now: float) -> None:
    """Make what belongs to a node what it was; `former` is the newest that the node knows of.

    Its offers that are there in both go on ringing.
    """
    for handoff_id in _of(board.entries, node) - _of(former.entries, node):
        board.leave(handoff_id, now, LOST)
    for agent_id in _of(board.seats, node) - _of(former.seats, node):
        board.absent(agent_id, node, now)
    for name in _of(board.places, node) - _of(former.places, node):
        board.drop("place", name)
    for handoff_id in _of(former.entries, node):
        _restore_entry(board, former.entries[handoff_id], now)
    for agent_id in _of(former.seats, node):
        if board.seats.get(agent_id) != former.seats[agent_id]:
            board.put("seat", agent_id, former.seats[agent_id])
    for name in _of(former.places, node):
        if board.places.get(name) != former.places[name]:
            board.put("place", name, former.places[name])


def difference(former: Board, board: Board) -> list[News]:
    """The news between two boards when nobody knows what happened: offers that are gone, and new ones."""
    accepted = {place.offer.lease_id for place in board.places.values()}
    news: list[News] = []
    for lease_id in former.leases.keys() - board.leases.keys():
        offer = former.leases[lease_id].offer
        taken = lease_id in accepted
        news.append(
            OfferEnded(
                lease_id,
                offer.agent_id,
                offer.wanted.handoff_id,
                "accepted" if taken else "withdrawn",
                "" if taken else LOST,
            )
        )
    news += [Offered(board.leases[name].offer) for name in board.leases.keys() - former.leases.keys()]
    return news


def install_phones(board: Board, now: float) -> None:
    """Make the telephones that are known those that are configured. They belong to all nodes."""
    wanted = {presence.agent_id: presence for presence in phone_presences(board.queues)}
    for agent_id in _of(board.seats, SHARED) - wanted.keys():
        board.absent(agent_id, SHARED, now)
    for agent_id, presence in wanted.items():
        seat = board.seats.get(agent_id)
        if seat is None or replace(seat.presence, state="available") != presence:
            board.announce(presence, SHARED, now)


def phone_presences(queues: Queues) -> list[Presence]:
    """Phone targets as agents."""
    return [
        Presence(
            agent_id=f"phone:{phone.key}",
            name=phone.name,
            state="available",
            queues=frozenset(phone.queues),
            skills=phone.skills,
            languages=frozenset(phone.languages),
            capacity={"voice": phone.lines},
            phone=phone.key,
        )
        for phone in queues.phones
    ]


def _restore_entry(board: Board, entry: Entry, now: float) -> None:
    handoff_id = entry.wanted.handoff_id
    whole = entry.lease_id is None or entry.lease_id in board.leases
    if whole and board.entries.get(handoff_id) == entry:
        return
    board.leave(handoff_id, now, LOST)
    board.put("entry", handoff_id, replace(entry, lease_id=None))


def _of(records: Mapping[str, Entry] | Mapping[str, Seat] | Mapping[str, Place], node: str) -> set[str]:
    """The names of those that belong to a node."""
    return {name for name, record in records.items() if record.node == node}
