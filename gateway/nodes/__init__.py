"""What nodes say to each other, so that an agent at one of them can have a customer of another.

`mesh`        questions and news between nodes: the protocol, and the one of a single node
`redis_mesh`  the same over Redis' pub/sub
`conducting`  a `Conductor` for the sessions of all nodes: asks the one that has the session
`watching`    the events of a session that lives on another node
`desks`       shows what changes to the agents of every node

A session lives on one node, which alone decides about it; nobody keeps a list of which. Who wants something
asks all, and the one that has it answers. What is lost on the way (pub/sub promises nothing) is an answer
that does not come: the agent is told to try again, and commands carry ids, so that twice is once. News that
are lost are made up for by the desks, which ask for the whole now and then. Sound does not cross: calls are
offered to agents who are connected to the node of the call (see gateway/queue/routing.py).
"""
