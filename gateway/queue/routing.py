"""Who gets whom.  [core]

Contacts are served in the order of their priority and of how long they have waited; each gets the agent who
suits it best of those who are free. What makes an agent fit: a queue (the contact's, or one that it has
flowed over into by now), all its skills, its language. Sound does not cross nodes: a call goes to agents who
are connected to its own, or are reached by telephone. Who declined or missed a contact is asked again only
when nobody else at work fits it, and not at once.

Nothing here looks at a clock or rolls dice: the same contacts, agents and time give the same matches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.queue.contacts import Presence, Wanted
from gateway.queue.settings import Queues
from pipelines.facts import Channel

AGAIN_S = 30.0
"After an offer of a contact ended without success, nobody who had it is offered it again for so long."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that waits, without an offer."""

    wanted: Wanted
    tried: frozenset[str] = frozenset()
    "Who declined or missed it."
    again_at: float = 0.0
    "From this unix time (s) on these may be asked again, if there is nobody else."
    node: str = ""
    "Where its session lives."

    def hears(self, agent: "Agent") -> bool:
        """Whether an agent could talk with it."""
        return self.wanted.channel != "voice" or agent.node in ("", self.node)


@dataclass(frozen=True, slots=True)
class Agent:
    """Who may get a contact, and what they have to do already."""

    presence: Presence
    idle_since: float
    voice: int = 0
    "Calls that they have, or that ring."
    chat: int = 0
    ringing: bool = False
    "An offer rings at them."
    node: str = ""
    "Where they are connected; empty for telephones, which every node can call."

    @property
    def load(self) -> int:
        """Contacts that they have."""
        return self.voice + self.chat

    def can_take(self, channel: Channel) -> bool:
        """Whether they are free for one more; a call takes the whole agent."""
        if self.presence.state != "available" or self.ringing:
            return False
        most = self.presence.capacity.get(channel, 0)
        return (
            (self.chat == 0 and self.voice < most)
            if channel == "voice"
            else (self.voice == 0 and self.chat < most)
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A contact is to be offered to an agent."""

    handoff_id: str
    agent_id: str


def match(waiting: Iterable[Candidate], agents: Iterable[Agent], queues: Queues, now: float) -> list[Match]:
    """What to offer to whom now: each contact at most once, each agent at most once.

    A call that finds nobody without contacts keeps further chats from the one agent who has the fewest, or a
    stream of chats would keep it waiting for ever.
    """
    everybody = list(agents)
    free = {a.presence.agent_id: a for a in everybody if a.can_take("voice") or a.can_take("chat")}
    channels = {
        channel for agent in free.values() for channel, most in agent.presence.capacity.items() if most
    }
    served = (contact for contact in waiting if contact.wanted.channel in channels)
    found: list[Match] = []
    hopeless: set[tuple[object, ...]] = set()
    "What nobody who is free fits; of many contacts that wait, most want the same."
    for contact in sorted(served, key=lambda each: rank(each.wanted, queues)):
        wanted = contact.wanted
        reached = reach(wanted.queue, now - wanted.since, queues)
        where = contact.node if wanted.channel == "voice" else ""
        wish = (
            reached,
            wanted.channel,
            wanted.skills,
            wanted.language,
            wanted.not_agents,
            wanted.only_agent,
            where,
        )
        if wish in hopeless:
            continue
        fit = [
            agent for agent in free.values() if fits(wanted, agent.presence, reached) and contact.hears(agent)
        ]
        able = _not_tried(contact, [a for a in fit if a.can_take(wanted.channel)], everybody, reached, now)
        if able:
            chosen = min(able, key=lambda agent: _preference(wanted, agent, queues))
            found.append(Match(wanted.handoff_id, chosen.presence.agent_id))
        elif wanted.channel == "voice" and fit:
            chosen = min(fit, key=lambda agent: (agent.load, agent.presence.agent_id))
        else:
            if not fit:
                hopeless.add(wish)
            continue
        del free[chosen.presence.agent_id]
        if not free:
            break
    return found


def rank(wanted: Wanted, queues: Queues) -> tuple[float, float, str]:
    """To be sorted by: who is served first. It does not change with time, so nobody's turn jumps about."""
    return wanted.since - wanted.priority * queues.priority_s, wanted.since, wanted.handoff_id


def reach(queue: str, waited_s: float, queues: Queues) -> tuple[str, ...]:
    """The queues whose agents may take a contact that has waited so long, its own first."""
    return tuple(name for name, after_s in queues.course(queue) if waited_s >= after_s)


def fits(wanted: Wanted, presence: Presence, reached: Sequence[str]) -> bool:
    """Whether an agent may get a contact at all, busy or not. `reached`: see `reach`."""
    if presence.agent_id in wanted.not_agents or not presence.capacity.get(wanted.channel, 0):
        return False
    if wanted.only_agent is not None:
        return presence.agent_id == wanted.only_agent
    language = wanted.language.partition("-")[0].lower()
    if language and language not in presence.languages:
        return False
    if reached[0] in presence.queues and wanted.skills <= presence.skills.keys():
        return True
    return any(name in presence.queues for name in reached[1:])


def _not_tried(
    contact: Candidate, able: list[Agent], everybody: list[Agent], reached: Sequence[str], now: float
) -> list[Agent]:
    """Of those who could take it, who has not had it; all of them when nobody else is left to be asked."""
    fresh = [agent for agent in able if agent.presence.agent_id not in contact.tried]
    if fresh or not able or now < contact.again_at:
        return fresh
    left = any(
        other.presence.state == "available"
        and other.presence.agent_id not in contact.tried
        and fits(contact.wanted, other.presence, reached)
        and contact.hears(other)
        for other in everybody
    )
    return [] if left else able


def _preference(wanted: Wanted, agent: Agent, queues: Queues) -> tuple[float | str, ...]:
    """The smallest is the best. An agent of the contact's own queue goes before one of the overflow."""
    presence = agent.presence
    borrowed = 0 if wanted.queue in presence.queues else 1
    level = -sum(presence.skills.get(skill, 0) for skill in wanted.skills)
    by_skill = queues.of(wanted.queue).strategy == "best_skill"
    first = (level, agent.load) if by_skill else (agent.load, 0)
    return borrowed, *first, agent.idle_since, presence.agent_id
