"""Who waits for a person, and which person each of them is offered to.

`contacts.py`      the words: `Wanted`, `Presence`, `Offer`, the news, and the `ContactQueue` protocol
`settings.py`      the section `queues` of the configuration: queues, phone targets, priorities
`hours.py`         business hours, holidays and time zones  [core]
`routing.py`       who gets whom: a pure function  [core]
`estimate.py`      how long it will take, from how long it took  [core]
`records.py`       what the queue remembers of contacts, agents, offers and places  [core]
`board.py`         all of it at one moment, and every rule that changes it  [core]
`standing.py`      positions, waits, who is there: questions to a board  [core]
`recovery.py`      what becomes of it when a node or the memory is lost  [core]
`wire.py`          records and changes as JSON  [core]
`board_queue.py`   a `ContactQueue` over any ledger; `feed.py` news, `counts.py` metrics, `replies.py` texts
`ledger.py`        where a board is kept: `memory.py` one node, `redis_ledger.py` several
`shared_log.py`    the log in Redis that all nodes follow; `jobs.py` commands that wait for it
`opening.py`       which of the two, by configuration

There is one set of rules, the `Board`. It takes commands and the time, and gives a change: records put and
dropped, and the news. On one node the change is the new state. On several, each node has a copy of the board
and follows a log of changes in Redis. A node that wants something works it out on its copy and commits the
change by compare-and-set on the newest entry of the log; if another node was first, it reads on and works it
out again. So two nodes that accept at once have one winner, every node learns everything in the same order,
and questions are answered from memory.

A contact keeps its place in line (`since`) through declined, missed and lost offers. An offer is a lease: it
ends by itself, and one agent has at most one that rings. A place is what an accepted contact takes of an
agent until `finish`. A voice call takes the whole agent.

What survives: entries, agents and places belong to the node that brought them. When Redis comes back with
less than it had, each node puts back what is its own, offers that are not there any more end with a reason,
and contacts are offered again. A node that is not heard of for some seconds takes its agents and its
contacts with it; if it was only slow it puts them back.

Everything that passes `tests/contracts/queue.py` is a queue.
"""
